// The library's list as it grows by pages, and the filter's options. Pure.
import type { LibraryPage, PieceSummary, Style, VariationView } from "./bindings";

export interface Filter {
  period: string | null;
  composer: string | null;
  instrumentation: string | null;
}

export const NO_FILTER: Filter = { period: null, composer: null, instrumentation: null };

/** The list with a later page after it; what is listed already stays where it is. */
export function append(list: PieceSummary[], page: PieceSummary[]): PieceSummary[] {
  const known = new Set(list.map(({ id }) => id));
  return [...list, ...page.filter(({ id }) => !known.has(id))];
}

/**
 * The list with a fresh first page before it. If the page reaches into the list, what follows it
 * stays; if not, too much is new, and the list begins again (`gap`).
 */
export function mergeHead(list: PieceSummary[], page: LibraryPage): { list: PieceSummary[]; gap: boolean } {
  const fresh = new Set(page.pieces.map(({ id }) => id));
  const meets = list.length === 0 || page.next === null || list.some(({ id }) => fresh.has(id));
  if (!meets) return { list: page.pieces, gap: true };
  const last = page.pieces.at(-1)?.id;
  const after = last === undefined ? -1 : list.findIndex(({ id }) => id === last);
  const rest = page.next === null ? [] : list.slice(after + 1).filter(({ id }) => !fresh.has(id));
  return { list: [...page.pieces, ...rest], gap: false };
}

/** Carries a variation's state and bars over to its piece. False if the piece is not listed. */
export function patch(list: PieceSummary[], variation: VariationView): boolean {
  const piece = list.find(({ id }) => id === variation.piece);
  if (!piece) return false;
  piece.state = variation.state;
  piece.bars = variation.bars;
  return true;
}

const distinct = (values: string[]) => [...new Set(values)].sort((a, b) => a.localeCompare(b, "en"));

/** What each select offers: what occurs in the library together with the choices before it. */
export function options(styles: Style[], { period, composer }: Filter) {
  const ofPeriod = styles.filter((style) => period === null || style.period === period);
  const ofComposer = ofPeriod.filter((style) => composer === null || style.composer === composer);
  return {
    periods: distinct(styles.map((style) => style.period)),
    composers: distinct(ofPeriod.map((style) => style.composer)),
    instrumentations: distinct(ofComposer.map((style) => style.instrumentation)),
  };
}

/** The filter after one change: choices that no longer lead anywhere are dropped. */
export function refine(styles: Style[], filter: Filter, change: Partial<Filter>): Filter {
  const next = { ...filter, ...change };
  const drop = (value: string | null, valid: string[]) => (value !== null && valid.includes(value) ? value : null);
  next.composer = drop(next.composer, options(styles, next).composers);
  next.instrumentation = drop(next.instrumentation, options(styles, next).instrumentations);
  return next;
}
