import { describe, expect, it } from "vitest";
import { emptyForm, fromPiece, fromRequest, MAX_SEED, problems, request, settingsOf, type Form } from "../src/lib/form";
import { piece, SAMPLING, STYLE } from "./made";

const form = (change: Partial<Form> = {}): Form => ({ ...emptyForm(), choice: { ...STYLE }, ...change });
const wrong = (change: Partial<Form>) => Object.keys(problems(form(change)));

describe("the form", () => {
  it("asks for three variations with a random seed to begin with", () => {
    expect(problems(form())).toEqual({});
    expect(request(form(), SAMPLING)).toMatchObject({ variations: 3, seed: null, sampling: null, limits: { max_bars: null } });
  });

  it.each(["0", "65", "", "2.5", "-1", "three", "1e1"])("refuses %j variations", (variations) => {
    expect(wrong({ variations })).toEqual(["variations"]);
    expect(request(form({ variations }), SAMPLING)).toBeNull();
  });

  it.each(["1", "64", " 7 "])("takes %j variations", (variations) => expect(wrong({ variations })).toEqual([]));

  it("takes a seed up to the greatest that a number can hold exactly", () => {
    expect(wrong({ seed: String(MAX_SEED) })).toEqual([]);
    expect(wrong({ seed: "9007199254740992" })).toEqual(["seed"]);
    expect(wrong({ seed: "12x" })).toEqual(["seed"]);
    expect(request(form({ seed: "0" }), SAMPLING)?.seed).toBe(0);
  });

  it("holds sampling to what a sampler can follow", () => {
    expect(wrong({ topK: "0" })).toEqual(["topK"]);
    expect(wrong({ topP: "0" })).toEqual(["topP"]);
    expect(wrong({ topP: "1.01" })).toEqual(["topP"]);
    expect(wrong({ topP: "1", temperature: "0" })).toEqual([]);
    expect(wrong({ temperature: "10.1" })).toEqual(["temperature"]);
    expect(wrong({ maxBars: "0" })).toEqual(["maxBars"]);
  });

  it("reads a decimal comma", () => {
    expect(request(form({ temperature: "0,95" }), SAMPLING)?.sampling).toEqual({ ...SAMPLING, temperature: 0.95 });
  });

  it("leaves the model's own sampling to the model", () => {
    expect(request(form({ topK: "9", topP: "0.9", temperature: "0.7" }), SAMPLING)?.sampling).toBeNull();
  });

  it("says what is missing of the style", () => {
    expect(problems(form({ choice: { period: "Romantic", composer: null, instrumentation: null } })).style).toBe("Choose a composer.");
  });

  it("is as it was when the last request is restored", () => {
    const last = request(form({ seed: "5", maxBars: "32", topK: "4" }), SAMPLING);
    expect(last && request(fromRequest(last), SAMPLING)).toEqual(last);
  });
});

describe("composing a piece again", () => {
  const model = { id: "demo", sampling: SAMPLING } as never;
  const played = { ...piece("p", { seed: 77 }), limits: { max_bars: 16, max_patches: 200, max_seconds: null } };

  it("carries everything, the seed too, for that piece alone", () => {
    const again = fromPiece(settingsOf(played), model, "same", form({ variations: "8" }));
    expect(request(again, SAMPLING)).toEqual({ model: "demo", style: STYLE, variations: 1, seed: 77, sampling: null, guard: null, dtype: null, priority: null, limits: played.limits });
    expect(request(fromPiece({ ...settingsOf(played), guard: "off" }, undefined, "same", form()), SAMPLING)?.guard).toBe("off");
  });

  it("leaves the seed out for others like it", () => {
    const again = fromPiece(settingsOf(played), model, "new", form({ variations: "8" }));
    expect([again.seed, again.variations]).toEqual(["", "8"]);
  });

  it("shows sampling that is not the model's own", () => {
    const bold = { ...played, sampling: { ...SAMPLING, temperature: 1.3 } };
    expect(fromPiece(settingsOf(bold), model, "same", form()).temperature).toBe("1.3");
  });
});
