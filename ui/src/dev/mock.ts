// The application as this window sees it, made up: pieces, a queue that composes, errors on
// demand. Only for `vite --mode mock`. The address chooses what is seen: `?empty`, `?broken`,
// `?nomodel`, `?models`, `?workerdown`, `?gpu`, `?lostcard`, `?theme=dark`.
import { mockIPC } from "@tauri-apps/api/mocks";
import type * as T from "../lib/bindings";
import { keyOf } from "../lib/events";
import { MUSICXML, TEXT } from "./sample";
import { STYLES } from "./styles";

const has = (name: string) => new URLSearchParams(location.search).has(name);
const raw = (files: Record<string, unknown>) =>
  Object.keys(files).sort().map((path) => files[path] as string);

const scores = raw(import.meta.glob("./scores/*.musicxml", { query: "?raw", import: "default", eager: true }));
const texts = raw(import.meta.glob("./scores/*.abc", { query: "?raw", import: "default", eager: true }));
const SOURCES = scores.length > 0 ? scores.map((xml, at) => ({ xml, text: texts[at] ?? TEXT })) : [{ xml: MUSICXML, text: TEXT }];

const header = (text: string) => text.slice(0, text.indexOf("[r:"));
const bars = (text: string) => text.slice(text.indexOf("[r:")).trimEnd().split("\n").map((line) => `${line}\n`);
const upTo = (xml: string, count: number) =>
  xml.replace(/<measure number="(\d+)"[\s\S]*?<\/measure>/g, (all, number) => (Number(number) <= count ? all : ""));

/** Bars of a score alone, with what was in force at its beginning. */
function excerpt(xml: string, first: number, last: number): string {
  return xml.replace(/<part id[\s\S]*?<\/part>/g, (part) => {
    const attributes = /<attributes>[\s\S]*?<\/attributes>/.exec(part)?.[0] ?? "";
    return part.replace(/(<measure number="(\d+)"[^>]*>)([\s\S]*?<\/measure>)/g, (_, head, number, rest) => {
      if (Number(number) < first || Number(number) > last) return "";
      return Number(number) === first && !String(rest).includes("<attributes>") ? `${head}${attributes}${rest}` : `${head}${rest}`;
    });
  });
}

const SAMPLING = { top_k: 9, top_p: 0.9, temperature: 0.7 };
const LIMITS = { max_bars: null, max_patches: null, max_seconds: null };
const KEYS = ["F minor", "G major", "D major", "B♭ major", "A minor", "E♭ major", "C♯ minor"];
const ALL: T.Style[] = STYLES.flatMap(({ period, composers }) =>
  composers.flatMap(({ composer, instrumentations }) =>
    instrumentations.map((instrumentation) => ({ period, composer, instrumentation })),
  ),
);

const fail = (code: string, message: string): never => {
  throw { code, message } satisfies T.ErrorView;
};
const pick = <V>(list: V[], at: number): V => list[at % list.length] as V;

function model(id: string, name: string, description: string, parameters: number, installed: boolean, url: string | null): T.ModelInfo {
  return {
    id, name, description, licence: installed ? "CC0-1.0" : "MIT", installed, dtype: installed ? "f16" : null, parameters, hidden_size: 256, patch_layers: 6,
    char_layers: 2, patch_length: 1024, sampling: SAMPLING, url,
  };
}

const MODELS = [
  ...(has("nomodel") ? [] : [model("partita-demo", "Partita demo", "Small, for trying things out: art songs and string quartets.", 7_100_000, true, null)]),
  model("notagen-x", "NotaGen-X", "The full model.", 516_000_000, has("models"), "https://huggingface.co/ElectricAlexis/NotaGen"),
];

let now = Date.now();
const pieces = new Map<string, { piece: T.Piece; source: number; deleted: boolean }>();
const jobs: T.JobView[] = [];
let settings: T.Settings = { theme: new URLSearchParams(location.search).get("theme"), compose: null, export: null, at_once: null, device: "auto" };
const CARD = "NVIDIA GeForce RTX 3060";
let worker: T.WorkerStatus = has("workerdown")
  ? { state: "failed", model: null, device: null, instead: null, slots: null, plan: null, error: { code: "worker_failed", message: "the worker stopped three times within a minute; see the log" } }
  : { state: "ready", model: "partita-demo", device: has("gpu") ? CARD : "CPU, 2 threads", slots: 2, error: null,
      instead: has("gpu") ? null : has("lostcard")
        ? { code: "device_lost", message: "the NVIDIA card failed: an illegal memory access was encountered (3 times in a short while)" }
        : { code: "device_absent", message: "there is no NVIDIA driver" },
      plan: { dtype: null, is_smaller: false, slots: 2, slots_asked: 8, weights: 20_300_000, slot: 17_200_000, working: 8_100_000,
        program: has("gpu") ? 0 : 6_400_000, available: 21_000_000_000, on_card: has("gpu") } };
let emit: (event: T.StudioEvent) => void = () => undefined;

function addPiece(id: string, variation: T.VariationId, style: T.Style, seed: number, state: T.VariationState, count: number, at: number, source: number): string {
  const { text } = pick(SOURCES, source);
  const lines = bars(text).slice(0, count);
  pieces.set(id, {
    source,
    deleted: false,
    piece: {
      summary: { id, variation, title: `${style.instrumentation} in ${pick(KEYS, source + seed)}`, style, model: "partita-demo", seed, state, bars: lines.length, created_ms: at },
      sampling: SAMPLING, guard: "repair", dtype: null, limits: LIMITS, model_sha256: "9f".repeat(32),
      ending: state === "done" ? "complete" : null, first_bar_ms: 1840, duration_ms: state === "running" ? null : 48_200,
      text: header(text) + lines.join(""),
    },
  });
  return id;
}

function job(style: T.Style, states: T.VariationState[], at: number, seed = 8_812_345): T.JobView {
  const id = crypto.randomUUID();
  const variations = states.map((state, k): T.VariationView => {
    const vid = { job: id, number: k + 1 };
    const total = bars(pick(SOURCES, k).text).length;
    const count = state === "done" ? total : state === "queued" ? 0 : Math.max(3, Math.floor(total / (k + 2)));
    const piece = count > 0 ? addPiece(crypto.randomUUID(), vid, style, seed + k, state, count, at + k * 1000, k) : null;
    return {
      id: vid, seed: seed + k, state, attempt: 1, bars: count, bars_expected: state === "queued" ? null : total,
      started_ms: state === "queued" ? null : at + 2000, ended_ms: state === "running" || state === "queued" ? null : at + 50_000,
      error: state === "failed" ? { code: "weights_truncated", message: "the model’s weights end early (12.1 of 14.4 MB); install the model again" } : null,
      piece,
    };
  });
  return { id, created_ms: at, style, model: "partita-demo", sampling: SAMPLING, limits: LIMITS, priority: "normal", variations };
}

function fill(): void {
  for (let k = 0; k < 640; k += 1) {
    const style = pick(ALL, k * 7 + (k >> 3));
    const state = k % 11 === 4 ? "cancelled" : k % 23 === 9 ? "failed" : "done";
    addPiece(crypto.randomUUID(), { job: crypto.randomUUID(), number: 1 + (k % 3) }, style, 1000 + k * 7919, state, state === "done" ? 400 : 9 + (k % 17), now - 3_600_000 * (2 + k * 1.7), k);
  }
  const schubert = { period: "Romantic", composer: "Schubert, Franz", instrumentation: "Art Song" };
  jobs.push(job({ period: "Classical", composer: "Haydn, Joseph", instrumentation: "Chamber" }, ["done", "done", "cancelled", "failed"], now - 7_500_000, 4_242));
  jobs.unshift(job(schubert, ["running", "running", "queued", "queued"], now - 21_000));
  const interrupted = jobs[0]?.variations[1];
  if (interrupted) Object.assign(interrupted, { attempt: 2, error: { code: "worker_lost", message: "the worker was ended by the system (out of memory) and has been started again" } });
}

/** One bar more for everything that runs; what waits gets its slot. */
function step(): void {
  now = Date.now();
  for (const { variations } of jobs) {
    for (const variation of variations) {
      const at = variation.id.number - 1;
      const { text } = pick(SOURCES, at);
      const lines = bars(text);
      if (variation.state === "queued" && running() < 2) {
        Object.assign(variation, { state: "running", started_ms: now, bars: 0, piece: null });
        emit({ kind: "restarted", id: variation.id });
        emit({ kind: "header", id: variation.id, text: header(text) });
      } else if (variation.state === "running") {
        const index = variation.bars;
        variation.bars += 1;
        variation.bars_expected = lines.length;
        variation.piece ??= addPiece(crypto.randomUUID(), variation.id, styleOf(variation.id), variation.seed, "running", 0, now, at);
        const held = pieces.get(variation.piece);
        if (held) {
          held.piece.text += lines[index] ?? "";
          held.piece.summary.bars = variation.bars;
        }
        emit({ kind: "bar", id: variation.id, piece: variation.piece, index, text: lines[index] ?? "" });
        if (variation.bars >= lines.length) end(variation, "done");
      } else continue;
      emit({ kind: "variation", variation: structuredClone(variation) });
    }
  }
}

const running = () => jobs.flatMap(({ variations }) => variations).filter(({ state }) => state === "running").length;
const styleOf = (id: T.VariationId) => jobs.find((known) => known.id === id.job)?.style ?? (ALL[0] as T.Style);

function end(variation: T.VariationView, state: "done" | "cancelled"): void {
  Object.assign(variation, { state, ended_ms: Date.now(), error: null });
  const held = variation.piece === null ? undefined : pieces.get(variation.piece);
  if (!held) return;
  held.piece.summary.state = state;
  held.piece.duration_ms = 31_000;
  held.piece.ending = state === "done" ? "complete" : null;
}

function find(id: T.VariationId): T.VariationView {
  const found = jobs.flatMap(({ variations }) => variations).find((variation) => keyOf(variation.id) === keyOf(id));
  return found ?? fail("not_found", "this variation is not in the queue");
}

function held(id: string) {
  const found = pieces.get(id);
  return found && !found.deleted ? found : fail("not_found", "the piece is no longer in the library");
}

function list(query: T.LibraryQuery): T.LibraryPage {
  const all = [...pieces.values()].filter(({ deleted }) => !deleted).map(({ piece }) => piece.summary).sort((a, b) => b.created_ms - a.created_ms);
  const matching = all.filter(({ style }) => (["period", "composer", "instrumentation"] as const).every((part) => query[part] === null || style[part] === query[part]));
  const from = query.after === null ? 0 : Number(query.after);
  const to = from + (query.limit ?? 50);
  const styles = [...new Map(all.map(({ style }) => [JSON.stringify(style), style])).values()];
  return { pieces: matching.slice(from, to), next: to < matching.length ? String(to) : null, total: matching.length, styles };
}

function compose(request: T.ComposeRequest): T.JobView {
  if (request.limits.max_bars === 13) fail("invalid_request", "thirteen bars bring bad luck (this is the mock’s refusal)");
  const made = job(request.style, Array.from({ length: request.variations }, () => "queued" as const), Date.now(), request.seed ?? Math.floor(Math.random() * 1e9));
  Object.assign(made, { sampling: request.sampling ?? SAMPLING, limits: request.limits });
  jobs.unshift(made);
  emit({ kind: "job", job: structuredClone(made) });
  return made;
}

const MACHINE = {
  processor: "AMD Ryzen 7 5800X 8-Core Processor", threads: 16,
  gpus: has("gpu") || has("lostcard") ? [{ name: CARD, memory: 12_600_000_000, memory_taken: 3_100_000_000, load: 0.87, celsius: 61, watts: 148 }] : [],
};

function measured(made_ms: number, rates: number[], dtype: T.Dtype | null): T.BenchReport {
  const rows = rates.map((pieces_per_minute, at): T.BenchRow => {
    const batch = 2 ** at;
    const latency_ms = (60_000 * batch) / pieces_per_minute;
    const plan = { dtype, is_smaller: false, slots: batch, slots_asked: batch, weights: 553e6, slot: 105e6, working: 90e6, program: 7e6, available: 21e9, on_card: false };
    return {
      batch, latency_ms, latency_sd_ms: latency_ms * 0.02, first_bar_ms: latency_ms * 0.07, peak_bytes: 650e6 + batch * 70e6,
      growth: (650 + batch * 70) / 720, pieces_per_minute, patches_per_second: (pieces_per_minute * 512) / 60, plan, other_load: 0.02,
    };
  });
  return {
    made_ms, version: "0.1.0", model: "notagen-x", parameters: 516_000_000, dtype, device: "CPU, 16 threads", processor: MACHINE.processor,
    memory: 34e9, patches: 512, runs: 5, rows, recommended: 8, notes: [],
  };
}

let benches: T.BenchReport[] = has("nobench") ? [] : [
  measured(now - 3_600_000, [3.1, 5.4, 8.8, 12.9, 13.6], "q8_0"), measured(now - 86_400_000, [1.4, 2.2, 3.9, 5.5, 5.8], "f16"),
];
let stopped = false;

async function bench(request: T.BenchRequest, tell: (progress: T.BenchProgress) => void): Promise<void> {
  stopped = false;
  const of = request.batches.length * (request.runs + 1);
  const report = measured(Date.now(), [3.3, 5.6, 9.1, 13.2, 13.9, 14].slice(0, request.batches.length), request.dtype);
  for (let step = 0; step < of; step += 1) {
    const at = Math.floor(step / (request.runs + 1));
    tell({ kind: "running", batch: request.batches[at] ?? 1, done: step % (request.runs + 1), steps: step, of });
    await new Promise((resolve) => setTimeout(resolve, 400));
    if (stopped) return tell({ kind: "failed", error: { code: "stopped", message: "the measurement was stopped" } });
    if ((step + 1) % (request.runs + 1) === 0) tell({ kind: "row", row: report.rows[at] as T.BenchRow });
  }
  benches = [report, ...benches];
  tell({ kind: "done", report });
}

// The arguments are what ipc.ts sends; checking them here again would test nothing.
type Args = Record<string, any>;
const commands: Record<string, (args: Args) => unknown> = {
  models: () => MODELS,
  styles: () => STYLES,
  compose: ({ request }) => compose(request),
  queue: () => jobs,
  cancel: ({ id }) => {
    const variation = find(id);
    end(variation, "cancelled");
    emit({ kind: "variation", variation: structuredClone(variation) });
  },
  retry: ({ id }) => {
    const variation = find(id);
    Object.assign(variation, { state: "queued", attempt: variation.attempt + 1, bars: 0, bars_expected: null, started_ms: null, ended_ms: null, error: null });
    emit({ kind: "variation", variation: structuredClone(variation) });
  },
  prioritise: ({ id, priority }) => {
    const found = jobs.find((known) => known.id === id) ?? fail("not_found", "this job is not in the queue");
    found.priority = priority;
    emit({ kind: "job", job: structuredClone(found) });
    return found;
  },
  watch_machine: ({ channel }) => {
    const look = () => channel.onmessage({
      ...MACHINE, load: 0.35 + 0.3 * Math.sin(Date.now() / 4000) + 0.1 * Math.random(), memory: { total: 34_000_000_000, available: 21_000_000_000 },
    });
    for (let k = 0; k < 20; k += 1) look();
    setInterval(look, 1000);
  },
  unwatch_machine: () => undefined,
  bench: ({ request, channel }) => void bench(request, (progress) => channel.onmessage(structuredClone(progress))),
  stop_bench: () => void (stopped = true),
  benches: () => benches,
  forget_bench: ({ madeMs }) => void (benches = benches.filter(({ made_ms }) => made_ms !== madeMs)),
  clear_finished: () => {
    const open = jobs.filter(({ variations }) => variations.some(({ state }) => state === "running" || state === "queued"));
    jobs.splice(0, jobs.length, ...open);
  },
  library: ({ query }) => (has("broken") ? fail("library_failed", "the disk gives errors at the library’s file") : list(query)),
  piece: ({ id }) => held(id).piece,
  engraving: ({ id }): T.Engraving => {
    const { piece, source } = held(id);
    const { xml } = pick(SOURCES, piece.summary.variation.number > 0 && piece.summary.state === "running" ? piece.summary.variation.number - 1 : source);
    if (piece.summary.bars === 0) fail("no_music", "there is no bar in it yet");
    if (has("badscore")) return { musicxml: "<not a score", parts: 0, bars: 0, diagnostics: [] };
    return {
      musicxml: upTo(xml, piece.summary.bars), parts: 2, bars: piece.summary.bars,
      diagnostics: piece.summary.seed % 2 ? [] : [
        { severity: "warning", bar: 4, message: "voice 3 was 1/8 short; a rest was added at the end of the bar" },
        { severity: "note", bar: 9, message: "a slur that never ends was left out" },
        { severity: "error", bar: 17, message: "voice 2 was written twice; the second one was dropped" },
      ],
    };
  },
  live_engraving: ({ id, from, most }): T.LiveEngraving => {
    const { bars: last } = find(id);
    if (last === 0) fail("no_music", "it has no bar yet");
    const first = Math.max(from ?? 1, last - most + 1);
    if (has("badscore")) return { musicxml: "<not a score", first, last, staves: 3 };
    return { musicxml: excerpt(pick(SOURCES, id.number - 1).xml, first, last), first, last, staves: 3 };
  },
  recall: (): T.Recalled => {
    if (has("foreign")) fail("no_settings", "this score was not composed by Partita, so there are no settings to take from it; it can be converted to other formats (in a terminal: partita export FILE -o OUT)");
    return {
      file: "Haydn - Chamber in D major (seed 4242).musicxml", title: "Chamber in D major", style: { period: "Classical", composer: "Haydn, Joseph", instrumentation: "Chamber" },
      model: "partita-demo", seed: 4242, sampling: { ...SAMPLING, temperature: 1.1 }, guard: "off", dtype: null, limits: { ...LIMITS, max_bars: 24 }, notes: [],
    };
  },
  // `?drop` shows what is seen while a file is dragged over the window.
  watch_drops: ({ channel }) => {
    if (has("drop")) setTimeout(() => channel.onmessage({ kind: "over" }), 500);
  },
  delete_piece: ({ id }) => void (held(id).deleted = true),
  restore_piece: ({ id }) => {
    const found = pieces.get(id);
    if (found) found.deleted = false;
  },
  export_piece: ({ id, format }) => {
    if (format === "mxl") fail("disk_full", "cannot write /home/clara/Music/song.mxl: no space left on device; make room and try again");
    return `/home/clara/Music/${held(id).piece.summary.title}.${String(format)}`;
  },
  settings: () => settings,
  save_settings: ({ settings: next }) => void (settings = structuredClone(next)),
  worker_status: () => worker,
  retry_device: () => {
    worker = { ...worker, state: "idle", device: null, instead: null, plan: null };
    emit({ kind: "worker", status: worker });
  },
  subscribe: ({ channel }) => {
    emit = (event) => (channel as { onmessage(event: T.StudioEvent): void }).onmessage(structuredClone(event));
  },
};

export async function installMock(): Promise<void> {
  if (!has("empty")) fill();
  mockIPC((name, args) => {
    const command = commands[name];
    if (!command) throw new Error(`the mock has no command ${name}`);
    const answer = command((args ?? {}) as Args);
    return answer === undefined ? undefined : structuredClone(answer);
  });
  if (!has("still") && !has("workerdown")) setInterval(step, 700);
}
