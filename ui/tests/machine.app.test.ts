import { fireEvent, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { BenchProgress, BenchReport, Gpu, Machine, WorkerStatus } from "../src/lib/bindings";
import { machine } from "../src/lib/machine.svelte";
import { settings } from "../src/lib/settings.svelte";
import { studio } from "../src/lib/studio.svelte";
import { toasts } from "../src/lib/toasts.svelte";
import { backend, open } from "./backend";
import { benchReport, job, PLAN } from "./made";

const RTX: Gpu = { name: "RTX", memory: 12e9, memory_taken: 2e9, load: 0.5, celsius: 60, watts: null };
const NOW: Machine = { processor: "A processor", threads: 4, load: 0.25, memory: { total: 16e9, available: 9e9 }, gpus: [] };

const READY: WorkerStatus = { state: "ready", model: "demo", device: "CPU", instead: null, slots: 2, plan: null, error: null };

async function at(replaced: Record<string, (args: never) => unknown> = {}) {
  let look: (machine: Machine) => void = () => undefined;
  let tell: (progress: BenchProgress) => void = () => undefined;
  const app = backend({
    benches: () => [],
    watch_machine: ({ channel }: { channel: { onmessage(machine: Machine): void } }) => void (look = (now) => channel.onmessage(now)),
    bench: ({ channel }: { channel: { onmessage(progress: BenchProgress): void } }) => void (tell = (progress) => channel.onmessage(progress)),
    ...replaced,
  });
  const page = open();
  await fireEvent.click(await page.one("nav-machine"));
  return { ...app, ...page, look: (now: Machine) => look(now), tell: (progress: BenchProgress) => tell(progress) };
}

beforeEach(() => {
  Object.assign(machine, { now: null, loads: [], reports: [], running: null, stopping: false, shown: null, compared: [] });
  settings.current = { theme: null, compose: null, export: null, at_once: null, device: "auto" };
  studio.state.worker = null;
  toasts.clear();
});

describe("the machine", () => {
  it("is shown as it is, and without a graphics card says so", async () => {
    const { look, one } = await at();
    look(NOW);
    await vi.waitFor(async () => expect((await one("processor")).textContent).toBe("A processor, 4 threads"));
    const gauges = (await one("gauges")).textContent;
    expect(gauges).toContain("25 %");
    expect(gauges).toContain("9.0 GB free of 16.0 GB");
    expect((await one("no-card")).textContent).toContain("No NVIDIA card or driver was found");
    look({ ...NOW, gpus: [RTX] });
    await vi.waitFor(async () => expect((await one("gauges")).textContent).toContain("10.0 GB free of 12.0 GB · 60 °C"));
  });

  it("is watched only while it is shown", async () => {
    const { calls, one } = await at();
    expect(calls("watch_machine")).toHaveLength(1);
    await fireEvent.click(await one("nav-queue"));
    await vi.waitFor(() => expect(calls("unwatch_machine")).toHaveLength(1));
  });

  it("shows what the model takes of the memory", async () => {
    const { one, send } = await at();
    const plan = { ...PLAN, slots_asked: 8, is_smaller: true, dtype: "q8_0" } as const;
    send({ kind: "worker", status: { ...READY, plan } });
    const shown = (await one("plan")).textContent;
    expect(shown).toContain("takes at most 0.1 kB of memory");
    expect(shown).toContain("Memory was short when it was loaded: 2 pieces at once instead of 8, weights in 8 bits.");
    send({ kind: "worker", status: { ...READY, device: "RTX", plan: { ...plan, on_card: true } } });
    await vi.waitFor(async () => expect((await one("plan")).textContent).toContain("The card’s memory was short"));
    expect((await one("worker-plan")).textContent).toContain("0.1 kB of the card’s memory");
  });
});

describe("where to compute", () => {
  it("is chosen among the cards, and remembered", async () => {
    const { look, one, calls } = await at({ settings: () => ({ theme: "dark", compose: null, export: null, at_once: 4, device: "cpu" }) });
    await settings.load();
    look({ ...NOW, gpus: [RTX] });
    const select = (await one("device")) as HTMLSelectElement;
    await vi.waitFor(() => expect([...select.options].map(({ text }) => text)).toEqual(["Automatic", "Processor", "RTX"]));
    expect(select.value).toBe("cpu");
    expect(screen.getByLabelText("Where to compute")).toBe(select);
    await fireEvent.change(select, { target: { value: "card-0" } });
    expect(calls("save_settings")).toEqual([{ settings: { theme: "dark", compose: null, export: null, at_once: 4, device: { card: 0 } } }]);
  });

  it("is said to be the processor when a card fails, once on the page and beside it, and the card can be tried again", async () => {
    const { look, send, all, calls } = await at();
    look({ ...NOW, gpus: [RTX] });
    const lost: WorkerStatus = { ...READY, instead: { code: "device_lost", message: "the NVIDIA card failed (3 times in a short while)" } };
    send({ kind: "worker", status: lost });
    send({ kind: "worker", status: lost });
    await vi.waitFor(() => expect(all("card-notice")).toHaveLength(2));
    for (const notice of all("card-notice")) {
      expect(notice.textContent).toContain("Composing on the processor: the NVIDIA card failed (3 times in a short while)");
    }
    expect(screen.queryByTestId("toast")).toBeNull();
    await fireEvent.click(all("retry-device")[0] as HTMLElement);
    expect(calls("retry_device")).toHaveLength(1);
    send({ kind: "worker", status: { ...READY, state: "idle", device: null } });
    await vi.waitFor(() => expect(all("card-notice")).toHaveLength(0));
  });

  it("is the processor without ado where there is no card", async () => {
    const { look, send, all, one } = await at();
    look(NOW);
    send({ kind: "worker", status: { ...READY, instead: { code: "device_absent", message: "there is no NVIDIA driver" } } });
    expect((await one("no-card")).textContent).toBe("No NVIDIA card or driver was found: composing on the processor.");
    expect(all("card-notice")).toHaveLength(0);
    expect((await one("worker-status")).textContent).not.toContain("NVIDIA");
  });
});

describe("a measurement", () => {
  it("is asked for, followed, shown and used", async () => {
    const { calls, tell, one } = await at();
    await fireEvent.click(screen.getAllByTestId("bench-size").find(({ dataset }) => dataset["value"] === "8") as HTMLElement);
    await fireEvent.click(await one("bench-start"));
    expect(calls("bench")[0]).toMatchObject({ request: { model: null, batches: [1, 2, 4], patches: 256, runs: 3 } });
    tell({ kind: "running", batch: 2, done: 1, steps: 5, of: 12 });
    await vi.waitFor(async () => expect((await one("bench-running")).textContent).toContain("2 pieces at once, run 2 of 3 · 42 %"));
    const report: BenchReport = { ...benchReport(7, [5, 9, 15]), recommended: 4 };
    tell({ kind: "done", report });
    await vi.waitFor(async () => expect((await one("bench-advice")).textContent).toContain("gives 3.0 times the pieces of 1 at once"));
    await fireEvent.click(await one("bench-use"));
    expect(calls("save_settings").at(-1)).toMatchObject({ settings: { at_once: 4 } });
    await vi.waitFor(async () => expect((await one("bench-advice")).textContent).toContain("In use"));
  });

  it("can be stopped, which is no error", async () => {
    const { calls, tell, one } = await at();
    await fireEvent.click(await one("bench-start"));
    await fireEvent.click(await one("bench-stop"));
    expect(calls("stop_bench")).toHaveLength(1);
    tell({ kind: "failed", error: { code: "stopped", message: "the measurement was stopped" } });
    await one("bench-start");
    expect(screen.queryByTestId("toast")).toBeNull();
  });

  it("waits until nothing is being written", async () => {
    const { one } = await at({ queue: () => [job("j")] });
    await vi.waitFor(async () => expect(((await one("bench-start")) as HTMLButtonElement).disabled).toBe(true));
  });

  it("is kept, compared and removed", async () => {
    const { calls } = await at({ benches: () => [benchReport(9, [3, 4]), benchReport(8, [1, 2])] });
    await vi.waitFor(() => expect(screen.getAllByTestId("bench-past")).toHaveLength(2));
    const bars = () => document.querySelectorAll("rect.bar").length;
    const before = bars();
    await fireEvent.click(screen.getAllByTestId("bench-compare")[1] as HTMLElement);
    expect(bars()).toBe(2 * before);
    await fireEvent.click(screen.getAllByTestId("bench-forget")[1] as HTMLElement);
    await vi.waitFor(() => expect(screen.getAllByTestId("bench-past")).toHaveLength(1));
    expect(calls("forget_bench")).toEqual([{ madeMs: 8 }]);
    expect(bars()).toBe(before);
  });
});
