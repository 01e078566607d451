import { Random } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { plainRollout } from '../model/plain-network.fixture.ts';
import { rollout } from './attention-rollout.ts';

const random = Random.seeded(1);
/** Rows that add up to 1, over the positions that a mask lets see. */
const attention = (size: number, sees: (i: number, j: number) => boolean): number[][] =>
  Array.from({ length: size }, (_, i) => {
    const row = Array.from({ length: size }, (_, j) => (sees(i, j) ? Math.fround(random.uniform(0.1, 1)) : 0));
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((value) => value / sum);
  });

it.each([
  [1, 1, 1],
  [2, 3, 1],
  [4, 2, 2],
  [3, 4, 3],
])('is the product of all ½A + ½I: %i patches, %i tokens, %i blocks', (P, M, blocks) => {
  const whole = Array.from({ length: blocks }, () => attention(P + M, (i, j) => (i < P ? j < P : j <= i)));
  const flat = (rows: number[][], columns: number) => Float32Array.from(rows.flatMap((row) => row.slice(0, columns)));
  const maps = {
    input: whole.slice(0, -1).map((rows) => flat(rows.slice(0, P), P)),
    tokens: whole.map((rows) => flat(rows.slice(P), P + M)),
  };
  const found = rollout(maps, { sequenceLength: P, maxIdentifierLength: M } as Parameters<typeof rollout>[1]);
  const expected = plainRollout(whole).slice(P).flat();
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
});
