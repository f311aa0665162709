import { fireEvent } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { composing } from "../src/lib/compose.svelte";
import { emptyForm } from "../src/lib/form";
import { router } from "../src/lib/router.svelte";
import { toasts } from "../src/lib/toasts.svelte";
import { backend, open, refuse } from "./backend";
import { job } from "./made";

beforeEach(() => router.go("compose"));
afterEach(() => {
  toasts.clear();
  composing.form = emptyForm();
  composing.refusal = null;
});

describe("composing", () => {
  it("asks for exactly what was chosen and goes to the queue", async () => {
    const { calls } = backend();
    const { one, option } = open();
    await fireEvent.click(await option("period-option", "Romantic"));
    await fireEvent.click(await option("composer-option", "Schubert, Franz"));
    await fireEvent.click(await option("instrumentation-option", "Chamber"));
    await fireEvent.input(await one("variations"), { target: { value: "5" } });
    await fireEvent.input(await one("seed"), { target: { value: "17" } });
    await fireEvent.input(await one("max-bars"), { target: { value: "32" } });
    await fireEvent.click(await one("advanced"));
    await fireEvent.input(await one("temperature"), { target: { value: "1.2" } });
    await fireEvent.click(await one("compose"));
    await one("clear-finished");
    const request = {
      model: "demo",
      style: { period: "Romantic", composer: "Schubert, Franz", instrumentation: "Chamber" },
      variations: 5,
      seed: 17,
      sampling: { top_k: 9, top_p: 0.9, temperature: 1.2 },
      guard: null,
      dtype: null,
      priority: null,
      limits: { max_bars: 32, max_patches: null, max_seconds: null },
    };
    expect(calls("compose")).toEqual([{ request }]);
    expect(calls("save_settings")).toEqual([{ settings: { theme: null, compose: request, export: null, at_once: null, device: "auto" } }]);
  });

  it("offers no composer of another period and no instrumentation of another composer", async () => {
    backend();
    const { all, option } = open();
    await fireEvent.click(await option("period-option", "Romantic"));
    expect(all("composer-option").map(({ dataset }) => dataset["value"])).toEqual(["Schubert, Franz", "Wolf, Hugo"]);
    await fireEvent.click(await option("composer-option", "Wolf, Hugo"));
    expect(all("instrumentation-option").map(({ dataset }) => dataset["value"])).toEqual(["Art Song"]);
  });

  it("finds a composer of another period and takes its period along", async () => {
    backend();
    const { one, option } = open();
    await fireEvent.click(await option("period-option", "Baroque"));
    await fireEvent.input(await one("composer-search"), { target: { value: "wolf" } });
    await fireEvent.click(await option("composer-option", "Wolf, Hugo"));
    expect((await option("period-option", "Romantic")).getAttribute("aria-selected")).toBe("true");
  });

  it("sends nothing that is wrong, and says where", async () => {
    const { calls } = backend();
    const { one } = open();
    const variations = await one("variations");
    await fireEvent.input(variations, { target: { value: "65" } });
    await fireEvent.keyDown(window, { key: "Enter", ctrlKey: true });
    expect(variations.getAttribute("aria-invalid")).toBe("true");
    expect(document.getElementById(variations.getAttribute("aria-describedby") ?? "")?.textContent).toMatch("1 to 64");
    expect(calls("compose")).toEqual([]);
  });

  it("shows a refusal with its code and keeps the form", async () => {
    backend({ compose: () => refuse("unknown_style", "the model does not know Romantic / <b>x</b>") });
    const { one, option } = open();
    await fireEvent.click(await option("period-option", "Romantic"));
    await fireEvent.click(await option("composer-option", "Wolf, Hugo"));
    await fireEvent.keyDown(window, { key: "Enter", ctrlKey: true });
    const toast = await one("toast");
    expect(toast.dataset["code"]).toBe("unknown_style");
    expect(toast.textContent).toContain("<b>x</b>");
    expect(toast.querySelector("b")).toBeNull();
    await one("compose");
  });
});

describe("the queue", () => {
  it("shows what events tell, and cancels and retries one variation", async () => {
    const { calls, send } = backend({ queue: () => [job("a")] });
    const { all, one } = open();
    await fireEvent.click(await one("nav-queue"));
    await one("queue-variation");
    const [first] = job("a").variations;
    if (!first) throw new Error("none");
    send({ kind: "variation", variation: { ...first, state: "running", bars: 3, bars_expected: 12, started_ms: Date.now(), piece: "p" } });
    await vi.waitFor(() => expect(all("queue-variation")[0]?.dataset).toMatchObject({ job: "a", number: "1", state: "running", bars: "3", attempt: "1" }));
    await fireEvent.click(await one("cancel-variation"));
    expect(calls("cancel")).toEqual([{ id: { job: "a", number: 1 } }]);
    send({ kind: "variation", variation: { ...first, state: "failed", error: { code: "worker_failed", message: "x" } } });
    await fireEvent.click(await one("retry-variation"));
    expect(calls("retry")).toEqual([{ id: { job: "a", number: 1 } }]);
  });

  it("lets a text grow, takes it for text, and clears it on a restart", async () => {
    const { send } = backend({ queue: () => [job("b")] });
    const { one } = open();
    await fireEvent.click(await one("nav-queue"));
    const id = { job: "b", number: 1 };
    const [first] = job("b").variations;
    if (!first) throw new Error("none");
    await vi.waitFor(async () => expect((await one("queue-variation")).dataset["job"]).toBe("b"));
    send({ kind: "variation", variation: { ...first, state: "running", piece: "p" } });
    send({ kind: "header", id, text: "T:<img src=x onerror=alert(1)>\n" });
    send({ kind: "bar", id, piece: "p", index: 0, text: "c4|" });
    await fireEvent.click(await one("show-music"));
    await fireEvent.click(await one("view-text"));
    const text = await one("live-text");
    expect(text.textContent).toBe("T:<img src=x onerror=alert(1)>\nc4|\n");
    expect(text.querySelector("img")).toBeNull();
    send({ kind: "restarted", id });
    send({ kind: "header", id, text: "T:again\n" });
    await vi.waitFor(() => expect(text.textContent).toBe("T:again\n"));
  });
});
