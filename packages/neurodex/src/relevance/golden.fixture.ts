import { readFileSync } from 'node:fs';

/** scikit-learn and NumPy (fixtures/README.md). */
export const golden = JSON.parse(readFileSync(new URL('./fixtures/golden.json', import.meta.url), 'utf8')) as {
  isotonic: { name: string; x: number[]; y: number[]; weights: number[] | null; at: number[]; values: number[] }[];
  logistic: {
    name: string;
    width: number;
    features: number[];
    labels: number[];
    weights: number[] | null;
    l2: number;
    means: number[];
    scales: number[];
    coefficients: number[];
    bias: number;
    at: number[][];
    values: number[];
  }[];
  platt: { scores: number[]; labels: number[]; at: number[]; values: number[] }[];
  conformal: { scores: number[]; confidence: number; quantile: number | null }[];
};

/** Between two lists of numbers; NaN where their lengths differ. */
export const largestDifference = (found: readonly number[], expected: readonly number[]): number =>
  found.length === expected.length
    ? found.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0)
    : NaN;
