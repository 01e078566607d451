import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../query/answers.ts';
import { clusters, logSum, memoryOf, randomUnit } from './plain-memory.fixture.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const D = 6;
const names = fc.uniqueArray(fc.oneof(fc.nat(30), fc.nat(9999)).map(String), { minLength: 1, maxLength: 50 });
const WIDE = 1000;

/** A memory of random states. */
function randomMemory(identifiers: readonly string[], seed: number, temperature = 8, earlier: readonly string[] = []) {
  const random = Random.seeded(seed);
  const made = memoryOf(
    identifiers,
    identifiers.map(() => randomUnit(D, random)),
    temperature,
    earlier,
  );
  const query = randomUnit(D, random);
  return { ...made, query, states: Float32Array.from(query) };
}

const rowsOf = (answers: readonly Answer[]): number[] => answers.map(({ row }) => row);
const inOrder = (answers: readonly Answer[]): Answer[] =>
  [...answers].sort((a, b) => b.score - a.score || a.row - b.row);
/** The best first, each with the log of its share of the sum over all. */
function softmaxOf(logits: ReadonlyMap<number, number>): Answer[] {
  const total = logSum([...logits.values()]);
  return inOrder([...logits].map(([row, x]) => ({ row, score: x - total })));
}

function expectAlike(answers: readonly Answer[], expected: readonly Answer[]): void {
  expect(rowsOf(answers)).toEqual(rowsOf(expected));
  for (const [i, { score }] of answers.entries()) expect(score).toBeCloseTo(expected[i]?.score ?? NaN, 4);
}

describe('an exhaustive search of a memory', () => {
  it('gives every identifier its share of a softmax over all, and 1 to all together', () => {
    fc.assert(
      fc.property(names, fc.nat(), (identifiers, seed) => {
        const { search, logits, query, states } = randomMemory(identifiers, seed);
        const all = search.exhaustive(states, 0, WIDE);
        expectAlike(all, softmaxOf(logits(query)));
        expect(all.reduce((sum, { score }) => sum + Math.exp(score), 0)).toBeCloseTo(1, 9);
        expect(search.exhaustive(states, 0, 3)).toEqual(all.slice(0, 3));
      }),
    );
  });

  it('searches with the query that is asked for, of a batch', () => {
    const { search, logits, query } = randomMemory(['1', '12', '40', '41', '7'], 3);
    const other = randomUnit(D, Random.seeded(9));
    const states = Float32Array.from([...query, ...other]);
    expectAlike(search.exhaustive(states, 0, WIDE), softmaxOf(logits(query)));
    expectAlike(search.exhaustive(states, 1, WIDE), softmaxOf(logits(other)));
    expectAlike(search.beam(states, 1, WIDE, WIDE), softmaxOf(logits(other)));
  });
});

describe('a beam search of a memory', () => {
  it('finds what an exhaustive one finds where the beam is as wide as every depth', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.integer({ min: 1, max: 60 }), (identifiers, seed, k) => {
        const { search, logits, query, states } = randomMemory(identifiers, seed);
        expectAlike(search.beam(states, 0, k, identifiers.length), softmaxOf(logits(query)).slice(0, k));
      }),
    );
  });

  it('finds the pictures behind the prefixes with the nearest means; of the others it takes the estimate', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.integer({ min: 1, max: 4 }), (identifiers, seed, beam) => {
        const { search, logits, met, query, states } = randomMemory(identifiers, seed);
        const found = search.beam(states, 0, WIDE, beam);
        const { rows, others } = met(query, beam);
        const seen = [...logits(query)].filter(([row]) => rows.has(row));
        const total = logSum([...seen.map(([, x]) => x), others]);
        expectAlike(found, inOrder(seen.map(([row, x]) => ({ row, score: x - total }))));
        expect(search.beam(states, 0, 2, beam)).toEqual(found.slice(0, 2));
      }),
    );
  });

  it('has no more answers than it meets, whatever is asked for', () => {
    const identifiers = ['00', '01', '02', '10', '11', '20', '21', '22', '23'];
    const { search, met, query, states } = randomMemory(identifiers, 4);
    for (const beam of [1, 2]) {
      const found = search.beam(states, 0, 9, beam);
      expect(found.length).toBe(met(query, beam).rows.size);
      expect(found.length).toBeLessThan(9);
    }
  });

  it('estimates what it does not look into: the total is right within a few percent where pictures lie in clusters', () => {
    const temperature = 6;
    const { identifiers, states, near } = clusters(10, 100, 32, 0.5, 6);
    const { search, logits } = memoryOf(identifiers, states, temperature);
    const errors = Array.from({ length: 50 }, (_, i) => {
      const query = near(i % 10);
      const all = logits(query);
      const [first] = search.beam(Float32Array.from(query), 0, 1, 2);
      if (first === undefined) throw new RangeError('nothing was found');
      // The total that the score was divided by.
      const total = (all.get(first.row) ?? NaN) - first.score;
      return Math.exp(total - logSum([...all.values()])) - 1;
    });
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.08);
  });
});

describe('either search', () => {
  it.each([[['45678']], [['0']], [['45678', '9']], [['12', '123']], [['1', '12', '123', '1234']]])(
    'follows chains to one picture: %j',
    (identifiers) => {
      const { search, logits, query, states } = randomMemory(identifiers, 2);
      const expected = softmaxOf(logits(query));
      expectAlike(search.exhaustive(states, 0, WIDE), expected);
      expectAlike(search.beam(states, 0, WIDE, 4), expected);
      if (identifiers.length === 1) expect(search.beam(states, 0, 1, 1)).toEqual([{ row: 3, score: 0 }]);
    },
  );

  it('orders equal answers by their rows: a hundred pictures that are the same', () => {
    const random = Random.seeded(8);
    const [same, query] = [randomUnit(D, random), randomUnit(D, random)];
    const identifiers = random.shuffled(Array.from({ length: 100 }, (_, i) => String(i)));
    const made = memoryOf(
      identifiers,
      identifiers.map(() => same),
      20,
    );
    const states = Float32Array.from(query);
    const rows = Array.from({ length: 100 }, (_, i) => 2 * i + 3);
    for (const answers of [made.search.exhaustive(states, 0, 100), made.search.beam(states, 0, 100, 100)]) {
      expect(answers.map(({ score }) => score.toFixed(4))).toEqual(Array(100).fill((-Math.log(100)).toFixed(4)));
      expect(rowsOf(answers)).toEqual(rows);
    }
    // A narrow beam meets some of them, and knows of the others: no score is off.
    const some = made.search.beam(states, 0, 7, 3);
    expect(rowsOf(some)).toEqual([...rowsOf(some)].sort((a, b) => a - b));
    for (const { score } of some) expect(score).toBeCloseTo(-Math.log(100), 3);
  });

  it('finds the same where pictures were added, so that the rows of siblings lie apart', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.integer({ min: 1, max: 4 }), (identifiers, seed, beam) => {
        const earlier = identifiers.filter((_, i) => i % 2 === 1);
        const created = randomMemory(identifiers, seed);
        const extended = randomMemory(identifiers, seed, 8, earlier);
        const { states } = created;
        expect(extended.search.exhaustive(states, 0, WIDE)).toEqual(created.search.exhaustive(states, 0, WIDE));
        expect(extended.search.beam(states, 0, WIDE, beam)).toEqual(created.search.beam(states, 0, WIDE, beam));
      }),
    );
  });

  it('finds the same without WebAssembly', () => {
    const { identifiers, states, near } = clusters(10, 40, 32, 0.5, 7);
    const query = Float32Array.from(near(3));
    const inWebAssembly = memoryOf(identifiers, states, 20).search;
    vi.stubGlobal('WebAssembly', undefined);
    const plain = memoryOf(identifiers, states, 20).search;
    expectAlike(inWebAssembly.exhaustive(query, 0, WIDE), plain.exhaustive(query, 0, WIDE));
    expectAlike(inWebAssembly.beam(query, 0, 10, 3), plain.beam(query, 0, 10, 3));
  });

  it('has scores that are no numbers where the state has none', () => {
    const { identifiers, states } = clusters(10, 40, 32, 0.5, 7);
    const { search } = memoryOf(identifiers, states, 20);
    const query = new Float32Array(32).fill(NaN);
    for (const answers of [search.exhaustive(query, 0, 3), search.beam(query, 0, 3, 2)]) {
      expect(answers.map(({ score }) => score)).toEqual([NaN, NaN, NaN]);
    }
  });
});
