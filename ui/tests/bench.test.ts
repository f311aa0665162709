import { describe, expect, it } from "vitest";
import { barsOf, benchProblems, benchRequest, ceiling, emptyBenchForm, gain, short, sizesOf, topOf } from "../src/lib/bench";
import { parts, plannedBytes } from "../src/lib/plan";
import { benchReport, PLAN } from "./made";

describe("the form of a measurement", () => {
  it("asks for the first model and sizes in order", () => {
    const form = { ...emptyBenchForm(), batches: [8, 1, 2] };
    expect(benchRequest(form)).toEqual({ model: null, shape: null, dtype: null, threads: null, batches: [1, 2, 8], patches: 256, runs: 3 });
  });

  it("asks for a shape without its weights, or for a model by its id", () => {
    expect(benchRequest({ ...emptyBenchForm(), subject: "shape:notagen-x" })).toMatchObject({ model: null, shape: "notagen-x" });
    expect(benchRequest({ ...emptyBenchForm(), subject: "my-model" })).toMatchObject({ model: "my-model", shape: null });
  });

  it("says what is wrong and asks for nothing then", () => {
    for (const [change, field] of [[{ batches: [] }, "batches"], [{ patches: "1001" }, "patches"], [{ runs: "" }, "runs"], [{ runs: "x" }, "runs"]] as const) {
      const form = { ...emptyBenchForm(), ...change, batches: "batches" in change ? [] : [1] };
      expect(Object.keys(benchProblems(form))).toEqual([field]);
      expect(benchRequest(form)).toBeNull();
    }
  });
});

describe("charts", () => {
  it("reach up to a round number above the tallest bar of all", () => {
    expect([0, 0.03, 1, 1.2, 7, 12, 51].map(ceiling)).toEqual([1, 0.05, 1, 2, 10, 20, 100]);
    const [slow, fast] = [benchReport(1, [3, 4]), benchReport(2, [6, 11])];
    const top = topOf("pieces", [slow, fast]);
    expect(top).toBe(20);
    expect(barsOf("pieces", fast, top).map(({ height }) => height)).toEqual([0.3, 0.55]);
    expect(sizesOf([slow, benchReport(3, [1, 2, 3])])).toEqual([1, 2, 4]);
  });

  it("write numbers with two digits that matter", () => {
    expect([0.051, 1.26, 9.96, 12.4, 1204].map(short)).toEqual(["0.05", "1.3", "10.0", "12", "1204"]);
  });
});

describe("a recommendation", () => {
  it("is compared with the smallest size", () => {
    const report = { ...benchReport(1, [5, 9, 15]), recommended: 4 };
    expect(gain(report)).toMatchObject({ batch: 4, than: 1, times: 3 });
    expect(gain({ ...report, recommended: 1 })).toBeNull();
  });
});

describe("the memory plan", () => {
  it("is the sum of its parts", () => {
    expect(parts(PLAN).map(({ bytes }) => bytes)).toEqual([100, 2 * 10, 5, 7]);
    expect(plannedBytes(PLAN)).toBe(132);
  });
});
