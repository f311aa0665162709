// A measurement's form, and reports as charts. Pure.
import type { BenchReport, BenchRequest, BenchRow, Dtype } from "./bindings";
import { whole } from "./form";

export const SIZES = [1, 2, 4, 8, 16, 32] as const;

/** Published shapes that can be measured without their weights. */
export const SHAPES = [
  { shape: "notagen-x", label: "NotaGen-X and large" },
  { shape: "medium", label: "NotaGen medium" },
  { shape: "small", label: "NotaGen small" },
] as const;

export interface BenchForm {
  /** A model's id, or `shape:` and the name of a shape. */
  subject: string;
  dtype: Dtype | null;
  batches: number[];
  patches: string;
  runs: string;
}

export const emptyBenchForm = (): BenchForm => ({ subject: "", dtype: null, batches: [1, 2, 4, 8], patches: "256", runs: "3" });

export type BenchProblems = Partial<Record<"batches" | "patches" | "runs", string>>;

export function benchProblems({ batches, patches, runs }: BenchForm): BenchProblems {
  const found: BenchProblems = {};
  const within = (text: string, most: number) => {
    const value = whole(text);
    return value !== null && value >= 1 && value <= most;
  };
  if (batches.length === 0) found.batches = "Choose at least one.";
  if (!within(patches, 1000)) found.patches = "From 1 to 1000.";
  if (!within(runs, 100)) found.runs = "From 1 to 100.";
  return found;
}

export function benchRequest(form: BenchForm): BenchRequest | null {
  if (Object.keys(benchProblems(form)).length > 0) return null;
  const shape = form.subject.startsWith("shape:") ? form.subject.slice("shape:".length) : null;
  return {
    model: shape === null ? form.subject || null : null,
    shape,
    dtype: form.dtype,
    threads: null,
    batches: [...form.batches].sort((a, b) => a - b),
    patches: whole(form.patches) ?? 1,
    runs: whole(form.runs) ?? 1,
  };
}

export interface Bar {
  batch: number;
  value: number;
  /** Half the length of the line that shows how far runs differ. */
  spread: number;
  /** 0 to 1 of the chart's height. */
  height: number;
}

export type Measure = "pieces" | "seconds" | "memory";

const VALUES: Record<Measure, (row: BenchRow) => number> = {
  pieces: (row) => row.pieces_per_minute,
  seconds: (row) => row.latency_ms / 1000,
  memory: (row) => row.peak_bytes / 1e9,
};

export const valueOf = (measure: Measure, row: BenchRow) => VALUES[measure](row);

/** The smallest of 1, 2, 5, 10, 20, 50 … that is no less. */
export function ceiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((step) => step * power >= value) ?? 10;
  return step * power;
}

/** What the tallest bar of all reports reaches up to. */
export const topOf = (measure: Measure, reports: BenchReport[]) =>
  ceiling(Math.max(0, ...reports.flatMap(({ rows }) => rows.map((row) => valueOf(measure, row)))));

/** Batch sizes of all reports, in order. */
export const sizesOf = (reports: BenchReport[]) =>
  [...new Set(reports.flatMap(({ rows }) => rows.map(({ batch }) => batch)))].sort((a, b) => a - b);

export function barsOf(measure: Measure, report: BenchReport, top: number): Bar[] {
  return report.rows.map((row) => {
    const value = valueOf(measure, row);
    const spread = measure === "seconds" ? row.latency_sd_ms / 1000 : 0;
    return { batch: row.batch, value, spread, height: Math.min(1, value / top) };
  });
}

/** `12`, `3.4`, `0.05`: two digits that matter, and whole numbers from ten on. */
export const short = (value: number) => (value >= 10 ? String(Math.round(value)) : value >= 1 ? value.toFixed(1) : value.toFixed(2));

/** What the recommended size gains and costs against the smallest. */
export function gain(report: BenchReport): { times: number; longer: number; batch: number; than: number } | null {
  const [first] = report.rows;
  const best = report.rows.find(({ batch }) => batch === report.recommended);
  if (!first || !best || first === best) return null;
  return {
    batch: best.batch,
    than: first.batch,
    times: best.pieces_per_minute / first.pieces_per_minute,
    longer: best.latency_ms / first.latency_ms,
  };
}
