import { readFileSync } from 'node:fs';
import type { Coverage } from './coverage.ts';
import type { ScoredAnswers } from './scored-answers.ts';
import type { SetCounts } from './set-counts.ts';
import type { SetScores } from './set-f1.ts';

interface ListedAnswers {
  readonly scores: readonly (readonly number[])[];
  readonly relevant: readonly (readonly number[])[];
  readonly totals: readonly number[];
}

/** scikit-learn and NumPy (fixtures/README.md). */
export const golden = JSON.parse(readFileSync(new URL('./fixtures/golden.json', import.meta.url), 'utf8')) as {
  reliability: {
    confidences: number[];
    right: number[];
    weights: number[] | null;
    bins: number;
    error: number;
    brier: number;
    curve: { confidence: number[]; accuracy: number[] };
  }[];
  auroc: {
    known: number[];
    unknown: number[];
    auroc: number;
    standardError: number;
    rates: { truePositiveRate: number; rate: number }[];
  }[];
  sets: ({ counts: SetCounts[] } & SetScores & Omit<Coverage, 'answerableCoverage' | 'queries'>)[];
  thresholds: (ListedAnswers & { f1: number; threshold: number | null })[];
};

/** One list for each query, put together. */
export function scoredAnswers({ scores, relevant, totals }: ListedAnswers): ScoredAnswers {
  const offsets = [0];
  for (const list of scores) offsets.push((offsets.at(-1) ?? NaN) + list.length);
  return {
    scores: Float32Array.from(scores.flat()),
    relevant: Uint8Array.from(relevant.flat()),
    offsets: Uint32Array.from(offsets),
    totals: Uint32Array.from(totals),
  };
}
