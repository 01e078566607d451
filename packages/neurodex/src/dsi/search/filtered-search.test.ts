import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../query/answers.ts';
import { isAmong, type RowMask } from '../../query/row-mask.ts';
import { asQueries } from '../../systems/queries.fixture.ts';
import { DsiSystem } from './dsi-system.ts';
import { memoryOf, randomUnit } from './plain-memory.fixture.ts';
import { smallNetwork } from './small-network.fixture.ts';

const D = 6;
const WIDE = 1000;
const names = fc.uniqueArray(fc.nat(9999).map(String), { minLength: 1, maxLength: 50 });

/** Of rows 3, 5, 7, … those that chance takes. */
function maskOf(rows: readonly number[], share: number, seed: number): RowMask {
  const random = Random.seeded(seed);
  const taken = rows.filter(() => random.uniform() < share);
  const bytes = new Uint8Array(Math.max(...rows) + 1);
  for (const row of taken) bytes[row] = 1;
  return { bytes, count: taken.length };
}

const filtered = (answers: readonly Answer[], mask: RowMask): Answer[] =>
  answers.filter(({ row }) => isAmong(mask, row));

describe('a search of a memory among some pictures', () => {
  it('gives of them what a search of all gives, in the same order and with the same scores', () => {
    fc.assert(
      fc.property(
        names,
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 9 }),
        (identifiers, seed, share, k) => {
          const random = Random.seeded(seed);
          const states = identifiers.map(() => randomUnit(D, random));
          const { search } = memoryOf(identifiers, states, 8);
          const query = Float32Array.from(randomUnit(D, random));
          const rows = identifiers.map((_, i) => 2 * i + 3);
          const mask = maskOf(rows, share, seed);
          const expected = filtered(search.exhaustive(query, 0, WIDE), mask);
          expect(search.exhaustive(query, 0, WIDE, mask)).toEqual(expected);
          expect(search.exhaustive(query, 0, k, mask)).toEqual(expected.slice(0, k));
          // A beam that looks into everything, comparing one by one, and by prefixes.
          expectAlike(search.beamAmong(query, 0, k, WIDE, mask), expected.slice(0, k));
          const byPrefixes = memoryOf(identifiers, states, 8, [], 0).search;
          expectAlike(byPrefixes.beamAmong(query, 0, k, WIDE, mask), expected.slice(0, k));
        },
      ),
    );
  });

  it('with a narrow beam finds as many as are asked for, where there are as many, and of few the very best', () => {
    fc.assert(
      fc.property(
        names,
        fc.nat(),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        (identifiers, seed, share, k) => {
          const random = Random.seeded(seed);
          const states = identifiers.map(() => randomUnit(D, random));
          const query = Float32Array.from(randomUnit(D, random));
          const rows = identifiers.map((_, i) => 2 * i + 3);
          const mask = maskOf(rows, share, seed);
          const { search } = memoryOf(identifiers, states, 8);
          const best = filtered(search.exhaustive(query, 0, WIDE), mask).slice(0, k);
          expect(search.beamAmong(query, 0, k, k, mask).map(({ row }) => row)).toEqual(best.map(({ row }) => row));
          const found = memoryOf(identifiers, states, 8, [], 0).search.beamAmong(query, 0, k, k, mask);
          expect(found).toHaveLength(Math.min(k, mask.count));
          expect(found.every(({ row }) => isAmong(mask, row))).toBe(true);
          // A search of all is not changed by it.
          const all = search.beam(query, 0, k, k);
          search.beamAmong(query, 0, k, k, mask);
          expect(search.beam(query, 0, k, k)).toEqual(all);
        },
      ),
    );
  });
});

function expectAlike(answers: readonly Answer[], expected: readonly Answer[]): void {
  expect(answers.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
  for (const [i, { score }] of answers.entries()) expect(score).toBeCloseTo(expected[i]?.score ?? NaN, 6);
}

describe('a network that writes token by token, among some pictures', () => {
  const network = smallNetwork(40);
  const BYTES = 16 * 16 * 3;
  const queries = asQueries(network.pictures(3), BYTES);
  const system = (search: { exactUpTo: number; beam: number }) =>
    new DsiSystem({ runtime: nodeRuntime(), ...network, search });

  it.each([
    ['exhaustively', { exactUpTo: 100, beam: 4 }],
    ['by a beam that holds all', { exactUpTo: 0, beam: 40 }],
  ])(
    'ranks %s as it ranks all',
    async (_, search) => {
      const dsi = system(search);
      const all = await dsi.rank(queries, 40);
      for (const share of [0, 0.1, 0.5, 1]) {
        const mask = maskOf(network.rows, share, 3);
        const found = await dsi.rank(queries, 5, mask);
        for (const [i, answers] of found.entries()) expectAlike(answers, filtered(all[i] ?? [], mask).slice(0, 5));
      }
      await dsi.close();
    },
    60_000,
  );

  it('finds them also where a beam of all pictures holds none of them', async () => {
    const dsi = system({ exactUpTo: 0, beam: 3 });
    const [first = []] = await dsi.rank(queries.slice(0, 1), 3);
    const bytes = new Uint8Array(100).fill(1);
    for (const { row } of first) bytes[row] = 0;
    const mask = { bytes, count: 37 };
    const [found = []] = await dsi.rank(queries.slice(0, 1), 3, mask);
    expect(found).toHaveLength(3);
    expect(found.every(({ row }) => isAmong(mask, row))).toBe(true);
    await dsi.close();
  }, 60_000);
});
