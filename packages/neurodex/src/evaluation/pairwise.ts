import { Random } from '@neurodex/autograd';
import { type Reporter, silentReporter } from '@neurodex/core';
import { bootstrapIntervals, type Interval } from './bootstrap.ts';
import { effectSize, holm, pairedRandomisation } from './significance.ts';
import type { Measured } from './summary.ts';

/** Tests reject at this level, after the correction. */
export const LEVEL = 0.05;

/** Two systems on one measure. */
export interface PairwiseTest {
  readonly measure: string;
  readonly systems: readonly [string, string];
  /** Mean over queries of the first system's value minus the second's. */
  readonly difference: number;
  /** 95 % confidence interval of the difference (bootstrap.ts). */
  readonly interval: Interval;
  /** Cohen's d for pairs; null where all differences are alike. */
  readonly effectSize: number | null;
  /** Queries on which the first is better, both are equal, the first is worse. */
  readonly queries: { readonly better: number; readonly equal: number; readonly worse: number };
  /** Two-sided, of the paired randomisation test. */
  readonly p: number;
  /** Whether every pattern of signs was looked at. */
  readonly exact: boolean;
  /** p after Holm's correction over all tests of the comparison. */
  readonly pHolm: number;
  /** Who is better; null where the test does not tell. */
  readonly winner: string | null;
}

/**
 * Tests every two systems on every measure that both have, paired by query. The family for Holm's correction is all of
 * the tests: whoever asks for fewer measures has less to correct for.
 * @param systems measured on the same queries
 * @throws RangeError when they are not
 */
export function testPairs(
  systems: readonly Measured[],
  { seed, reporter = silentReporter }: { readonly seed: number; readonly reporter?: Reporter },
): PairwiseTest[] {
  const pairs = systems.flatMap((a, i) => systems.slice(i + 1).map((b) => [a, b] as const));
  const planned = pairs.flatMap(([a, b]) =>
    [...a.perQuery.keys()].filter((label) => b.perQuery.has(label)).map((label) => ({ a, b, label })),
  );
  const tests = planned.map(({ a, b, label }, i) => {
    const tested = testPair(a, b, label, seed);
    reporter.progress({ phase: 'test', done: i + 1, total: planned.length, unit: 'tests' });
    return tested;
  });
  const adjusted = holm(tests.map(({ p }) => p));
  return tests.map((one, i) => {
    const pHolm = adjusted[i] ?? NaN;
    const [better, worse] = one.difference > 0 ? one.systems : [one.systems[1], one.systems[0]];
    return { ...one, pHolm, winner: pHolm <= LEVEL && better !== worse ? better : null };
  });
}

function testPair(a: Measured, b: Measured, label: string, seed: number): Omit<PairwiseTest, 'pHolm' | 'winner'> {
  const differences = differencesOf(a, b, label);
  const random = Random.stream(seed, JSON.stringify([a.system, b.system, label]));
  const [interval = [0, 0] as const] = bootstrapIntervals([differences], { seed });
  const count = (holds: (difference: number) => boolean): number => differences.filter(holds).length;
  return {
    measure: label,
    systems: [a.system, b.system],
    difference: differences.reduce((sum, difference) => sum + difference, 0) / differences.length,
    interval,
    effectSize: effectSize(differences),
    queries: { better: count((d) => d > 0), equal: count((d) => d === 0), worse: count((d) => d < 0) },
    ...pairedRandomisation(differences, random),
  };
}

function differencesOf(a: Measured, b: Measured, label: string): number[] {
  const [ours, theirs] = [a.perQuery.get(label), b.perQuery.get(label)];
  if (ours === undefined || theirs === undefined || ours.size !== theirs.size || ours.size === 0) {
    throw new RangeError(`${a.system} and ${b.system} were measured on different queries`);
  }
  return [...ours].map(([query, value]) => {
    const other = theirs.get(query);
    if (other === undefined) throw new RangeError(`${b.system} was not measured on ${query}`);
    return value - other;
  });
}
