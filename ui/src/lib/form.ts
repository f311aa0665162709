// The Compose form as text fields, what is wrong with it, and the request it stands for. The rules
// are those Rust checks again; here they are told while typing.
import {
  DEFAULT_GUARD,
  type ComposeRequest,
  type Dtype,
  type GuardMode,
  type Limits,
  type ModelInfo,
  type Piece,
  type Sampling,
  type Style,
} from "./bindings";
import { asStyle, NO_CHOICE, type Choice } from "./styles";

export interface Form {
  model: string | null;
  choice: Choice;
  variations: string;
  seed: string;
  maxBars: string;
  topK: string;
  topP: string;
  temperature: string;
  guard: GuardMode;
  /** Limits that have no field of their own; they come along with a piece's settings. */
  maxPatches: number | null;
  maxSeconds: number | null;
  /** The model's own if null. */
  dtype: Dtype | null;
}

export type Field = "style" | "variations" | "seed" | "maxBars" | "topK" | "topP" | "temperature";
export type Problems = Partial<Record<Field, string>>;

export const MAX_VARIATIONS = 64;
export const MAX_SEED = 2 ** 53 - 1;
const MAX_U32 = 2 ** 32 - 1;

export function emptyForm(): Form {
  return {
    model: null,
    choice: { ...NO_CHOICE },
    variations: "3",
    seed: "",
    maxBars: "",
    topK: "",
    topP: "",
    temperature: "",
    guard: DEFAULT_GUARD,
    maxPatches: null,
    maxSeconds: null,
    dtype: null,
  };
}

/** Whether the form says something of sampling, and of anything else that is not for every day. */
export const isSampled = (form: Form) => form.topK !== "" || form.topP !== "" || form.temperature !== "";
export const isAdvanced = (form: Form) => isSampled(form) || form.guard !== DEFAULT_GUARD || form.dtype !== null;

/** The number written, `null` for nothing, `NaN` for anything but digits. */
export function whole(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  return /^\d{1,17}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

/** The same for a decimal number, with a point or a comma. */
export function decimal(text: string): number | null {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return null;
  return /^(\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

const within = (value: number | null, low: number, high: number) =>
  value !== null && value >= low && value <= high;

/** What is wrong, by field. An empty sampling field is the model's own value. */
export function problems(form: Form): Problems {
  const found: Problems = {};
  if (asStyle(form.choice) === null) {
    const { period, composer } = form.choice;
    const missing = period === null ? "a period" : composer === null ? "a composer" : "an instrumentation";
    found.style = `Choose ${missing}.`;
  }
  if (!within(whole(form.variations), 1, MAX_VARIATIONS)) {
    found.variations = `A number from 1 to ${MAX_VARIATIONS}.`;
  }
  const optional = (field: Field, value: number | null, good: (value: number) => boolean, say: string) => {
    if (value !== null && !good(value)) found[field] = say;
  };
  optional("seed", whole(form.seed), (n) => n <= MAX_SEED, "A whole number below 2⁵³, or nothing for a random one.");
  optional("maxBars", whole(form.maxBars), (n) => within(n, 1, MAX_U32), "A whole number from 1, or nothing for no limit.");
  optional("topK", whole(form.topK), (n) => within(n, 1, MAX_U32), "A whole number from 1.");
  optional("topP", decimal(form.topP), (n) => n > 0 && n <= 1, "Above 0 and at most 1.");
  optional("temperature", decimal(form.temperature), (n) => within(n, 0, 10), "From 0 to 10.");
  return found;
}

const same = (a: Sampling, b: Sampling) =>
  a.top_k === b.top_k && a.top_p === b.top_p && a.temperature === b.temperature;

function sampling(form: Form, defaults: Sampling): Sampling | null {
  const chosen = {
    top_k: whole(form.topK) ?? defaults.top_k,
    top_p: decimal(form.topP) ?? defaults.top_p,
    temperature: decimal(form.temperature) ?? defaults.temperature,
  };
  return same(chosen, defaults) ? null : chosen;
}

/** The request the form stands for, or null while something is wrong with it. */
export function request(form: Form, defaults: Sampling): ComposeRequest | null {
  const style = asStyle(form.choice);
  if (style === null || Object.keys(problems(form)).length > 0) return null;
  return {
    model: form.model,
    style,
    variations: whole(form.variations) ?? 1,
    seed: whole(form.seed),
    sampling: sampling(form, defaults),
    guard: form.guard === DEFAULT_GUARD ? null : form.guard,
    dtype: form.dtype,
    priority: null,
    limits: { max_bars: whole(form.maxBars), max_patches: form.maxPatches, max_seconds: form.maxSeconds },
  };
}

const text = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));

function limitFields({ max_bars, max_patches, max_seconds }: Limits) {
  return { maxBars: text(max_bars), maxPatches: max_patches, maxSeconds: max_seconds };
}

function samplingFields(chosen: Sampling | null) {
  return { topK: text(chosen?.top_k), topP: text(chosen?.top_p), temperature: text(chosen?.temperature) };
}

/** The form as it was when this request was made. */
export function fromRequest(last: ComposeRequest): Form {
  return {
    model: last.model,
    choice: { ...last.style },
    variations: String(last.variations),
    seed: text(last.seed),
    ...limitFields(last.limits),
    ...samplingFields(last.sampling),
    guard: last.guard ?? DEFAULT_GUARD,
    dtype: last.dtype ?? null,
  };
}

/** How a piece was composed, from the library or from a file. */
export interface PieceSettings {
  model: string;
  style: Style;
  seed: number;
  sampling: Sampling;
  guard: GuardMode;
  dtype: Dtype | null;
  limits: Limits;
}

export const settingsOf = ({ summary: { model, style, seed }, sampling, guard, dtype, limits }: Piece): PieceSettings => ({
  model,
  style,
  seed,
  sampling,
  guard,
  dtype,
  limits,
});

/**
 * The form that composes a piece again: exactly it, alone, or others with the same settings.
 * Values that are the model's own stay empty, so that the form says what is special.
 */
export function fromPiece(made: PieceSettings, model: ModelInfo | undefined, seed: "same" | "new", current: Form): Form {
  const special = model && same(made.sampling, model.sampling) ? null : made.sampling;
  return {
    model: made.model,
    choice: { ...made.style },
    variations: seed === "same" ? "1" : current.variations,
    seed: seed === "same" ? String(made.seed) : "",
    ...limitFields(made.limits),
    ...samplingFields(special),
    guard: made.guard,
    dtype: made.dtype,
  };
}
