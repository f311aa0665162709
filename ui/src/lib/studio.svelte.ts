// Jobs, their texts and the worker, kept up to date by the stream of events.
import type { ComposeRequest, JobView, Priority, StudioEvent, VariationId } from "./bindings";
import * as events from "./events";
import { emptyLive, textOf } from "./live";
import { ipc } from "./ipc";
import { toasts } from "./toasts.svelte";

type Listener = (event: StudioEvent) => void;

class Studio {
  state = $state<events.StudioState>(events.emptyState());
  loaded = $state(false);
  counts = $derived(events.counts(this.state.jobs));
  #listeners = new Set<Listener>();
  /** For each question after the queue that is not answered yet: what was heard meanwhile. */
  #asking = new Set<StudioEvent[]>();

  async start(): Promise<void> {
    try {
      await ipc.subscribe((event) => this.hear(event));
      const [worker] = await Promise.all([ipc.workerStatus(), this.refresh()]);
      this.state.worker ??= worker;
    } catch (error) {
      toasts.error(error);
    }
  }

  hear(event: StudioEvent): void {
    if (event.kind === "trouble") toasts.error(event.error);
    for (const meanwhile of this.#asking) meanwhile.push(event);
    events.apply(this.state, event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` with every event until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<void> {
    const meanwhile: StudioEvent[] = [];
    this.#asking.add(meanwhile);
    try {
      events.mergeQueue(this.state, await ipc.queue(), meanwhile);
    } finally {
      this.#asking.delete(meanwhile);
    }
    this.loaded = true;
  }

  async compose(request: ComposeRequest): Promise<JobView> {
    const job = await ipc.compose(request);
    events.addJob(this.state, job);
    return job;
  }

  cancel(id: VariationId): void {
    ipc.cancel($state.snapshot(id)).catch((error) => toasts.error(error));
  }

  /** Stops all of a job that waits or runs; what waits goes first, so that it gets no place meanwhile. */
  cancelAll(job: JobView): void {
    for (const { id } of job.variations.filter((variation) => !events.isFinal(variation)).reverse()) this.cancel(id);
  }

  retry(id: VariationId): void {
    ipc.retry($state.snapshot(id)).catch((error) => toasts.error(error));
  }

  prioritise(id: string, priority: Priority): void {
    ipc.prioritise(id, priority).catch((error) => toasts.error(error));
  }

  /** The next piece is written on the card, if it will. */
  async retryDevice(): Promise<void> {
    try {
      await ipc.retryDevice();
      toasts.info("The card is tried again", "With the next piece.");
    } catch (error) {
      toasts.error(error);
    }
  }

  async clearFinished(): Promise<void> {
    try {
      await ipc.clearFinished();
      events.dropFinished(this.state);
      await this.refresh();
    } catch (error) {
      toasts.error(error);
    }
  }

  /** The text so far; null until `fetchText` has brought what this window has missed. */
  text(id: VariationId): string | null {
    const live = this.state.live[events.keyOf(id)];
    return live ? textOf(live) : null;
  }

  async fetchText(id: VariationId, piece: string): Promise<void> {
    const { text, summary } = await ipc.piece(piece);
    const key = events.keyOf(id);
    this.state.live[key] ??= emptyLive();
    const live = this.state.live[key];
    if (live) live.base = { text, bars: summary.bars };
  }
}

export const studio = new Studio();
