// The text of a piece while it is written: bars come one by one, may come twice, and may begin in
// the middle for a window that was opened late.

export interface LiveText {
  /** All lines before the first bar, once seen. */
  header: string | null;
  /** The index of the first bar in `bars`. */
  from: number;
  bars: string[];
  /** What the library had when it was asked, for a window that missed the beginning. */
  base: { text: string; bars: number } | null;
}

export function emptyLive(): LiveText {
  return { header: null, from: 0, bars: [], base: null };
}

const line = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

export function addBar(live: LiveText, index: number, text: string): void {
  const at = index - live.from;
  if (live.bars.length === 0) {
    live.from = index;
    live.bars.push(line(text));
  } else if (at >= 0 && at <= live.bars.length) {
    live.bars[at] = line(text); // the next one, or one that came twice
  } else if (at > live.bars.length) {
    // Bars were missed: what is known begins here, and the library has the rest.
    live.from = index;
    live.bars = [line(text)];
  }
}

/** The whole text so far, or null if its beginning has to be fetched from the library. */
export function textOf(live: LiveText): string | null {
  if (live.header !== null && live.from === 0) return line(live.header) + live.bars.join("");
  if (live.base !== null && live.base.bars >= live.from) {
    return line(live.base.text) + live.bars.slice(live.base.bars - live.from).join("");
  }
  return null;
}
