import { describe, expect, it } from "vitest";
import type { StudioEvent } from "../src/lib/bindings";
import * as events from "../src/lib/events";
import { textOf } from "../src/lib/live";
import { job, variation } from "./made";

const id = { job: "a", number: 1 };
const bar = (index: number, text: string): StudioEvent => ({ kind: "bar", id, piece: "p", index, text });
const header: StudioEvent = { kind: "header", id, text: "%Romantic\nL:1/8\n" };

function after(...list: StudioEvent[]) {
  const state = events.emptyState();
  for (const event of list) events.apply(state, event);
  return state;
}
const text = (state: events.StudioState) => textOf(state.live["a/1"] ?? { header: null, from: 0, bars: [], base: null });

describe("jobs", () => {
  it("are listed newest first, whatever the order they come in", () => {
    const state = after({ kind: "job", job: job("old", { created_ms: 1 }) }, { kind: "job", job: job("new", { created_ms: 9 }) }, { kind: "job", job: job("mid", { created_ms: 5 }) });
    expect(state.jobs.map((known) => known.id)).toEqual(["new", "mid", "old"]);
  });

  it("come twice and are there once", () => {
    const state = after({ kind: "job", job: job("a") }, { kind: "job", job: job("a") });
    expect(state.jobs).toHaveLength(1);
  });

  it("keep what events said when the answer to compose comes after them", () => {
    const state = after({ kind: "job", job: job("a") }, { kind: "variation", variation: variation("a", 1, { state: "running", bars: 4 }) });
    events.addJob(state, job("a"));
    expect(state.jobs[0]?.variations[0]?.bars).toBe(4);
  });

  it("change only in the variation that an event is about", () => {
    const state = after({ kind: "job", job: job("a") }, { kind: "variation", variation: variation("a", 2, { state: "failed" }) });
    expect(state.jobs[0]?.variations.map((known) => known.state)).toEqual(["queued", "failed"]);
  });

  it("ignore variations of jobs that are not shown", () => {
    expect(after({ kind: "variation", variation: variation("gone", 1) }).jobs).toEqual([]);
  });

  it("leave when they are finished, with their texts", () => {
    const state = after({ kind: "job", job: job("a", {}, 1) }, { kind: "job", job: job("b") }, header, { kind: "variation", variation: variation("a", 1, { state: "done" }) });
    events.dropFinished(state);
    expect(state.jobs.map((known) => known.id)).toEqual(["b"]);
    expect(state.live).toEqual({});
  });

  it("are counted by what runs and waits", () => {
    const state = after({ kind: "job", job: job("a", {}, 3) }, { kind: "variation", variation: variation("a", 1, { state: "running" }) }, { kind: "variation", variation: variation("a", 2, { state: "done" }) });
    expect(events.counts(state.jobs)).toEqual({ running: 1, queued: 1 });
  });
});

describe("the fetched queue", () => {
  it("yields to events that came while it was asked for", () => {
    const running: StudioEvent = { kind: "variation", variation: variation("a", 1, { state: "running", bars: 7 }) };
    const state = after({ kind: "job", job: job("a") }, running);
    const stale = job("a");
    stale.variations[1] = variation("a", 2, { state: "done" });
    events.mergeQueue(state, [stale], [running]);
    expect(state.jobs[0]?.variations.map((known) => known.state)).toEqual(["running", "done"]);
  });

  it("yields to them even if their job was not known yet", () => {
    const state = events.emptyState();
    const done: StudioEvent = { kind: "variation", variation: variation("a", 1, { state: "done" }) };
    events.apply(state, done);
    events.mergeQueue(state, [job("a", {}, 1)], [done]);
    expect(state.jobs[0]?.variations[0]?.state).toBe("done");
  });

  it("drops jobs that are gone, and keeps one that was queued meanwhile", () => {
    const queued: StudioEvent = { kind: "job", job: job("new", { created_ms: 2000 }) };
    const state = after({ kind: "job", job: job("gone") }, queued);
    events.mergeQueue(state, [job("a")], [queued]);
    expect(state.jobs.map((known) => known.id)).toEqual(["new", "a"]);
  });
});

describe("live text", () => {
  it("grows bar by bar after its header", () => {
    expect(text(after(header, bar(0, "c|"), bar(1, "d|\n")))).toBe("%Romantic\nL:1/8\nc|\nd|\n");
  });

  it("has a bar once that comes twice", () => {
    expect(text(after(header, bar(0, "c|"), bar(1, "d|"), bar(0, "c|"), bar(1, "d|")))).toBe("%Romantic\nL:1/8\nc|\nd|\n");
  });

  it("begins anew after a restart", () => {
    expect(text(after(header, bar(0, "c|"), { kind: "restarted", id }))).toBeNull();
    expect(text(after(header, bar(0, "c|"), { kind: "restarted", id }, header, bar(0, "e|")))).toBe("%Romantic\nL:1/8\ne|\n");
  });

  it("is unknown to a window that missed its beginning, until the library has told it", () => {
    const state = after(bar(5, "f|"), bar(6, "g|"));
    expect(text(state)).toBeNull();
    const live = state.live["a/1"];
    if (live) live.base = { text: "H\n0\n1\n2\n3\n4\n5", bars: 6 };
    expect(text(state)).toBe("H\n0\n1\n2\n3\n4\n5\ng|\n");
  });

  it("asks again when bars were missed in between", () => {
    expect(text(after(header, bar(0, "c|"), bar(3, "f|")))).toBeNull();
  });
});

it("the worker's state is the last one heard", () => {
  const status = { state: "restarting" as const, model: null, device: null, instead: null, slots: null, plan: null, error: { code: "worker_failed", message: "x" } };
  expect(after({ kind: "worker", status }).worker).toEqual(status);
});
