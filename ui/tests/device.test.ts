import { describe, expect, it } from "vitest";
import type { Gpu, WorkerStatus } from "../src/lib/bindings";
import { choices, missing, news } from "../src/lib/device";
import { memoryWord, parts } from "../src/lib/plan";
import { PLAN } from "./made";

const gpu = (name: string): Gpu => ({ name, memory: null, memory_taken: null, load: null, celsius: null, watts: null });
const worker = (code: string | null, on_card = false): WorkerStatus => ({
  state: "ready", model: "demo", device: "d", slots: 2, error: null, plan: { ...PLAN, on_card },
  instead: code === null ? null : { code, message: "there is no NVIDIA card number 3" },
});
const labels = (cards: Gpu[], chosen: Parameters<typeof choices>[1]) => choices(cards, chosen).map(({ label }) => label);

describe("where to compute", () => {
  it("can be left to Partita, the processor or any card, by its name", () => {
    expect(labels([gpu("RTX 3060"), gpu("T4")], "auto")).toEqual(["Automatic", "Processor", "RTX 3060", "T4"]);
    expect(choices([gpu("T4")], "auto").map(({ key }) => key)).toEqual(["auto", "cpu", "card-0"]);
  });

  it("tells cards of one name apart", () => {
    expect(labels([gpu("T4"), gpu("L4"), gpu("T4")], "cpu").slice(2)).toEqual(["T4, number 0", "L4", "T4, number 2"]);
  });

  it("keeps what was chosen though it is not there", () => {
    expect(choices([gpu("T4")], { card: 1 }).at(-1)).toEqual({ key: "card-1", label: "NVIDIA card, number 1", device: { card: 1 } });
    expect(labels([gpu("T4"), gpu("L4")], { card: 1 })).toHaveLength(4);
  });
});

describe("the processor in a card's place", () => {
  it("is news unless there is no card", () => {
    expect(news(null)).toBeNull();
    expect(news(worker(null))).toBeNull();
    expect(news(worker("device_absent"))).toBeNull();
    expect(news(worker("device_lost"))?.code).toBe("device_lost");
  });

  it("is mentioned quietly where there is no card", () => {
    const none = "No NVIDIA card or driver was found: composing on the processor.";
    expect(missing(worker("device_absent"), [], "auto")).toBe(none);
    // The driver lists it and cannot compute on it.
    expect(missing(worker("device_absent"), [gpu("T4")], "auto")).toBe(none);
    expect(missing(worker("device_absent"), [gpu("T4")], { card: 3 })).toBe("There is no NVIDIA card number 3: composing on the processor.");
    expect(missing(null, [], "auto")).toBe(none);
    expect(missing(null, null, "auto")).toBe("");
    expect(missing(worker(null), [gpu("T4")], "auto")).toBe("");
    expect(missing(worker(null, true), [], "auto")).toBe("");
  });
});

describe("a plan", () => {
  it("names whose memory it is", () => {
    expect(memoryWord(PLAN)).toBe("memory");
    expect(memoryWord({ ...PLAN, on_card: true })).toBe("the card’s memory");
  });

  it("shows no part that takes nothing", () => {
    expect(parts(PLAN).map(({ name }) => name)).toEqual(["weights", "pieces", "buffers", "program"]);
    expect(parts({ ...PLAN, program: 0 }).map(({ name }) => name)).toEqual(["weights", "pieces", "buffers"]);
  });
});
