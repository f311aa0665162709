// The machine: what it does now, and measurements of it. A measurement goes on while one looks at other
// places, so it lives as long as the window.
import type { BenchProgress, BenchReport, BenchRow, Machine } from "./bindings";
import { benchRequest, emptyBenchForm, type BenchForm } from "./bench";
import { ipc } from "./ipc";
import { toasts } from "./toasts.svelte";

/** Looks that are remembered, one a second. */
const MOST_LOOKS = 60;

interface Running {
  batch: number;
  done: number;
  runs: number;
  steps: number;
  of: number;
  rows: BenchRow[];
}

class MachineStore {
  now = $state<Machine | null>(null);
  /** Loads of the last minute, oldest first. */
  loads = $state<number[]>([]);
  reports = $state<BenchReport[]>([]);
  loaded = $state(false);
  form = $state<BenchForm>(emptyBenchForm());
  running = $state<Running | null>(null);
  stopping = $state(false);
  /** When the report was made that is shown large, and those it is compared with. */
  shown = $state<number | null>(null);
  compared = $state<number[]>([]);

  report = $derived(this.reports.find(({ made_ms }) => made_ms === this.shown) ?? this.reports[0] ?? null);
  others = $derived(this.reports.filter(({ made_ms }) => this.compared.includes(made_ms) && made_ms !== this.report?.made_ms));

  /** Watches until the returned function is called. */
  watch(): () => void {
    ipc.watchMachine((machine) => this.look(machine)).catch((error) => toasts.error(error));
    void this.#load();
    return () => {
      ipc.unwatchMachine().catch(() => undefined);
    };
  }

  look(machine: Machine): void {
    this.now = machine;
    this.loads = [...this.loads, machine.load].slice(-MOST_LOOKS);
  }

  async #load(): Promise<void> {
    try {
      this.reports = await ipc.benches();
      this.loaded = true;
    } catch (error) {
      toasts.error(error);
    }
  }

  async measure(): Promise<void> {
    const request = benchRequest($state.snapshot(this.form) as BenchForm);
    if (request === null || this.running) return;
    this.running = { batch: request.batches[0] ?? 1, done: 0, runs: request.runs, steps: 0, of: 1, rows: [] };
    this.stopping = false;
    try {
      await ipc.bench(request, (progress) => this.#hear(progress));
    } catch (error) {
      this.running = null;
      toasts.error(error);
    }
  }

  stop(): void {
    this.stopping = true;
    ipc.stopBench().catch((error) => toasts.error(error));
  }

  #hear(progress: BenchProgress): void {
    switch (progress.kind) {
      case "running":
        if (this.running) {
          const { batch, done, steps, of } = progress;
          Object.assign(this.running, { batch, done, steps, of });
        }
        return;
      case "row":
        this.running?.rows.push(progress.row);
        return;
      case "done":
        this.running = null;
        this.reports = [progress.report, ...this.reports];
        this.shown = progress.report.made_ms;
        return;
      case "failed":
        this.running = null;
        if (progress.error.code !== "stopped") toasts.error(progress.error);
    }
  }

  compare(report: BenchReport, on: boolean): void {
    const rest = this.compared.filter((made) => made !== report.made_ms);
    this.compared = on ? [...rest, report.made_ms] : rest;
  }

  async forget(report: BenchReport): Promise<void> {
    try {
      await ipc.forgetBench(report.made_ms);
      this.reports = this.reports.filter(({ made_ms }) => made_ms !== report.made_ms);
      this.compare(report, false);
    } catch (error) {
      toasts.error(error);
    }
  }
}

export const machine = new MachineStore();
