import type { ErrorView } from "./bindings";

/** Whatever was thrown, as an ErrorView; what is not one has the code `unexpected`. */
export function errorView(thrown: unknown): ErrorView {
  if (typeof thrown === "object" && thrown !== null) {
    const { code, message } = thrown as Partial<Record<keyof ErrorView, unknown>>;
    if (typeof code === "string" && typeof message === "string") return { code, message };
    if (typeof message === "string") return { code: "unexpected", message };
  }
  return { code: "unexpected", message: String(thrown) };
}

const HEADINGS: Record<string, string> = {
  unknown_style: "The model does not know this style",
  model_missing: "The model is not installed",
  invalid_request: "This cannot be composed",
  not_found: "It is no longer there",
  not_now: "Not possible right now",
  no_music: "There is no music in it",
  no_settings: "There are no settings in this file",
  cannot_read: "A file could not be read",
  cannot_write: "A file could not be written",
  disk_full: "The disk is full",
  library_in_use: "The library is open elsewhere",
  library_too_new: "The library is from a newer Partita",
  library_failed: "The library could not be used",
  worker_failed: "Composing has stopped",
  engraver_failed: "The score could not be engraved",
};

export const isKnown = (code: string) => code in HEADINGS;

/** A heading for people; the error's own message goes below it. */
export function errorHeading(code: string): string {
  return HEADINGS[code] ?? "Something went wrong";
}

/** As a sentence: messages from Rust begin in lower case when they continue a line in a log. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === "") return text;
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…)]$/.test(begun) ? begun : `${begun}.`;
}
