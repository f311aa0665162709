// The formats a piece can be exported in, as they are offered.
import type { ExportFormat } from "./bindings";

export interface Format {
  format: ExportFormat;
  name: string;
  /** Of the file's name. */
  ending: string;
  /** What it is good for. */
  use: string;
}

/** What most people come for first. */
export const FORMATS: Format[] = [
  { format: "musicxml", name: "MusicXML", ending: ".musicxml", use: "To go on in MuseScore, Dorico, Sibelius or Finale" },
  { format: "mxl", name: "Compressed MusicXML", ending: ".mxl", use: "The same in a much smaller file, to send or keep" },
  { format: "midi", name: "MIDI", ending: ".mid", use: "To hear it, or to work on its sound in a sequencer" },
  { format: "abc", name: "ABC", ending: ".abc", use: "Notation as text, for ABC programs and websites" },
  { format: "notagen", name: "NotaGen text", ending: ".notagen.abc", use: "As the model reads it: a prompt, or training data" },
];

const FIRST = FORMATS[0] as Format;

/** The one that was exported last, or what most people want. */
export const formatOf = (format: ExportFormat | null): Format =>
  FORMATS.find((known) => known.format === format) ?? FIRST;
