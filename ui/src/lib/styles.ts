// Which periods, composers and instrumentations go together. Only what the model was trained on
// can be chosen, so a choice that another change made impossible is dropped.
import type { ComposerStyles, PeriodStyles, Style } from "./bindings";

export type Choice = { [K in keyof Style]: Style[K] | null };

export const NO_CHOICE: Choice = { period: null, composer: null, instrumentation: null };

export const composersOf = (styles: PeriodStyles[], period: string | null): ComposerStyles[] =>
  styles.find((known) => known.period === period)?.composers ?? [];

export const instrumentationsOf = (styles: PeriodStyles[], { period, composer }: Choice): string[] =>
  composersOf(styles, period).find((known) => known.composer === composer)?.instrumentations ?? [];

/** The choice without what the model does not know; what leaves no choice is chosen. */
export function settle(styles: PeriodStyles[], wanted: Choice): Choice {
  const keep = (value: string | null, valid: string[]) =>
    value !== null && valid.includes(value) ? value : valid.length === 1 ? (valid[0] ?? null) : null;
  const period = keep(wanted.period, styles.map((known) => known.period));
  const composer = keep(wanted.composer, composersOf(styles, period).map((known) => known.composer));
  const instrumentation = keep(
    wanted.instrumentation,
    instrumentationsOf(styles, { period, composer, instrumentation: null }),
  );
  return { period, composer, instrumentation };
}

/** Something to begin with: the first style there is. */
export function firstStyle(styles: PeriodStyles[]): Choice {
  const period = styles[0]?.period ?? null;
  const composer = composersOf(styles, period)[0];
  return {
    period,
    composer: composer?.composer ?? null,
    instrumentation: composer?.instrumentations[0] ?? null,
  };
}

export const asStyle = ({ period, composer, instrumentation }: Choice): Style | null =>
  period !== null && composer !== null && instrumentation !== null
    ? { period, composer, instrumentation }
    : null;

export interface FoundComposer {
  period: string;
  composer: string;
  instrumentations: string[];
}

const plain = (text: string) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();

/**
 * The period's composers, or with a search text those of all periods in whose name every word of
 * it begins a word: `franz sch` finds `Schubert, Franz`. The chosen period's come first.
 */
export function findComposers(styles: PeriodStyles[], period: string | null, search: string): FoundComposer[] {
  const words = plain(search).split(" ").filter(Boolean);
  const ordered = [
    ...styles.filter((known) => known.period === period),
    ...(words.length > 0 ? styles.filter((known) => known.period !== period) : []),
  ];
  return ordered.flatMap((known) =>
    known.composers
      .filter(({ composer }) => {
        const name = ` ${plain(composer)}`;
        return words.every((word) => name.includes(` ${word}`));
      })
      .map((found) => ({ period: known.period, ...found })),
  );
}
