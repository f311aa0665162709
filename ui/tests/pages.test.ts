import { describe, expect, it } from "vitest";
import { append, mergeHead, NO_FILTER, options, patch, refine } from "../src/lib/pages";
import { page, STYLE, summary, variation } from "./made";

const ids = (list: { id: string }[]) => list.map(({ id }) => id).join("");
const list = (names: string) => [...names].map((id) => summary(id));

describe("paging", () => {
  it("appends, and shows a piece once that moved onto the next page", () => {
    expect(ids(append(list("abc"), list("cde")))).toBe("abcde");
  });

  it("puts new pieces before those listed and keeps what was scrolled to", () => {
    const merged = mergeHead(list("abcdef"), page(list("xab"), "next"));
    expect([ids(merged.list), merged.gap]).toEqual(["xabcdef", false]);
  });

  it("drops listed pieces that are gone from the head", () => {
    expect(ids(mergeHead(list("abcdef"), page(list("acd"), "next")).list)).toBe("acdef");
  });

  it("begins again when more is new than fits a page", () => {
    const merged = mergeHead(list("abc"), page(list("xyz"), "next"));
    expect([ids(merged.list), merged.gap]).toEqual(["xyz", true]);
  });

  it("takes a page that is the whole library as it is", () => {
    expect(ids(mergeHead(list("abc"), page(list("xb"))).list)).toBe("xb");
  });
});

it("a variation's progress is its piece's", () => {
  const pieces = list("ab");
  expect(patch(pieces, variation("j", 1, { piece: "b", state: "running", bars: 5 }))).toBe(true);
  expect(pieces[1]).toMatchObject({ state: "running", bars: 5 });
  expect(patch(pieces, variation("j", 1, { piece: "z" }))).toBe(false);
});

describe("the filter", () => {
  const styles = [
    STYLE,
    { period: "Romantic", composer: "Brahms, Johannes", instrumentation: "Chamber" },
    { period: "Baroque", composer: "Bach, Johann Sebastian", instrumentation: "Choral" },
  ];

  it("offers what occurs together", () => {
    expect(options(styles, { ...NO_FILTER, period: "Romantic" })).toEqual({
      periods: ["Baroque", "Romantic"],
      composers: ["Brahms, Johannes", "Schubert, Franz"],
      instrumentations: ["Art Song", "Chamber"],
    });
  });

  it("drops choices that lead nowhere", () => {
    expect(refine(styles, { ...STYLE }, { period: "Baroque" })).toEqual({ period: "Baroque", composer: null, instrumentation: null });
    expect(refine(styles, { ...STYLE }, { period: null })).toEqual({ ...STYLE, period: null });
  });
});
