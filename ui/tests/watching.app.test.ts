import { fireEvent } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveEngraving, StudioEvent } from "../src/lib/bindings";
import { router } from "../src/lib/router.svelte";
import { toasts } from "../src/lib/toasts.svelte";
import { watched } from "../src/lib/watching.svelte";
import { backend, open, refuse } from "./backend";
import { job, variation } from "./made";

const draw = vi.hoisted(() => vi.fn());
vi.mock("../src/lib/engraver", async (original) => ({
  ...(await original<typeof import("../src/lib/engraver")>()),
  engraver: () => ({ draw, warm: () => undefined }),
}));

/** A drawing with so many measures on each line. */
const svg = (...lines: number[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 40">${lines
    .map((count) => `<g class="system">${'<g class="measure"><path d="M0 0"/></g>'.repeat(count)}</g>`)
    .join("")}</svg>`;

let number = 0;
let id = { job: "", number: 1 };
let last = 0;

/** The bars that Rust would send; `musicxml` names them. */
function live({ from, most }: { from: number | null; most: number }): LiveEngraving {
  if (last === 0) return refuse("no_music");
  const first = Math.max(from ?? 1, last - most + 1);
  return { musicxml: `${first}-${last}`, first, last, staves: 3 };
}

async function watch(replaced: Record<string, (args: never) => unknown> = {}) {
  const running = variation(id.job, 1, { state: "running", bars: last, started_ms: 1, piece: "p" });
  const app = backend({ queue: () => [job(id.job, { variations: [running] })], live_engraving: live, ...replaced });
  const page = open();
  await fireEvent.click(await page.one("nav-queue"));
  await vi.waitFor(async () => expect((await page.one("queue-variation")).dataset["job"]).toBe(id.job));
  await fireEvent.click(await page.one("show-music"));
  const bar = () => app.send({ kind: "bar", id, piece: "p", index: ++last - 1, text: "c4|" } as StudioEvent);
  const sees = (first: number, to: number) =>
    vi.waitFor(async () => expect({ ...(await page.one("live-score")).dataset }).toMatchObject({ first: String(first), last: String(to) }));
  return { ...app, ...page, running, bar, sees };
}

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(900);
  draw.mockReset().mockImplementation(async (xml: string) => {
    const [first = 0, to = 0] = xml.split("-").map(Number);
    const count = to - first + 1;
    return count > 4 ? svg(4, count - 4) : svg(count);
  });
  number += 1;
  id = { job: `watched-${number}`, number: 1 };
  last = 0;
});
afterEach(() => {
  vi.useRealTimers();
  toasts.clear();
  watched.clear();
  router.go("compose");
});

describe("a piece that is being written", () => {
  it("is engraved as it grows, from a bar that stays the first while two lines hold it", async () => {
    last = 2;
    const { bar, sees, one } = await watch();
    await sees(1, 2);
    expect(draw).toHaveBeenCalledWith("1-2", { widthPx: 900, scale: 26 });
    for (let k = 0; k < 4; k += 1) bar();
    await sees(1, 6);
    // A third line: the first one leaves, within the same drawing.
    draw.mockImplementation(async (xml: string) => (xml.startsWith("1-") ? svg(4, 4, 1) : svg(4, 1)));
    for (let k = 0; k < 3; k += 1) bar();
    await sees(5, 9);
    expect(draw.mock.calls.at(-1)?.[0]).toBe("5-9");
    expect((await one("live-score")).querySelectorAll("g.system")).toHaveLength(2);
  });

  it("is drawn a few times a second at most, however many bars come", async () => {
    last = 1;
    const { bar, sees } = await watch();
    await sees(1, 1);
    for (let k = 0; k < 40; k += 1) {
      bar();
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(draw.mock.calls.length).toBeLessThanOrEqual(2000 / 250 + 2);
    await sees(10, 41);
  });

  it("has one drawing on its way, and shows the old one until the new one is there", async () => {
    last = 3;
    const { bar, sees, one } = await watch();
    await sees(1, 3);
    let finish: (drawn: string) => void = () => undefined;
    draw.mockImplementation(() => new Promise((resolve) => (finish = resolve)));
    const before = draw.mock.calls.length;
    for (let k = 0; k < 5; k += 1) {
      bar();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(draw.mock.calls.length).toBe(before + 1);
    const score = await one("live-score");
    expect([score.querySelectorAll("g.measure").length, score.dataset["last"]]).toEqual([3, "3"]);
    finish(svg(4));
    await vi.waitFor(() => expect(score.querySelectorAll("g.measure")).toHaveLength(4));
  });

  it("is there as text when it cannot be engraved, and as music again when it can", async () => {
    last = 2;
    draw.mockRejectedValue(new Error("the score could not be read"));
    const { bar, all, one, sees } = await watch({ piece: () => refuse("not_found") });
    expect((await one("live-failed")).textContent).toContain("The score could not be read.");
    await one("live-text");
    draw.mockImplementation(async () => svg(3));
    bar();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(draw).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(15_000);
    await sees(1, 3);
    await vi.waitFor(() => expect([all("live-failed"), all("live-text")]).toEqual([[], []]));
  });

  it("waits for its first bar, and shows its last ones when it has ended", async () => {
    const { bar, send, sees, running, one } = await watch();
    expect((await one("live-score")).textContent).toContain("first bar");
    bar();
    await sees(1, 1);
    last = 3;
    send({ kind: "variation", variation: { ...running, state: "done", bars: 3, ended_ms: 5 } });
    await sees(1, 3);
  });

  it("begins anew with an empty sheet", async () => {
    last = 30;
    draw.mockImplementation(async (xml: string) => (xml === "1-30" ? svg(10, 10, 10) : svg(10, 10)));
    const { bar, send, sees, one } = await watch();
    await sees(11, 30);
    send({ kind: "restarted", id });
    await vi.waitFor(async () => expect((await one("live-score")).dataset["last"]).toBe(""));
    last = 0;
    draw.mockImplementation(async () => svg(1));
    await vi.advanceTimersByTimeAsync(1000);
    bar();
    await sees(1, 1);
  });

  it("is not drawn where nobody sees it", async () => {
    last = 2;
    const { bar, sees } = await watch();
    await sees(1, 2);
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    const before = draw.mock.calls.length;
    bar();
    await vi.advanceTimersByTimeAsync(2000);
    expect(draw.mock.calls.length).toBe(before);
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
    document.dispatchEvent(new Event("visibilitychange"));
    await sees(1, 3);
  });
});

it("the first variation of what was just asked for is watched by itself", async () => {
  const queued = job(id.job);
  backend({ compose: () => queued, queue: () => [queued] });
  const { all, one } = open();
  await fireEvent.click(await one("compose"));
  await vi.waitFor(() => expect(all("queue-variation")).toHaveLength(2));
  expect(all("live-score")).toHaveLength(1);
  expect(all("show-music").map((button) => button.getAttribute("aria-expanded"))).toEqual(["true"]);
  // Closed by hand it stays closed.
  await fireEvent.click(await one("show-music"));
  await fireEvent.click(await one("nav-library"));
  await fireEvent.click(await one("nav-queue"));
  expect(all("live-score")).toHaveLength(0);
});
