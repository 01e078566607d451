import { NeurodexError } from '@neurodex/core';
import type { RoutedShard, ShardAnswers } from './shard-source.ts';

/** What answers of a shard are compared with. */
export interface Expected {
  readonly shard: RoutedShard;
  /** B */
  readonly queries: number;
  readonly k: number;
  /** τ */
  readonly temperature: number;
}

/** Log-probabilities are rounded. */
const TOLERANCE = 1e-6;

/**
 * Whether answers can be those of a shard: as many as were asked for, of rows that it has, with sums and log-probabilities that it can
 * have. One that cannot would spoil the answers of the others.
 * @returns them @throws NeurodexError `shards-unavailable` saying what is wrong
 */
export function checkAnswers(found: readonly ShardAnswers[], expected: Expected): readonly ShardAnswers[] {
  const { shard, queries } = expected;
  const wrong =
    found.length === queries ? wrongWith(found, expected) : `it answers ${found.length} of ${queries} queries`;
  if (wrong === undefined) return found;
  throw new NeurodexError('shards-unavailable', `the answers of shard ${shard.shard} cannot be used: ${wrong}`, {
    hint: 'see whether all servers run one version of the program, and whether the shard is whole',
    details: { shard: shard.shard },
  });
}

function wrongWith(found: readonly ShardAnswers[], { shard, k, temperature }: Expected): string | undefined {
  // States are unit vectors, and estimates of what was not looked at are bounded by their spread.
  const most = Math.log(shard.pictures) + 3 * temperature + 1;
  for (const { logSum, answers } of found) {
    if (!(Math.abs(logSum) <= most)) return `the sum ${logSum}`;
    if (answers.length === 0 || answers.length > k) return `${answers.length} answers, where ${k} were asked for`;
    const rows = new Set<number>();
    let before = TOLERANCE;
    for (const { row, score, picture } of answers) {
      if (!Number.isInteger(row) || row < 0 || row >= shard.pictures) return `the row ${row} of ${shard.pictures}`;
      if (rows.has(row)) return `the row ${row} twice`;
      rows.add(row);
      if (!(score <= before) || score === Number.NEGATIVE_INFINITY) return `the score ${score} behind ${before}`;
      before = score;
      if (!Number.isSafeInteger(picture.id) || picture.id < 0) return `the picture ${picture.id}`;
    }
  }
  return undefined;
}
