// What the window knows of jobs and the worker, and how each event changes it. No I/O and no
// clock: the same events give the same state. State is changed in place, so that a reactive proxy
// sees which single value changed.
import type { JobView, StudioEvent, VariationId, VariationView, WorkerStatus } from "./bindings";
import { addBar, emptyLive, type LiveText } from "./live";

export interface StudioState {
  /** Newest first. */
  jobs: JobView[];
  worker: WorkerStatus | null;
  /** By `keyOf`. */
  live: Record<string, LiveText>;
}

export function emptyState(): StudioState {
  return { jobs: [], worker: null, live: {} };
}

export const keyOf = (id: VariationId) => `${id.job}/${id.number}`;

export const isFinal = ({ state }: { state: VariationView["state"] }) =>
  state === "done" || state === "cancelled" || state === "failed";

export const isFinished = (job: JobView) => job.variations.every(isFinal);

export function apply(state: StudioState, event: StudioEvent): void {
  switch (event.kind) {
    case "job":
      return putJob(state, event.job);
    case "variation":
      return putVariation(state, event.variation);
    case "restarted":
      state.live[keyOf(event.id)] = emptyLive();
      return;
    case "header":
      liveOf(state, event.id).header = event.text;
      return;
    case "bar":
      return addBar(liveOf(state, event.id), event.index, event.text);
    case "worker":
      state.worker = event.status;
      return;
    case "drawn":
    case "trouble":
      // Nothing of what is known changes; the window shows it as a message.
      return;
  }
}

function liveOf(state: StudioState, id: VariationId): LiveText {
  const key = keyOf(id);
  state.live[key] ??= emptyLive();
  // Read again: through a reactive proxy the assigned object and the stored one differ.
  return state.live[key] as LiveText;
}

function putJob(state: StudioState, job: JobView): void {
  const at = state.jobs.findIndex((known) => known.id === job.id);
  if (at >= 0) {
    state.jobs[at] = job;
    return;
  }
  const before = state.jobs.findIndex((known) => known.created_ms <= job.created_ms);
  state.jobs.splice(before < 0 ? state.jobs.length : before, 0, job);
}

function putVariation(state: StudioState, variation: VariationView): void {
  const job = state.jobs.find((known) => known.id === variation.id.job);
  const at = job?.variations.findIndex((known) => known.id.number === variation.id.number) ?? -1;
  if (job && at >= 0) job.variations[at] = variation;
}

/** A job as `compose` answered it. Events may have overtaken the answer; they are newer. */
export function addJob(state: StudioState, job: JobView): void {
  if (!state.jobs.some((known) => known.id === job.id)) putJob(state, job);
}

/**
 * The queue as it was fetched, and then what was heard since it was asked for: an event that comes
 * during the question may be newer than the answer, and one that is older is followed by newer ones.
 */
export function mergeQueue(state: StudioState, fetched: JobView[], meanwhile: StudioEvent[]): void {
  const ids = new Set(fetched.map((job) => job.id));
  state.jobs = [...fetched];
  for (const event of meanwhile) {
    if (event.kind === "job" && !ids.has(event.job.id)) putJob(state, event.job);
    if (event.kind === "variation") putVariation(state, event.variation);
  }
}

/** Finished jobs leave, and so do their texts. */
export function dropFinished(state: StudioState): void {
  for (const job of state.jobs.filter(isFinished)) {
    for (const { id } of job.variations) delete state.live[keyOf(id)];
  }
  state.jobs = state.jobs.filter((job) => !isFinished(job));
}

/** How many variations run and wait. */
export function counts(jobs: JobView[]): { running: number; queued: number } {
  let [running, queued] = [0, 0];
  for (const { variations } of jobs) {
    for (const { state } of variations) {
      if (state === "running") running += 1;
      if (state === "queued") queued += 1;
    }
  }
  return { running, queued };
}
