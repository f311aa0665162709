import { describe, expect, it } from "vitest";
import type { PeriodStyles } from "../src/lib/bindings";
import { asStyle, findComposers, firstStyle, instrumentationsOf, NO_CHOICE, settle } from "../src/lib/styles";

const STYLES: PeriodStyles[] = [
  { period: "Baroque", composers: [{ composer: "Bach, Johann Sebastian", instrumentations: ["Choral", "Keyboard"] }] },
  {
    period: "Romantic",
    composers: [
      { composer: "Fauré, Gabriel", instrumentations: ["Art Song"] },
      { composer: "Schubert, Franz", instrumentations: ["Art Song", "Chamber"] },
      { composer: "Schumann, Clara", instrumentations: ["Art Song"] },
    ],
  },
];
const names = (found: { composer: string }[]) => found.map(({ composer }) => composer.split(",")[0]);

describe("a choice", () => {
  it("keeps what is valid", () => {
    const wanted = { period: "Romantic", composer: "Schubert, Franz", instrumentation: "Chamber" };
    expect(settle(STYLES, wanted)).toEqual(wanted);
  });

  it("drops composer and instrumentation that the period does not have", () => {
    const settled = settle(STYLES, { period: "Romantic", composer: "Bach, Johann Sebastian", instrumentation: "Keyboard" });
    expect(settled).toEqual({ period: "Romantic", composer: null, instrumentation: null });
    expect(asStyle(settled)).toBeNull();
  });

  it("takes what leaves no choice", () => {
    expect(settle(STYLES, { ...NO_CHOICE, period: "Baroque" })).toEqual({ period: "Baroque", composer: "Bach, Johann Sebastian", instrumentation: null });
    expect(settle(STYLES, { period: "Romantic", composer: "Schumann, Clara", instrumentation: "Chamber" }).instrumentation).toBe("Art Song");
  });

  it("is empty without styles", () => {
    expect(settle([], { period: "Romantic", composer: "x", instrumentation: "y" })).toEqual(NO_CHOICE);
    expect(firstStyle([])).toEqual(NO_CHOICE);
  });

  it("offers only what the composer is known for", () => {
    expect(instrumentationsOf(STYLES, { period: "Romantic", composer: "Fauré, Gabriel", instrumentation: null })).toEqual(["Art Song"]);
    expect(instrumentationsOf(STYLES, { period: "Baroque", composer: "Fauré, Gabriel", instrumentation: null })).toEqual([]);
  });

  it("can begin with a style that is valid", () => {
    const first = firstStyle(STYLES);
    expect(settle(STYLES, first)).toEqual(first);
    expect(asStyle(first)).not.toBeNull();
  });
});

describe("the search", () => {
  it("without words lists the period", () => {
    expect(names(findComposers(STYLES, "Romantic", " "))).toEqual(["Fauré", "Schubert", "Schumann"]);
  });

  it("finds words in any order, without accents, at the beginnings of names", () => {
    expect(names(findComposers(STYLES, "Romantic", "franz sch"))).toEqual(["Schubert"]);
    expect(names(findComposers(STYLES, "Romantic", "faure"))).toEqual(["Fauré"]);
    expect(names(findComposers(STYLES, "Romantic", "bert"))).toEqual([]);
  });

  it("reaches into other periods, after the chosen one", () => {
    const found = findComposers(STYLES, "Romantic", "bach");
    expect(found.map(({ period }) => period)).toEqual(["Baroque"]);
  });

  it("takes a text with special characters as a text", () => {
    expect(findComposers(STYLES, "Romantic", ".*(")).toHaveLength(3);
    expect(findComposers(STYLES, "Romantic", "sch.*t")).toHaveLength(0);
  });
});
