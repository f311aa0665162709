// A piece engraved while it is written: its last lines of music, drawn anew as bars come. There is
// never more than one drawing on its way, and the one before is shown until the next is there.
import { SvelteSet } from "svelte/reactivity";
import type { StudioEvent, VariationId } from "./bindings";
import { engraver } from "./engraver";
import { errorView } from "./errors";
import { isFinal, keyOf } from "./events";
import { ipc } from "./ipc";
import { sanitiseSvg } from "./sanitise";
import { studio } from "./studio.svelte";
import { throttle } from "./throttle";

/** The rest between two drawings: three times what one took, so that the processor has time for music. */
const restMs = (tookMs: number) => Math.min(3000, Math.max(250, 3 * tookMs));

/** What could not be drawn is not tried again before this: it may have cost an engraver. */
const HOPELESS_MS = 20_000;

/** Bars that are asked for at most: more than two lines have. */
const MOST_BARS = 32;
/** Lines of music that are shown. */
const LINES = 2;
/** How often a drawing of more lines is done again at once, without those that are past. */
const MOST_AGAIN = 3;

/** Staves as large as on a printed page at 65 %; of many, smaller ones, so that a line stays in sight. */
const SCALE = 26;
const STAVES_AT_SCALE = 5;
const LEAST_SCALE = 12;

/** The variations whose writing is watched in the queue, by `keyOf`. */
export const watched = new SvelteSet<string>();

export interface Picture {
  svg: SVGSVGElement;
  /** Numbers of its first and last bar. */
  first: number;
  last: number;
}

export class Watching {
  picture = $state.raw<Picture | null>(null);
  /** Why there is no picture and will be none. */
  failure = $state<string | null>(null);
  readonly id: VariationId;
  #widthPx = 0;
  /** The bar that the first line begins with. Kept while its lines fit, so that nothing jumps. */
  #from: number | null = null;
  #drawing = throttle(() => this.#draw(), restMs);
  #stopListening: () => void;
  #closed = false;
  /** Pictures of an attempt before this one are not wanted. */
  #attempt = 0;
  #onvisible = () => this.#drawing.call();

  constructor(id: VariationId) {
    this.id = id;
    const key = keyOf(id);
    this.#stopListening = studio.listen((event) => this.#hear(event, key));
    document.addEventListener("visibilitychange", this.#onvisible);
  }

  /** Draws for this width from now on. */
  resize(widthPx: number): void {
    if (widthPx <= 0 || widthPx === this.#widthPx) return;
    this.#widthPx = widthPx;
    this.#drawing.call();
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    document.removeEventListener("visibilitychange", this.#onvisible);
    this.#drawing.stop();
  }

  #hear(event: StudioEvent, key: string): void {
    if (event.kind === "restarted" && keyOf(event.id) === key) {
      this.#attempt += 1;
      this.#from = null;
      this.picture = null;
      this.failure = null;
    }
    const grown = event.kind === "bar" && keyOf(event.id) === key;
    // Its last bars may have come since the last drawing.
    const ended = event.kind === "variation" && keyOf(event.variation.id) === key && isFinal(event.variation);
    if (grown || ended) this.#drawing.call();
  }

  async #draw(): Promise<void> {
    // Not laid out yet, or nobody sees it, and the processor has music to write.
    if (this.#widthPx === 0 || document.visibilityState === "hidden") return;
    const attempt = this.#attempt;
    const isWanted = () => !this.#closed && attempt === this.#attempt;
    try {
      let drawn = await this.#drawFrom(this.#from);
      // Bars may come faster than they are drawn, so that once more is not always enough.
      for (let again = 0; again < MOST_AGAIN && isWanted(); again += 1) {
        const past = measuresOfLines(drawn.svg).slice(0, -LINES).reduce((sum, measures) => sum + measures, 0);
        if (past === 0) break;
        this.#from = drawn.first + past;
        drawn = await this.#drawFrom(this.#from);
      }
      if (!isWanted()) return;
      this.picture = drawn;
      this.failure = null;
    } catch (error) {
      const { code, message } = errorView(error);
      if (!isWanted() || code === "no_music") return;
      this.failure = message;
      await new Promise((resolve) => setTimeout(resolve, HOPELESS_MS));
    }
  }

  async #drawFrom(from: number | null): Promise<Picture> {
    const { musicxml, first, last, staves } = await ipc.liveEngraving($state.snapshot(this.id), from, MOST_BARS);
    // More bars than were asked for have come since: they begin another line.
    if (from !== null && from === this.#from && first > from) this.#from = first;
    const scale = Math.max(LEAST_SCALE, Math.round(SCALE * Math.min(1, STAVES_AT_SCALE / staves)));
    const svg = sanitiseSvg(await engraver().draw(musicxml, { widthPx: this.#widthPx, scale }));
    return { svg, first, last };
  }
}

/** How many bars each line of a drawing has. */
function measuresOfLines(svg: SVGSVGElement): number[] {
  return [...svg.querySelectorAll("g.system")].map((line) => line.querySelectorAll("g.measure").length);
}
