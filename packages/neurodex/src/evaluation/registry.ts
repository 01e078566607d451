import { NeurodexError } from '@neurodex/core';
import { closest } from 'fastest-levenshtein';
import type { Measure } from './measure.ts';
import { averagePrecision } from './measures/average-precision.ts';
import { indexingAccuracy } from './measures/indexing-accuracy.ts';
import { ndcg } from './measures/ndcg.ts';
import { precision } from './measures/precision.ts';
import { rPrecision } from './measures/r-precision.ts';
import { recall } from './measures/recall.ts';
import { reciprocalRank } from './measures/reciprocal-rank.ts';
import { success } from './measures/success.ts';

export const MEASURE_NAMES = ['IA', 'P', 'AP', 'R', 'RR', 'Success', 'nDCG', 'Rprec'] as const;
export type MeasureName = (typeof MEASURE_NAMES)[number];

/** Every measure by its name; a name without a measure does not compile, nor does one with another's name. */
export const MEASURES: { readonly [Name in MeasureName]: Measure } = {
  IA: indexingAccuracy,
  P: precision,
  AP: averagePrecision,
  R: recall,
  RR: reciprocalRank,
  Success: success,
  nDCG: ndcg,
  Rprec: rPrecision,
};

const isMeasureName = (name: string): name is MeasureName => Object.hasOwn(MEASURES, name);

/** A measure with its cut-off, as asked for: 'P@10', 'RR'. */
export interface ParsedMeasure {
  readonly measure: Measure;
  readonly cutoff: number | undefined;
  /** The key of its figure wherever figures are printed. */
  readonly label: string;
}

/** @throws NeurodexError `usage` when there is no such measure, or its cut-off is missing, not wanted or no rank */
export function parseMeasure(text: string): ParsedMeasure {
  const at = text.indexOf('@');
  const name = at === -1 ? text : text.slice(0, at);
  const written = at === -1 ? undefined : text.slice(at + 1);
  if (!isMeasureName(name)) {
    const nearest = nearestName(name);
    throw refusal(
      text,
      `${JSON.stringify(text)} is not a measure`,
      `did you mean ${example(nearest, written)}? Known: ${MEASURE_NAMES.map((known) => example(known)).join(', ')}`,
    );
  }
  const measure = MEASURES[name];
  if (written === undefined) {
    if (measure.cutoff === 'required') {
      throw refusal(text, `the measure ${name} needs a cut-off`, `write ${example(name)}`);
    }
    return { measure, cutoff: undefined, label: name };
  }
  if (measure.cutoff === 'none') throw refusal(text, `the measure ${name} takes no cut-off`, `write ${name}`);
  const cutoff = /^[0-9]+$/.test(written) ? Number(written) : Number.NaN;
  if (!(cutoff >= 1 && Number.isSafeInteger(cutoff))) {
    throw refusal(
      text,
      `the cut-off ${JSON.stringify(written)} of the measure ${JSON.stringify(text)} is not a whole number of 1 or more`,
      `write ${example(name)}`,
    );
  }
  return { measure, cutoff, label: `${name}@${cutoff}` };
}

export const DEFAULT_MEASURES: readonly ParsedMeasure[] = [
  'IA@1',
  'IA@5',
  'P@10',
  'AP@10',
  'R@10',
  'R@100',
  'RR',
  'Success@1',
  'Success@10',
].map(parseMeasure);

/** Letter case is the commonest slip, so it does not count as a difference. */
function nearestName(name: string): MeasureName {
  const lower = closest(
    name.toLowerCase(),
    MEASURE_NAMES.map((known) => known.toLowerCase()),
  );
  return MEASURE_NAMES.find((known) => known.toLowerCase() === lower) ?? 'P';
}

function example(name: MeasureName, cutoff = '10'): string {
  const { cutoff: use } = MEASURES[name];
  return use === 'none' ? name : `${name}@${/^[1-9][0-9]*$/.test(cutoff) ? cutoff : '10'}`;
}

const refusal = (measure: string, message: string, hint: string) =>
  new NeurodexError('usage', message, { hint, details: { measure } });
