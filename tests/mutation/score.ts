import type { MutantResult } from '@stryker-mutator/api/core';

/** Counts of one folder's mutants; `score` is (killed + timeouts) / tested, and `interval` its 95 % interval after Wilson. */
export interface Score {
  killed: number;
  timeouts: number;
  survived: number;
  noCoverage: number;
  /** Mutants of what runs once, when a module is loaded, which tests cannot switch on; and those that a comment disables. */
  ignored: number;
  errors: number;
  score: number | null;
  interval: [number, number] | null;
}

/** Wilson's interval of a proportion (1927), at 95 %. */
export function wilson(successes: number, trials: number): [number, number] {
  const z = 1.959963984540054;
  const p = successes / trials;
  const middle = p + (z * z) / (2 * trials);
  const half = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return [(middle - half) / scale, (middle + half) / scale];
}

const round = (value: number) => Math.round(value * 1000) / 1000;

export function scoreOf(mutants: readonly MutantResult[]): Score {
  const count = (...statuses: string[]) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const counts = {
    killed: count('Killed'),
    timeouts: count('Timeout'),
    survived: count('Survived'),
    noCoverage: count('NoCoverage'),
    ignored: count('Ignored'),
    errors: count('RuntimeError', 'CompileError', 'Pending'),
  };
  const noticed = counts.killed + counts.timeouts;
  const tested = noticed + counts.survived + counts.noCoverage;
  if (tested === 0) return { ...counts, score: null, interval: null };
  const [low, high] = wilson(noticed, tested);
  return { ...counts, score: round(noticed / tested), interval: [round(low), round(high)] };
}
