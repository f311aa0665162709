// Values as people read them. Everything here is a pure function of its arguments.
import type { Dtype, Ending, GuardMode, Limits, Sampling, VariationState } from "./bindings";

/** `1:05`, `12:00`, `1:02:03`. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `0.8 s`, `12.4 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  return `${Math.floor(s / 60)} min ${s % 60} s`;
}

const DAY = 86_400_000;

/** `just now`, `5 min ago`, `3 h ago`, `yesterday`, `12 Mar`, `12 Mar 2024`. */
export function ago(then: number, now: number, locale?: string): string {
  const passed = now - then;
  if (passed < 45_000) return "just now";
  if (passed < 3_600_000) return `${Math.max(1, Math.round(passed / 60_000))} min ago`;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (then >= midnight || passed < 6 * 3_600_000) return `${Math.round(passed / 3_600_000)} h ago`;
  if (then >= midnight - DAY) return "yesterday";
  if (then >= midnight - 6 * DAY) return `${Math.ceil((midnight - then) / DAY)} days ago`;
  const sameYear = new Date(then).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(then);
}

export function dateTime(ms: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(ms);
}

/** `7.1 M`, `516 M`, `1.2 B`. */
export function parameters(count: number): string {
  const [value, unit] = count >= 1e9 ? [count / 1e9, "B"] : count >= 1e6 ? [count / 1e6, "M"] : [count / 1e3, "k"];
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

export function sampling({ top_k, top_p, temperature }: Sampling): string {
  return `top-k ${top_k} · top-p ${top_p} · temperature ${temperature}`;
}

export function limits({ max_bars, max_patches, max_seconds }: Limits): string[] {
  return [
    max_bars === null ? "" : `at most ${plural(max_bars, "bar")}`,
    max_patches === null ? "" : `at most ${plural(max_patches, "patch", "patches")}`,
    max_seconds === null ? "" : `at most ${duration(max_seconds * 1000)}`,
  ].filter((text) => text !== "");
}

/** `Franz Schubert` for `Schubert, Franz`. */
export function givenNameFirst(composer: string): string {
  const comma = composer.indexOf(", ");
  return comma < 0 ? composer : `${composer.slice(comma + 2)} ${composer.slice(0, comma)}`;
}

/** `980 kB`, `12 MB`, `2.1 GB`. */
export function bytes(count: number): string {
  const [value, unit] = count >= 1e9 ? [count / 1e9, "GB"] : count >= 1e6 ? [count / 1e6, "MB"] : [count / 1e3, "kB"];
  return `${value >= 10 && unit !== "GB" ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/** `37 %` for 0.37. */
export const percent = (share: number) => `${Math.round(100 * share)} %`;

/** The formats of weights, from the most exact to the smallest. */
export const DTYPE_WORDS: Record<Dtype, string> = {
  f32: "32 bits",
  f16: "16 bits",
  bf16: "16 bits, less precise",
  q8_0: "8 bits",
  q4k: "4 bits",
};

export const dtypeWord = (dtype: Dtype | null) => (dtype === null ? "as in the model" : DTYPE_WORDS[dtype]);

export const STATE_WORDS: Record<VariationState, string> = {
  queued: "Waiting",
  running: "Composing",
  done: "Done",
  cancelled: "Cancelled",
  failed: "Failed",
};

export const GUARD_WORDS: Record<GuardMode, string> = {
  strict: "Strict",
  repair: "Repair",
  off: "Off",
};

export const GUARD_HINTS: Record<GuardMode, string> = {
  strict: "The model can write only full bars.",
  repair: "Bars that are not full are drawn again.",
  off: "Bars that are not full are mended afterwards.",
};

export const ENDING_WORDS: Record<Ending, string> = {
  complete: "The model ended it",
  bar_limit: "At the limit of bars",
  length_limit: "At the longest length",
  time_limit: "At the limit of time",
};
