import { expect, it } from "vitest";
import { errorView, sentence } from "../src/lib/errors";
import { ago, clock, duration, givenNameFirst, limits, parameters, plural } from "../src/lib/format";

it("times read as people write them", () => {
  expect([clock(0), clock(65_000), clock(3_723_000), clock(-5)]).toEqual(["0:00", "1:05", "1:02:03", "0:00"]);
  expect([duration(840), duration(125_400)]).toEqual(["0.8 s", "2 min 5 s"]);
});

it("the past is told by how far it is", () => {
  const now = new Date(2026, 5, 15, 14, 0).getTime();
  const hours = (n: number) => ago(now - n * 3_600_000, now, "en-GB");
  expect(ago(now - 5000, now)).toBe("just now");
  expect(ago(now + 5000, now)).toBe("just now");
  expect(ago(now - 300_000, now)).toBe("5 min ago");
  expect([hours(3), hours(20), hours(48), hours(24 * 30), hours(24 * 365)]).toEqual(["3 h ago", "yesterday", "2 days ago", "16 May", "15 Jun 2025"]);
});

it("counts and names", () => {
  expect([parameters(7_100_000), parameters(516_000_000)]).toEqual(["7.1 M", "516 M"]);
  expect([plural(1, "bar"), plural(12_000, "bar")]).toEqual(["1 bar", "12,000 bars"]);
  expect(givenNameFirst("Schubert, Franz")).toBe("Franz Schubert");
  expect(limits({ max_bars: 1, max_patches: 2, max_seconds: 3 })).toEqual(["at most 1 bar", "at most 2 patches", "at most 3.0 s"]);
});

it("anything thrown becomes an error with a code", () => {
  expect(errorView({ code: "disk_full", message: "no space" })).toEqual({ code: "disk_full", message: "no space" });
  expect(errorView(new Error("boom"))).toEqual({ code: "unexpected", message: "boom" });
  expect(errorView("plain")).toEqual({ code: "unexpected", message: "plain" });
  expect(sentence("the disk is full; make room")).toBe("The disk is full; make room.");
});
