import { fireEvent } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Recalled } from "../src/lib/bindings";
import { composing } from "../src/lib/compose.svelte";
import { files } from "../src/lib/files.svelte";
import { emptyForm } from "../src/lib/form";
import { router } from "../src/lib/router.svelte";
import { toasts } from "../src/lib/toasts.svelte";
import { backend, open, refuse } from "./backend";
import { NO_LIMITS, SAMPLING } from "./made";

const RECALLED: Recalled = {
  file: "waltz.mid", title: "Chamber in G major", style: { period: "Romantic", composer: "Schubert, Franz", instrumentation: "Chamber" },
  model: "demo", seed: 4711, sampling: { ...SAMPLING, temperature: 1.3 }, guard: "off", dtype: "q8_0", limits: { ...NO_LIMITS, max_bars: 24 }, notes: [],
};

beforeEach(() => {
  router.go("compose");
  files.over = false;
});
afterEach(() => {
  toasts.clear();
  composing.form = emptyForm();
  composing.advanced = false;
});

const value = (element: HTMLElement) => (element as HTMLInputElement).value;

describe("settings from a file", () => {
  it("fill the form, say so, and give back what was there", async () => {
    backend({ recall: () => RECALLED });
    const { one, option } = open();
    await fireEvent.click(await option("period-option", "Romantic"));
    await fireEvent.click(await option("composer-option", "Wolf, Hugo"));
    await fireEvent.input(await one("variations"), { target: { value: "5" } });
    await fireEvent.input(await one("seed"), { target: { value: "17" } });
    await fireEvent.click(await one("recall"));
    const toast = await one("toast");
    expect(toast.textContent).toContain("waltz.mid");
    expect(toast.textContent).toContain("Chamber in G major, seed 4711");
    expect(await Promise.all(["variations", "seed", "max-bars", "temperature"].map(async (field) => value(await one(field))))).toEqual([
      "1", "4711", "24", "1.3",
    ]);
    expect((await option("instrumentation-option", "Chamber")).getAttribute("aria-selected")).toBe("true");

    const undo = await one("undo");
    expect(undo.textContent).toContain("Back to what was there");
    await fireEvent.click(undo);
    await vi.waitFor(async () => expect((await option("composer-option", "Wolf, Hugo")).getAttribute("aria-selected")).toBe("true"));
    expect([value(await one("variations")), value(await one("seed")), value(await one("max-bars"))]).toEqual(["5", "17", ""]);
  });

  it("are all in the request that follows, the guard too", async () => {
    const { calls } = backend({ recall: () => RECALLED });
    const { one } = open();
    await one("recall");
    await fireEvent.keyDown(window, { key: "o", ctrlKey: true });
    await one("toast");
    expect(value(await one("guard"))).toBe("off");
    await fireEvent.click(await one("compose"));
    const { style, model, seed, sampling, guard, limits } = RECALLED;
    expect(calls("compose")).toEqual([{ request: { model, style, variations: 1, seed, sampling, guard, dtype: "q8_0", priority: null, limits } }]);
  });

  it("say when they had no guard, and let it be had again", async () => {
    const { calls } = backend({ recall: () => RECALLED });
    const { one } = open();
    await fireEvent.click(await one("recall"));
    const guard = await one("guard");
    expect(guard.closest(".field")?.textContent).toContain("mended afterwards");
    await fireEvent.change(guard, { target: { value: "repair" } });
    await fireEvent.click(await one("compose"));
    expect(calls("compose")).toMatchObject([{ request: { guard: null } }]);
  });

  it("come with what may make another piece of them", async () => {
    backend({ recall: () => ({ ...RECALLED, model: "other", notes: ["its model, other, is not here"] }) });
    const { one } = open();
    await fireEvent.click(await one("recall"));
    expect((await one("toast")).textContent).toContain("Its model, other, is not here.");
    expect(composing.form.model).toBe("demo");
  });

  it("change nothing when the dialog is dismissed or the file has none", async () => {
    let answer: () => Recalled | null = () => null;
    backend({ recall: () => answer() });
    const { all, one } = open();
    await fireEvent.input(await one("seed"), { target: { value: "17" } });
    await fireEvent.click(await one("recall"));
    await vi.waitFor(() => expect(files.choosing).toBe(false));
    expect(all("toast")).toEqual([]);
    answer = () => refuse("no_settings", "this score was not composed by Partita");
    await fireEvent.click(await one("recall"));
    expect((await one("toast")).dataset["code"]).toBe("no_settings");
    expect(value(await one("seed"))).toBe("17");
  });
});

describe("a file dragged over the window", () => {
  it("is invited, and forgotten when it leaves", async () => {
    const { calls, drop } = backend();
    const { all, one } = open();
    await vi.waitFor(() => expect(calls("watch_drops")).toHaveLength(1));
    drop({ kind: "over" });
    await one("drop-hint");
    drop({ kind: "left" });
    await vi.waitFor(() => expect(all("drop-hint")).toEqual([]));
  });

  it("gives its settings wherever one is", async () => {
    const { calls, drop } = backend();
    const { all, one } = open();
    await vi.waitFor(() => expect(calls("watch_drops")).toHaveLength(1));
    await fireEvent.click(await one("nav-queue"));
    drop({ kind: "over" });
    await one("drop-hint");
    drop({ kind: "recalled", recalled: RECALLED });
    expect(value(await one("seed"))).toBe("4711");
    expect(all("drop-hint")).toEqual([]);
  });

  it("says why there is nothing to be had from it, as text", async () => {
    const { calls, drop } = backend();
    const { one } = open();
    await vi.waitFor(() => expect(calls("watch_drops")).toHaveLength(1));
    drop({ kind: "refused", error: { code: "no_settings", message: "not <b>ours</b>" } });
    const toast = await one("toast");
    expect([toast.dataset["code"], toast.querySelector("b")]).toEqual(["no_settings", null]);
    expect(toast.textContent).toContain("There are no settings in this file");
  });
});
