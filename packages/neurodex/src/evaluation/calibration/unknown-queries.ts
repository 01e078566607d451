import { defined } from '@neurodex/core';
import { auroc } from './auroc.ts';
import { falsePositiveRate } from './false-positive-rate.ts';
import type { NoneBin, UnknownMeasures } from './relevance-measures.ts';

const BINS = 20;

/** What a system said of one query before it looked at its answers. */
export interface NoneOfQuery {
  /** Whether the catalogue holds something relevant. */
  readonly isKnown: boolean;
  /** Probability that it does not, 0 … 1. */
  readonly none: number;
  readonly nothingFound: boolean;
}

/** @returns null where no query is known, or none is unknown */
export function unknownMeasures(queries: readonly NoneOfQuery[]): UnknownMeasures | null {
  const known = queries.filter(({ isKnown }) => isKnown);
  const unknown = queries.filter(({ isKnown }) => !isKnown);
  if (known.length === 0 || unknown.length === 0) return null;
  // The score of a query is the probability that something is relevant.
  const [high, low] = [scoresOf(known), scoresOf(unknown)];
  const area = defined(auroc(high, low), 'the area under the curve');
  return {
    queries: unknown.length,
    known: known.length,
    auroc: area.auroc,
    interval: area.interval,
    fpr95: defined(falsePositiveRate(high, low), 'the false-positive rate').rate,
    falseNothing: nothingShare(known),
    rightNothing: nothingShare(unknown),
    histogram: histogramOf(queries),
  };
}

const scoresOf = (queries: readonly NoneOfQuery[]): Float64Array => Float64Array.from(queries, ({ none }) => 1 - none);

const nothingShare = (queries: readonly NoneOfQuery[]): number =>
  queries.filter(({ nothingFound }) => nothingFound).length / queries.length;

/** Bins are closed below; the last one holds 1 as well. */
function histogramOf(queries: readonly NoneOfQuery[]): NoneBin[] {
  const counts = Array.from({ length: BINS }, () => ({ known: 0, unknown: 0 }));
  for (const { none, isKnown } of queries) {
    const bin = defined(counts[Math.min(BINS - 1, Math.floor(none * BINS))], 'a bin');
    bin[isKnown ? 'known' : 'unknown']++;
  }
  return counts.map((count, bin) => ({ from: bin / BINS, to: (bin + 1) / BINS, ...count }));
}
