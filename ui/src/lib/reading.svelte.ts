// One open piece: its text and engraving, and their freshness while it is being written.
import type { Engraving, ErrorView, ExportFormat, Piece, StudioEvent } from "./bindings";
import { errorView } from "./errors";
import { isFinal, keyOf } from "./events";
import { emptyLive } from "./live";
import { ipc } from "./ipc";
import { settings } from "./settings.svelte";
import { studio } from "./studio.svelte";
import { throttle } from "./throttle";
import { toasts } from "./toasts.svelte";

/** How often a growing piece is engraved anew, at most. */
const REFRESH_MS = 2000;

export class Reading {
  readonly id: string;
  piece = $state.raw<Piece | null>(null);
  engraving = $state.raw<Engraving | null>(null);
  /** Why there is no piece. */
  error = $state<ErrorView | null>(null);
  /** Why there is no engraving; while a piece has no bar yet, that is no error. */
  engravingError = $state<ErrorView | null>(null);
  exporting = $state<ExportFormat | null>(null);

  /** What is known of its variation right now; the queue hears of changes first. */
  #variation = $derived.by(() => {
    const id = this.piece?.summary.variation;
    if (!id) return undefined;
    return studio.state.jobs
      .find((job) => job.id === id.job)
      ?.variations.find((variation) => variation.id.number === id.number);
  });
  state = $derived(this.#variation?.state ?? this.piece?.summary.state ?? "done");
  bars = $derived(this.#variation?.bars ?? this.piece?.summary.bars ?? 0);
  writing = $derived(!isFinal({ state: this.state }));
  text = $derived.by(() => {
    if (!this.piece) return "";
    if (isFinal(this.piece.summary)) return this.piece.text;
    return studio.text(this.piece.summary.variation) ?? this.piece.text;
  });

  #refresh = throttle(() => this.load(), () => REFRESH_MS);
  #stopListening: () => void;
  #closed = false;

  constructor(id: string) {
    this.id = id;
    this.#stopListening = studio.listen((event) => this.#hear(event));
    this.#refresh.call();
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#refresh.stop();
  }

  async load(): Promise<void> {
    try {
      const piece = await ipc.piece(this.id);
      if (this.#closed) return;
      this.piece = piece;
      this.error = null;
      this.#seedLive(piece);
    } catch (error) {
      // A piece that is shown already stays: the next refresh may bring it again.
      if (!this.#closed && this.piece === null) this.error = errorView(error);
      return;
    }
    try {
      const engraving = await ipc.engraving(this.id);
      if (this.#closed) return;
      this.engraving = engraving;
      this.engravingError = null;
    } catch (error) {
      if (!this.#closed && this.engraving === null) this.engravingError = errorView(error);
    }
  }

  async export(format: ExportFormat): Promise<void> {
    if (this.exporting !== null) return;
    this.exporting = format;
    try {
      const path = await ipc.exportPiece(this.id, format);
      if (path === null) return;
      settings.rememberExport(format);
      toasts.info("Exported", path);
    } catch (error) {
      toasts.error(error);
    } finally {
      this.exporting = null;
    }
  }

  #hear(event: StudioEvent): void {
    const ours =
      (event.kind === "bar" && event.piece === this.id) ||
      (event.kind === "variation" && event.variation.piece === this.id);
    if (ours) this.#refresh.call();
  }

  /** The bars to come continue the text that the library has. */
  #seedLive(piece: Piece): void {
    if (isFinal(piece.summary)) return;
    const key = keyOf(piece.summary.variation);
    studio.state.live[key] ??= emptyLive();
    const live = studio.state.live[key];
    if (live) live.base = { text: piece.text, bars: piece.summary.bars };
  }
}
