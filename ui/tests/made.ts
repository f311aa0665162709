// Values for the tests, complete and dull; a test names only what it is about.
import type { BenchReport, BenchRow, JobView, LibraryPage, MemoryPlan, Piece, PieceSummary, Style, VariationView } from "../src/lib/bindings";

export const STYLE: Style = { period: "Romantic", composer: "Schubert, Franz", instrumentation: "Art Song" };
export const SAMPLING = { top_k: 9, top_p: 0.9, temperature: 0.7 };
export const NO_LIMITS = { max_bars: null, max_patches: null, max_seconds: null };

export function variation(job: string, number: number, change: Partial<VariationView> = {}): VariationView {
  return {
    id: { job, number }, seed: 40 + number, state: "queued", attempt: 1, bars: 0, bars_expected: null, started_ms: null,
    ended_ms: null, error: null, piece: null, ...change,
  };
}

export function job(id: string, change: Partial<JobView> = {}, count = 2): JobView {
  const variations = Array.from({ length: count }, (_, at) => variation(id, at + 1));
  return { id, created_ms: 1000, style: STYLE, model: "demo", sampling: SAMPLING, limits: NO_LIMITS, priority: "normal", variations, ...change };
}

export function summary(id: string, change: Partial<PieceSummary> = {}): PieceSummary {
  return {
    id, variation: { job: "j", number: 1 }, title: `Piece ${id}`, style: STYLE, model: "demo", seed: 41, state: "done", bars: 12,
    created_ms: 1000, ...change,
  };
}

export function piece(id: string, change: Partial<PieceSummary> = {}): Piece {
  return {
    summary: summary(id, change), sampling: SAMPLING, guard: "repair", dtype: null, limits: NO_LIMITS, model_sha256: "00", ending: "complete", first_bar_ms: 900,
    duration_ms: 4000, text: "%Romantic\nX\n[r:0/1]c|\n",
  };
}

export function page(pieces: PieceSummary[], next: string | null = null, total = pieces.length): LibraryPage {
  return { pieces, next, total, styles: [STYLE] };
}

export const PLAN: MemoryPlan = { dtype: null, is_smaller: false, slots: 2, slots_asked: 2, weights: 100, slot: 10, working: 5, program: 7, available: 1000, on_card: false };

/** Batch sizes 1, 2, 4 … with these pieces a minute. */
export function benchReport(made_ms: number, rates: number[]): BenchReport {
  const rows = rates.map((pieces_per_minute, at): BenchRow => {
    const batch = 2 ** at;
    return {
      batch, latency_ms: (60_000 * batch) / pieces_per_minute, latency_sd_ms: 10, first_bar_ms: 100, peak_bytes: 1e8 * batch, growth: batch,
      pieces_per_minute, patches_per_second: 10, plan: PLAN, other_load: 0,
    };
  });
  return {
    made_ms, version: "0.1.0", model: "demo", parameters: 7e6, dtype: null, device: "CPU", processor: "A processor", memory: 16e9, patches: 64,
    runs: 3, rows, recommended: 1, notes: [],
  };
}
