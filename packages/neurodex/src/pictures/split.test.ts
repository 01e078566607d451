import { Random } from '@neurodex/autograd';
import type { Role } from '@neurodex/datasets';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignRoles, type SplitOptions } from './split.ts';

interface Entry {
  readonly path: string;
  readonly labels: readonly string[];
  readonly role?: Role;
}

const SEED_SPLIT: SplitOptions = { retrievalFraction: 0.75, validationFraction: 0.1, testFraction: 0.1 };

const classOf = (name: string, pictures: number): Entry[] =>
  Array.from({ length: pictures }, (_, i) => ({ path: `${name}/${i}.png`, labels: [name] }));

const split = (pictures: readonly Entry[], options = SEED_SPLIT, seed = 1) =>
  assignRoles(pictures, options, Random.seeded(seed));

const tally = (roles: readonly Role[]) => {
  const counts = { catalogue: 0, train: 0, validation: 0, test: 0 };
  for (const role of roles) counts[role]++;
  return counts;
};

const folders = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.integer({ min: 1, max: 40 })), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 12,
  })
  .map((classes) => classes.flatMap(([name, pictures]) => classOf(name, pictures)));

const fractions = fc
  .record({ retrievalFraction: fc.double({ min: 0, max: 1, noNaN: true }), a: fc.nat(100), b: fc.nat(100) })
  .map(({ retrievalFraction, a, b }) => ({
    retrievalFraction,
    validationFraction: a / 200,
    testFraction: b / 200,
  }));

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('labelled pictures', () => {
  test('each class gives its share to the catalogue, at least one and never less than the floor', () => {
    fc.assert(
      fc.property(folders, fractions, seeds, (pictures, options, seed) => {
        const roles = split(pictures, options, seed);
        expect(roles).toHaveLength(pictures.length);
        for (const name of new Set(pictures.map(({ labels }) => labels[0]))) {
          const mine = roles.filter((_, i) => pictures[i]?.labels[0] === name);
          const kept = mine.length * (1 - options.retrievalFraction);
          const catalogue = tally(mine).catalogue;
          expect(catalogue).toBeGreaterThanOrEqual(1);
          expect(catalogue).toBeGreaterThanOrEqual(Math.floor(kept));
          expect(catalogue).toBeLessThanOrEqual(Math.max(1, kept + 1e-6));
        }
      }),
    );
  });

  test('the splits have their shares of the queries, overall and class by class', () => {
    fc.assert(
      fc.property(folders, fractions, seeds, (pictures, options, seed) => {
        const roles = split(pictures, options, seed);
        const { train, validation, test: held } = tally(roles);
        const queries = train + validation + held;
        const { validationFraction: v, testFraction: t } = options;
        // One picture of rounding for each split, and one that a split of its own right may have been given.
        expect(Math.abs(validation - v * queries)).toBeLessThanOrEqual(2);
        expect(Math.abs(held - t * queries)).toBeLessThanOrEqual(2);
        if (queries >= 3) {
          expect(validation > 0).toBe(v > 0);
          expect(held > 0).toBe(t > 0);
          if (v + t < 1) expect(train).toBeGreaterThan(0);
        }
        for (const name of new Set(pictures.map(({ labels }) => labels[0]))) {
          const mine = tally(roles.filter((_, i) => pictures[i]?.labels[0] === name));
          const share = (mine.train + mine.validation + mine.test) / Math.max(1, queries);
          const expected = (validation + held) * share;
          expect(Math.abs(mine.validation + mine.test - expected)).toBeLessThanOrEqual(1);
          expect(Math.abs(mine.test - held * share)).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  test('the same seed gives the same roles, in whatever order the files are listed', () => {
    fc.assert(
      fc.property(folders, fractions, seeds, seeds, (pictures, options, seed, order) => {
        const roles = new Map(split(pictures, options, seed).map((role, i) => [pictures[i]?.path, role]));
        const relisted = Random.seeded(order).shuffled(pictures);
        const again = split(relisted, options, seed);
        relisted.forEach(({ path }, i) => {
          expect(again[i]).toBe(roles.get(path));
        });
      }),
      { numRuns: 50 },
    );
  });

  test('another seed gives other roles', () => {
    const pictures = [...classOf('cat', 40), ...classOf('dog', 40)];
    expect(split(pictures, SEED_SPLIT, 1)).not.toEqual(split(pictures, SEED_SPLIT, 2));
  });

  test("the seed's numbers: 100 pictures of each of 4 classes", () => {
    const pictures = ['a', 'b', 'c', 'd'].flatMap((name) => classOf(name, 100));
    const roles = split(pictures);
    expect(tally(roles)).toEqual({ catalogue: 100, train: 240, validation: 30, test: 30 });
    for (const name of ['a', 'b', 'c', 'd']) {
      const mine = tally(roles.filter((_, i) => pictures[i]?.labels[0] === name));
      expect(mine.catalogue).toBe(25);
      expect(mine.test + mine.validation).toBe(15);
    }
  });

  test('shares that binary fractions miss by a hair are whole: 10 × (1 − 0.9) is 1, 30 × (1 − 0.9) is 3', () => {
    const options = { ...SEED_SPLIT, retrievalFraction: 0.9 };
    expect(tally(split(classOf('a', 30), options)).catalogue).toBe(3);
  });

  test('a class of one picture is catalogue; of two, one catalogue and one query', () => {
    expect(split(classOf('a', 1))).toEqual(['catalogue']);
    expect(tally(split(classOf('a', 2)))).toEqual({ catalogue: 1, train: 1, validation: 0, test: 0 });
  });

  test('three queries: one each, unless a split is not wanted', () => {
    const pictures = classOf('a', 4);
    expect(tally(split(pictures))).toEqual({ catalogue: 1, train: 1, validation: 1, test: 1 });
    expect(tally(split(pictures, { ...SEED_SPLIT, validationFraction: 0 }))).toEqual({
      catalogue: 1,
      train: 2,
      validation: 0,
      test: 1,
    });
  });
});

test('several labels: one side only, and every query shares a label with the catalogue', () => {
  const labels = fc.uniqueArray(fc.constantFrom('cat', 'dog', 'sofa', 'person', 'car', 'kite'), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1, maxLength: 80 }), fractions, seeds, (sets, options, seed) => {
      const pictures = sets.map((set, i) => ({ path: `${i}.jpg`, labels: set }));
      const roles = split(pictures, options, seed);
      expect(roles).toHaveLength(pictures.length);
      const kept = new Set(pictures.flatMap(({ labels: set }, i) => (roles[i] === 'catalogue' ? set : [])));
      pictures.forEach(({ labels: set }) => {
        expect(set.some((label) => kept.has(label))).toBe(true);
      });
      const reordered = pictures.map(({ path, labels: set }) => ({ path, labels: [...set].reverse() }));
      expect(split(reordered, options, seed)).toEqual(roles);
    }),
    { numRuns: 50 },
  );
});

test('without labels everything is catalogue; a picture without one among labelled ones too', () => {
  const flat = Array.from({ length: 9 }, (_, i) => ({ path: `${i}.png`, labels: [] }));
  expect(tally(split(flat)).catalogue).toBe(9);
  const mixed = [...flat, ...classOf('a', 8)];
  expect(tally(split(mixed))).toEqual({ catalogue: 11, train: 4, validation: 1, test: 1 });
});

describe('fixed roles', () => {
  const fixed: Entry[] = [
    { path: 'test/b', labels: [], role: 'test' },
    { path: 'catalogue/a', labels: ['x'], role: 'catalogue' },
    { path: 'train/a', labels: ['x'], role: 'train' },
  ];

  test('are taken at their word', () => {
    expect(split(fixed)).toEqual(['test', 'catalogue', 'train']);
  });

  test('a data set that fixes only some is refused, with an example of each', () => {
    expect(() => split([...fixed, { path: 'stray', labels: [] }])).toThrow(
      expect.objectContaining({
        code: 'source-unusable',
        message: 'catalogue/a has a fixed role and stray has none',
      }),
    );
  });
});

test('impossible fractions are refused by key', () => {
  const bad = (change: Partial<SplitOptions>) => () => split(classOf('a', 9), { ...SEED_SPLIT, ...change });
  expect(bad({ retrievalFraction: 1.1 })).toThrow(/split\.retrievalFraction/);
  expect(bad({ testFraction: Number.NaN })).toThrow(/split\.testFraction/);
  expect(bad({ validationFraction: -0.1 })).toThrow(/split\.validationFraction/);
  expect(bad({ validationFraction: 0.6, testFraction: 0.6 })).toThrow(/together/);
});
