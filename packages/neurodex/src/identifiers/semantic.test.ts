import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, test } from 'vitest';
import { schemeContract } from './scheme.contract.ts';
import type { SchemeOptions } from './scheme.ts';
import { semantic } from './semantic.ts';

const runtime = nodeRuntime({ threads: 1 });

/** Vectors of which many are equal. */
const given =
  (leafSize: number) =>
  (count: number, random: Random): Partial<SchemeOptions> => ({
    runtime,
    leafSize,
    points: { values: Float32Array.from({ length: 3 * count }, () => random.integer(4)), length: 3 },
  });

describe.each([
  [2, 1],
  [10, 10],
  [10, 25],
  [37, 4],
])('branching %i, leaves of %i', (branching, leafSize) => schemeContract(semantic(branching), given(leafSize)));

const entries = (count: number) => Array.from({ length: count }, (_, i) => ({ path: `${i}.png`, labels: [] }));
const assign = (branching: number, leafSize: number, values: readonly number[], zeroPadding = false) =>
  semantic(branching).assign(
    entries(values.length),
    {
      order: 'clustered',
      zeroPadding,
      leafSize,
      runtime,
      points: { values: Float32Array.from(values), length: 1 },
    },
    Random.seeded(1),
  );

describe('semantic', () => {
  test('few pictures are numbered', async () => {
    expect(await assign(10, 10, [])).toEqual([]);
    expect(await assign(10, 10, [4])).toEqual(['0']);
    expect(await assign(10, 10, [4, 1, 1])).toEqual(['0', '1', '2']);
    expect(await assign(10, 100, Array(11).fill(7))).toEqual(
      Array.from({ length: 11 }, (_, i) => String(i).padStart(2, '0')),
    );
  });

  test('pictures that are alike share their first token, whatever their labels', async () => {
    const identifiers = await assign(2, 2, [0, 100, 0.1, 100.1]);
    const [a, b, c, d] = identifiers.map((identifier) => identifier[0]);
    expect([a, b]).toEqual([c, d]);
    expect(a).not.toBe(b);
    expect(identifiers.map((identifier) => identifier[1])).toEqual(['0', '0', '1', '1']);
  });

  test('zeros behind pad to one length', async () => {
    const values = [0, 100, 100.1, 100.2, 100.3, 100.4];
    const [short, padded] = [await assign(2, 1, values), await assign(2, 1, values, true)];
    const longest = Math.max(...short.map(({ length }) => length));
    expect(padded).toEqual(short.map((identifier) => identifier.padEnd(longest, '0')));
    expect(new Set(padded).size).toBe(values.length);
  });

  test('up to ten tokens are digits, more are parted by dots', () => {
    expect(semantic(10).vocabulary).toEqual({ size: 13, bos: 10, pad: 11, eos: 12 });
    expect(semantic(10).toTokens('407')).toEqual([4, 0, 7]);
    expect(semantic(32).vocabulary).toEqual({ size: 35, bos: 32, pad: 33, eos: 34 });
    expect(semantic(32).toTokens('4.0.17')).toEqual([4, 0, 17]);
    expect(semantic(32).fromTokens([17])).toBe('17');
  });

  test.each([
    [10, ''],
    [10, '1.2'],
    [10, 'a'],
    [4, '14'],
    [32, '1..2'],
    [32, '32'],
    [32, '01'],
    [32, '1.'],
    [32, '-1'],
    [32, '٣'],
  ])('of %i tokens, %j is refused', (branching, identifier) => {
    expect(() => semantic(branching).toTokens(identifier)).toThrowError(
      expect.objectContaining({ code: 'index-damaged' }),
    );
  });

  test.each([10, 12, -1, 1.5])('token %d is not part of an identifier of ten tokens', (token) => {
    expect(() => semantic(10).fromTokens([1, token])).toThrow(RangeError);
  });

  test('is called semantic, and needs one vector for each picture', async () => {
    expect(semantic(10).name).toBe('semantic');
    const options = { order: 'random', zeroPadding: false } as const;
    const named = (more: Partial<SchemeOptions>) =>
      Promise.resolve(semantic(10).assign(entries(3), { ...options, ...more }, Random.seeded(1)));
    const points = (count: number) => ({ values: new Float32Array(2 * count), length: 2 });
    await expect(async () => named({ runtime })).rejects.toThrow('made of vectors');
    await expect(async () => named({ points: points(3) })).rejects.toThrow('made of vectors');
    await expect(async () => named({ runtime, points: points(2) })).rejects.toThrow('2 vectors for 3 pictures');
    await expect(named({ runtime, points: points(3) })).resolves.toEqual(['0', '1', '2']);
  });

  test('tells how many pictures are named', async () => {
    const told: number[] = [];
    const points = { values: Float32Array.of(0, 0.1, 100, 100.1), length: 1 };
    const options = { order: 'random', zeroPadding: false, leafSize: 2, runtime, points } as const;
    await semantic(2).assign(entries(4), { ...options, onProgress: (done) => told.push(done) }, Random.seeded(1));
    expect(told).toEqual([2, 4]);
  });
});
