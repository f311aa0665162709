// Made from the Rust types by `./dev test` with PARTITA_UPDATE=1. Do not edit.

export type JobId = string;
export type VariationId = { 
/**
 * The job it belongs to.
 */
job: JobId, 
/**
 * 1 for the job's first seed.
 */
number: number, };
export type VariationState = "queued" | "running" | "done" | "cancelled" | "failed";
export type Ending = "complete" | "bar_limit" | "length_limit" | "time_limit";
export type Style = { 
/**
 * For example `Romantic`.
 */
period: string, 
/**
 * Family name first: `Schubert, Franz`.
 */
composer: string, 
/**
 * For example `Art Song`.
 */
instrumentation: string, };
export type Sampling = { 
/**
 * At least 1; 1 always takes the likeliest character.
 */
top_k: number, 
/**
 * In (0, 1].
 */
top_p: number, 
/**
 * At least 0; 0 takes the likeliest character.
 */
temperature: number, };
export type GuardMode = "strict" | "repair" | "off";
export type Limits = { 
/**
 * Bars: lines of interleaved text.
 */
max_bars: number | null, 
/**
 * Patches of 16 characters, the header's included; not those that were taken back.
 */
max_patches: number | null, 
/**
 * Wall-clock seconds from the variation's start.
 */
max_seconds: number | null, };
export type Priority = "low" | "normal" | "high";
export type Dtype = "f32" | "f16" | "bf16" | "q8_0" | "q4k";
export type Device = "auto" | "cpu" | { "card": number };
export type MemoryPlan = { 
/**
 * The format of the weights; the file's own if there is none.
 */
dtype: Dtype | null, 
/**
 * Whether another format was asked for, which did not fit.
 */
is_smaller: boolean, 
/**
 * Pieces at once.
 */
slots: number, 
/**
 * Pieces at once that were asked for.
 */
slots_asked: number, 
/**
 * The weights.
 */
weights: number, 
/**
 * The context of one piece when it is full.
 */
slot: number, 
/**
 * Buffers, or what loading takes for a time.
 */
working: number, 
/**
 * What the process holds before there is a model.
 */
program: number, 
/**
 * What the process could take when it was planned.
 */
available: number, 
/**
 * Whether it is a graphics card's memory, and not this computer's.
 */
on_card: boolean, };
export type Machine = { 
/**
 * For people: `AMD Ryzen 7 5800X 8-Core Processor`.
 */
processor: string, 
/**
 * Threads it runs at once.
 */
threads: number, 
/**
 * The share of its time in which it was busy since the last look, 0 to 1.
 */
load: number, 
/**
 * Its memory.
 */
memory: Memory, 
/**
 * Its graphics cards, as far as they are NVIDIA's.
 */
gpus: Array<Gpu>, };
export type Memory = { 
/**
 * All there is.
 */
total: number, 
/**
 * What a process can still take without the system swapping.
 */
available: number, };
export type Gpu = { 
/**
 * For people: `NVIDIA GeForce RTX 3060`.
 */
name: string, 
/**
 * All its memory, in bytes.
 */
memory: number | null, 
/**
 * What of it is taken, by anybody.
 */
memory_taken: number | null, 
/**
 * The share of the time in which something computed on it, 0 to 1.
 */
load: number | null, 
/**
 * In degrees Celsius.
 */
celsius: number | null, 
/**
 * In watts.
 */
watts: number | null, };
export type ErrorView = { 
/**
 * Stable, in snake case.
 */
code: string, 
/**
 * What happened and what to do.
 */
message: string, };
export type ModelInfo = { 
/**
 * Its folder's name: `partita-demo`.
 */
id: string, 
/**
 * For people.
 */
name: string, 
/**
 * One or two sentences: what it can do.
 */
description: string, 
/**
 * SPDX or in words.
 */
licence: string, 
/**
 * Whether it can compose now.
 */
installed: boolean, 
/**
 * How its weights are stored, if it is here and says so.
 */
dtype: Dtype | null, 
/**
 * Number of weights.
 */
parameters: number, 
/**
 * Width of both decoders.
 */
hidden_size: number, 
/**
 * Layers of the patch decoder.
 */
patch_layers: number, 
/**
 * Layers of the character decoder.
 */
char_layers: number, 
/**
 * Patches of context.
 */
patch_length: number, 
/**
 * How it is sampled unless the user says otherwise.
 */
sampling: Sampling, 
/**
 * Where it can be read about or had from, if it is not here.
 */
url: string | null, };
export type PeriodStyles = { 
/**
 * For example `Romantic`.
 */
period: string, 
/**
 * In alphabetical order.
 */
composers: Array<ComposerStyles>, };
export type ComposerStyles = { 
/**
 * Family name first.
 */
composer: string, 
/**
 * What the model learned from this composer.
 */
instrumentations: Array<string>, };
export type ComposeRequest = { 
/**
 * A model's id; the first one installed if absent.
 */
model: string | null, 
/**
 * One of the model's styles.
 */
style: Style, 
/**
 * How many, 1 to 64.
 */
variations: number, 
/**
 * The first variation's seed, each next one's is one more; drawn at random if absent.
 */
seed: number | null, 
/**
 * The model's own if absent.
 */
sampling: Sampling | null, 
/**
 * Repair if absent.
 */
guard: GuardMode | null, 
/**
 * The format in which the model's weights are kept; the model's own if absent.
 */
dtype: Dtype | null, 
/**
 * Where pieces end at the latest.
 */
limits: Limits, 
/**
 * How soon its variations get their slots; normal if absent.
 */
priority: Priority | null, };
export type JobView = { 
/**
 * Its identity.
 */
id: JobId, 
/**
 * Milliseconds since 1970.
 */
created_ms: number, 
/**
 * The style prompt.
 */
style: Style, 
/**
 * The model's id.
 */
model: string, 
/**
 * How characters are drawn.
 */
sampling: Sampling, 
/**
 * Where pieces end at the latest.
 */
limits: Limits, 
/**
 * How soon its variations get their slots.
 */
priority: Priority, 
/**
 * In order of their number.
 */
variations: Array<VariationView>, };
export type VariationView = { 
/**
 * Which.
 */
id: VariationId, 
/**
 * The seed that decides it.
 */
seed: number, 
/**
 * Where it stands.
 */
state: VariationState, 
/**
 * 1 for the first time it runs; more after a worker died or the user tried again.
 */
attempt: number, 
/**
 * Bars written so far.
 */
bars: number, 
/**
 * Bars the model, or the limit, expects in all, once it has said so.
 */
bars_expected: number | null, 
/**
 * When it got its slot, in milliseconds since 1970.
 */
started_ms: number | null, 
/**
 * When it reached a final state.
 */
ended_ms: number | null, 
/**
 * Why it failed, or what last interrupted it.
 */
error: ErrorView | null, 
/**
 * Its piece, from the first bar on.
 */
piece: string | null, };
export type PieceSummary = { 
/**
 * Its identity.
 */
id: string, 
/**
 * The job and variation it is.
 */
variation: VariationId, 
/**
 * For people: `Art Song in F minor`.
 */
title: string, 
/**
 * The style it was asked for in.
 */
style: Style, 
/**
 * The model's id.
 */
model: string, 
/**
 * The seed that decided it.
 */
seed: number, 
/**
 * Whether it is still being written, and how it ended.
 */
state: VariationState, 
/**
 * Bars written.
 */
bars: number, 
/**
 * When its first bar came, in milliseconds since 1970.
 */
created_ms: number, };
export type Piece = { 
/**
 * What lists show.
 */
summary: PieceSummary, 
/**
 * How characters were drawn.
 */
sampling: Sampling, 
/**
 * How it was seen to that what the model writes makes a score.
 */
guard: GuardMode, 
/**
 * The format in which the model's weights were kept; the model's own if there is none.
 */
dtype: Dtype | null, 
/**
 * Where it was to end at the latest.
 */
limits: Limits, 
/**
 * SHA-256 of the model's weights, in hexadecimal.
 */
model_sha256: string, 
/**
 * Why it ended, if it ended well.
 */
ending: Ending | null, 
/**
 * From the slot to the first bar, in milliseconds.
 */
first_bar_ms: number | null, 
/**
 * From the slot to the end, in milliseconds.
 */
duration_ms: number | null, 
/**
 * The text as the model wrote it.
 */
text: string, };
export type Engraving = { 
/**
 * MusicXML 4.0, the same that is exported.
 */
musicxml: string, 
/**
 * Number of parts.
 */
parts: number, 
/**
 * Number of measures.
 */
bars: number, 
/**
 * What had to be mended, in the order of the text.
 */
diagnostics: Array<DiagnosticView>, };
export type DiagnosticView = { 
/**
 * `note`, `warning` or `error`.
 */
severity: string, 
/**
 * The bar, from 1, if it concerns one.
 */
bar: number | null, 
/**
 * For people.
 */
message: string, };
export type LiveEngraving = { 
/**
 * MusicXML 4.0 of these bars, which stand alone: clefs, key and metre are those in force.
 */
musicxml: string, 
/**
 * Number of the first of them, from 1.
 */
first: number, 
/**
 * Number of the last of them: how many bars the piece has so far.
 */
last: number, 
/**
 * Staves of all parts together.
 */
staves: number, };
export type Recalled = { 
/**
 * The file's name, for people.
 */
file: string, 
/**
 * The piece's title.
 */
title: string, 
/**
 * The style prompt.
 */
style: Style, 
/**
 * The id of the model that wrote it, which may not be here.
 */
model: string, 
/**
 * The seed that decided it.
 */
seed: number, 
/**
 * How characters were drawn.
 */
sampling: Sampling, 
/**
 * How it was seen to that what the model writes makes a score.
 */
guard: GuardMode, 
/**
 * The format in which the model's weights were kept; the model's own if there is none.
 */
dtype: Dtype | null, 
/**
 * Where it was to end at the latest.
 */
limits: Limits, 
/**
 * For people: why composing it again here may give another piece.
 */
notes: Array<string>, };
export type LibraryQuery = { 
/**
 * Only of this period.
 */
period: string | null, 
/**
 * Only of this composer.
 */
composer: string | null, 
/**
 * Only of this instrumentation.
 */
instrumentation: string | null, 
/**
 * Only those after this cursor, from [`LibraryPage::next`].
 */
after: string | null, 
/**
 * At most so many, 1 to 200; 50 if absent.
 */
limit: number | null, };
export type LibraryPage = { 
/**
 * Newest first.
 */
pieces: Array<PieceSummary>, 
/**
 * Where the next page begins, if there is one.
 */
next: string | null, 
/**
 * How many match in all.
 */
total: number, 
/**
 * The styles that occur in the whole library, for the filter.
 */
styles: Array<Style>, };
export type ExportFormat = "abc" | "musicxml" | "mxl" | "midi" | "notagen";
export type WorkerState = "idle" | "starting" | "ready" | "restarting" | "failed";
export type WorkerStatus = { 
/**
 * How it is.
 */
state: WorkerState, 
/**
 * The model it holds.
 */
model: string | null, 
/**
 * For people: `CPU, 2 threads`.
 */
device: string | null, 
/**
 * Why pieces are written by the processor, where it takes a card's place. Its code begins with `device_`;
 * [`jobs::NO_CARD`] is no news.
 */
instead: ErrorView | null, 
/**
 * How many variations run at once.
 */
slots: number | null, 
/**
 * What its model takes of the memory.
 */
plan: MemoryPlan | null, 
/**
 * Why it is failed or restarting.
 */
error: ErrorView | null, };
export type StudioEvent = { "kind": "job", 
/**
 * The whole of it.
 */
job: JobView, } | { "kind": "variation", 
/**
 * The whole of it.
 */
variation: VariationView, } | { "kind": "restarted", 
/**
 * Which.
 */
id: VariationId, } | { "kind": "header", 
/**
 * Which.
 */
id: VariationId, 
/**
 * With line ends.
 */
text: string, } | { "kind": "bar", 
/**
 * Which.
 */
id: VariationId, 
/**
 * Its piece.
 */
piece: string, 
/**
 * Counts from 0.
 */
index: number, 
/**
 * A line of interleaved text.
 */
text: string, } | { "kind": "drawn", 
/**
 * Which.
 */
id: VariationId, 
/**
 * Patches of the piece.
 */
patches: number, 
/**
 * How often a bar of a voice, or a line of the header, was taken back and drawn again.
 */
rolled_back: number, } | { "kind": "worker", 
/**
 * The whole of it.
 */
status: WorkerStatus, } | { "kind": "trouble", 
/**
 * What.
 */
error: ErrorView, };
export type Settings = { 
/**
 * `light`, `dark`, or as the system says if absent.
 */
theme: string | null, 
/**
 * The last request, to begin the next with.
 */
compose: ComposeRequest | null, 
/**
 * The format that was last exported.
 */
export: ExportFormat | null, 
/**
 * The most pieces that are written at once; as Partita thinks best if absent.
 */
at_once: number | null, 
/**
 * Where to compute.
 */
device: Device, };
export type BenchRequest = { 
/**
 * A model's id; the first one installed if neither this nor a shape is given.
 */
model: string | null, 
/**
 * The shape of a published model (`notagen-x`, `large`, `medium`, `small`, `demo`), with weights that
 * mean nothing.
 */
shape: string | null, 
/**
 * The format in which weights are kept; the model's own if absent.
 */
dtype: Dtype | null, 
/**
 * How many threads compute; as many as the processor runs at once if absent.
 */
threads: number | null, 
/**
 * Pieces at once, one measurement for each of these.
 */
batches: Array<number>, 
/**
 * Patches of 16 characters in a piece.
 */
patches: number, 
/**
 * How often each is measured.
 */
runs: number, };
export type BenchReport = { 
/**
 * When it was begun, in milliseconds since 1970.
 */
made_ms: number, 
/**
 * `0.1.0`
 */
version: string, 
/**
 * The model's id, or `random weights, notagen-x`.
 */
model: string, 
/**
 * Number of weights.
 */
parameters: number, 
/**
 * The format of the weights that was used; the model's own if there is none.
 */
dtype: Dtype | null, 
/**
 * For people: `CPU, 2 threads`.
 */
device: string, 
/**
 * For people: `AMD Ryzen 7 5800X 8-Core Processor`.
 */
processor: string, 
/**
 * All memory of the machine, in bytes.
 */
memory: number, 
/**
 * Patches in a piece.
 */
patches: number, 
/**
 * Measurements of each batch size.
 */
runs: number, 
/**
 * In order of batch size.
 */
rows: Array<BenchRow>, 
/**
 * The batch size that is worth it: see [`BenchReport::recommend`].
 */
recommended: number | null, 
/**
 * For people: what else was noticed.
 */
notes: Array<string>, };
export type BenchRow = { 
/**
 * Pieces at once.
 */
batch: number, 
/**
 * From the prompt to the end of all pieces: mean of the runs, in milliseconds.
 */
latency_ms: number, 
/**
 * Standard deviation over the runs.
 */
latency_sd_ms: number, 
/**
 * From the prompt to the end of the first bar, in the mean; random weights write no bars.
 */
first_bar_ms: number | null, 
/**
 * The most memory that the process held, in bytes.
 */
peak_bytes: number, 
/**
 * That against the first row's.
 */
growth: number, 
/**
 * Whole pieces of all slots together.
 */
pieces_per_minute: number, 
/**
 * Patches of all slots together.
 */
patches_per_second: number, 
/**
 * What had been planned of the memory.
 */
plan: MemoryPlan, 
/**
 * How busy the machine was with other things just before, 0 to 1.
 */
other_load: number, };
export type BenchProgress = { "kind": "running", 
/**
 * Pieces at once.
 */
batch: number, 
/**
 * Runs that are over.
 */
done: number, 
/**
 * Steps of the whole that are over, loading included.
 */
steps: number, 
/**
 * Steps in all.
 */
of: number, } | { "kind": "row", 
/**
 * All of it.
 */
row: BenchRow, } | { "kind": "done", 
/**
 * All of it.
 */
report: BenchReport, } | { "kind": "failed", 
/**
 * Why.
 */
error: ErrorView, };
/**
 * What a request has that says nothing of it.
 */
export const DEFAULT_GUARD: GuardMode = "repair";
/**
 * The code of the reason that there is no card, or no driver.
 */
export const NO_CARD = "device_absent";
