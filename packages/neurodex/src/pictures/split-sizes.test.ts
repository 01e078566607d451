import type { Random } from '@neurodex/autograd';
import type { Role } from '@neurodex/datasets';
import { describe, expect, it, test } from 'vitest';
import { assignRoles, byPath, type SplitOptions } from './split.ts';

interface Entry {
  readonly path: string;
  readonly labels: readonly string[];
  readonly role?: Role;
}

/** Shuffles nothing, and keeps what it was given to shuffle. */
function unshuffled() {
  const given: unknown[] = [];
  const random = {
    shuffled: <T>(list: readonly T[]): T[] => {
      given.push([...list]);
      return [...list];
    },
  } as unknown as Random;
  return { random, given };
}

const assign = (
  pictures: readonly Entry[],
  [retrievalFraction, validationFraction, testFraction]: readonly [number, number, number],
  sets?: readonly number[],
): Role[] => assignRoles(pictures, { retrievalFraction, validationFraction, testFraction }, unshuffled().random, sets);

const entry = (path: string, ...labels: string[]): Entry => ({ path, labels });

test('paths are ordered by code units', () => {
  const order = (a: string, b: string) => byPath({ path: a }, { path: b });
  expect([order('a', 'b'), order('b', 'a'), order('a', 'a'), order('Z', 'a'), order('a', 'ab')]).toEqual([
    -1, 1, 0, -1, -1,
  ]);
});

describe('how many queries play each part', () => {
  /** One class of which a single picture stays in the catalogue: the others are queries. */
  const sizes = (queries: number, validation: number, held: number) => {
    const pictures = Array.from({ length: queries + 1 }, (_, i) => entry(String(i).padStart(3, '0'), 'a'));
    const roles = assign(pictures, [1, validation, held]);
    const of = (role: Role) => roles.filter((each) => each === role).length;
    expect(of('catalogue')).toBe(1);
    return [of('train'), of('validation'), of('test')];
  };

  it.each<[string, number, number, number, readonly [number, number, number]]>([
    ['no fraction', 10, 0, 0, [10, 0, 0]],
    ['plain shares', 10, 0.6, 0.2, [2, 6, 2]],
    ['all for one', 10, 1, 0, [0, 10, 0]],
    ['all for the other', 10, 0, 1, [0, 0, 10]],
    ['all for both', 10, 0.5, 0.5, [0, 5, 5]],
    ['nearly all: one is left to train with', 10, 0.95, 0, [1, 9, 0]],
    ['nearly all, by a thousandth', 10, 0.5, 0.499, [1, 5, 4]],
    ['all but what binary fractions miss', 10, 0.5, 0.4999999999, [0, 5, 5]],
    ['more than all, by what binary fractions miss', 10, 0.7, 0.3000000005, [0, 7, 3]],
    ['small shares: one each', 10, 0.04, 0.04, [8, 1, 1]],
    ['one small share', 10, 0, 0.04, [9, 0, 1]],
    ['the other small share', 10, 0.04, 0, [9, 1, 0]],
    ['a small share beside a large one', 10, 0.01, 0.3, [7, 1, 2]],
    ['a large share beside a small one', 10, 0.3, 0.01, [7, 2, 1]],
    ['three queries: one each', 3, 0.1, 0.1, [1, 1, 1]],
    ['three queries and large shares: one each', 3, 0.45, 0.45, [1, 1, 1]],
    ['two queries and small shares', 2, 0.1, 0.1, [2, 0, 0]],
    ['two queries and large shares', 2, 0.4, 0.4, [0, 1, 1]],
    ['two queries, all for both', 2, 0.5, 0.5, [0, 1, 1]],
    ['one query', 1, 0.6, 0, [0, 1, 0]],
    ['none', 0, 0.5, 0.5, [0, 0, 0]],
  ])('%s: of %i, %d and %d', (_, queries, validation, held, expected) => {
    expect(sizes(queries, validation, held)).toEqual(expected);
  });
});

describe('which queries are held out', () => {
  it('are spread evenly over their order, and so are those for the test among them', () => {
    // 10 queries, 4 held out: where the rounded line i · 4 / 10 steps up; of these every second.
    const pictures = Array.from({ length: 11 }, (_, i) => entry(String(i).padStart(2, '0'), 'a'));
    const roles = assign(pictures, [1, 0.2, 0.2]).slice(1);
    const steps = (i: number, marks: number, of: number) =>
      Math.round(((i + 1) * marks) / of) > Math.round((i * marks) / of);
    let taken = 0;
    const expected = Array.from({ length: 10 }, (_, i) => {
      if (!steps(i, 4, 10)) return 'train';
      return steps(taken++, 2, 4) ? 'test' : 'validation';
    });
    expect(expected.filter((role) => role === 'test')).toHaveLength(2);
    expect(roles).toEqual(expected);
  });

  it('shuffles each class by itself, classes and pictures in the order of their names, then the classes', () => {
    const { random, given } = unshuffled();
    const pictures = [entry('z', 'b'), entry('c', 'b'), entry('m', 'a'), entry('d', 'a'), entry('e', 'a')];
    const options: SplitOptions = { retrievalFraction: 0.5, validationFraction: 0, testFraction: 0 };
    expect(assignRoles(pictures, options, random)).toEqual(['train', 'catalogue', 'train', 'catalogue', 'train']);
    expect(given).toEqual([
      ['d', 'e', 'm'],
      ['c', 'z'],
      [['e', 'm'], ['z']],
    ]);
  });

  it('counts a picture for its rarest label, and of equally rare ones for the smaller name', () => {
    const { random, given } = unshuffled();
    const pictures = [entry('1', 'x', 'y'), entry('2', 'x'), entry('3', 'y', 'x', 'x'), entry('4', 'w', 'v')];
    assignRoles(pictures, { retrievalFraction: 0.5, validationFraction: 0, testFraction: 0 }, random);
    expect(given.slice(0, 3)).toEqual([['4'], ['2'], ['1', '3']]);
  });
});

describe('the catalogue keeps of each class', () => {
  const kept = (pictures: number, fraction: number) =>
    assign(
      Array.from({ length: pictures }, (_, i) => entry(String(i), 'a')),
      [fraction, 0, 0],
    ).filter((role) => role === 'catalogue').length;

  it('the share that does not become queries, rounded down, and at least one', () => {
    expect([kept(10, 0), kept(10, 0.25), kept(10, 0.5), kept(10, 1), kept(1, 1)]).toEqual([10, 7, 5, 1, 1]);
    expect([kept(10, 0.9), kept(30, 0.9), kept(10, 0.8)]).toEqual([1, 3, 2]);
  });
});

describe('pictures that show the same', () => {
  it('play one part, and count once', () => {
    const { random, given } = unshuffled();
    const pictures = [entry('f', 'a'), entry('b', 'a'), entry('c', 'a'), entry('a', 'a')];
    const options: SplitOptions = { retrievalFraction: 0.5, validationFraction: 0, testFraction: 0 };
    // f, c and a are one picture, known by its first path.
    expect(assignRoles(pictures, options, random, [0, 1, 0, 0])).toEqual([
      'catalogue',
      'train',
      'catalogue',
      'catalogue',
    ]);
    expect(given[0]).toEqual(['a', 'b']);
  });

  it('are catalogue without a label', () => {
    expect(assign([entry('a'), entry('b'), entry('c', 'x')], [1, 0, 0], [0, 0, 2])).toEqual([
      'catalogue',
      'catalogue',
      'catalogue',
    ]);
  });

  /** b and e each give one picture to the catalogue and one to the queries; z is in queries alone. */
  const among = (first: readonly Entry[]): Role[] => {
    const pictures = [entry('1', 'b'), entry('3', 'e'), entry('4', 'e', 'z'), ...first];
    return assign(pictures, [0.75, 0, 0], [0, 1, 2, ...first.map(() => 3)]).slice(2);
  };

  it('stay queries where one of their labels can be found, by each of them', () => {
    expect(among([entry('2', 'b', 'z')])).toEqual(['train', 'train']);
    expect(among([entry('2', 'b', 'z'), entry('5', 'z', 'b')])).toEqual(['train', 'train', 'train']);
    expect(among([entry('2', 'b', 'z'), entry('5', 'b')])).toEqual(['train', 'train', 'train']);
  });

  it('go to the catalogue where one of them has labels that nothing there has', () => {
    expect(among([entry('2', 'b'), entry('5', 'z')])).toEqual(['train', 'catalogue', 'catalogue']);
    expect(among([entry('2', 'z'), entry('5', 'b')])).toEqual(['train', 'catalogue', 'catalogue']);
  });

  it('leave the other queries their shares', () => {
    const plain = Array.from({ length: 10 }, (_, i) => entry(`c${i}`, 'c'));
    const pictures = [
      entry('1', 'b'),
      entry('3', 'e'),
      entry('4', 'e', 'z'),
      entry('2', 'b'),
      entry('5', 'z'),
      ...plain,
    ];
    const sets = [0, 1, 2, 3, 3, ...plain.map((_, i) => 5 + i)];
    const roles = assign(pictures, [0.75, 0, 0.5], sets);
    // 1 of e and 8 of c are queries: half of 9, rounded.
    expect(roles.filter((role) => role === 'test')).toHaveLength(5);
    expect(roles.filter((role) => role === 'train')).toHaveLength(4);
  });
});

describe('what is refused', () => {
  const one = [entry('a', 'x')];
  const refusal = (code: string, message: string) => expect.objectContaining({ code, message });

  it.each<[keyof SplitOptions, readonly [number, number, number]]>([
    ['retrievalFraction', [1.5, 0, 0]],
    ['retrievalFraction', [-0.5, 0, 0]],
    ['validationFraction', [0, 1.5, 0]],
    ['validationFraction', [0, -0.5, 0]],
    ['testFraction', [0, 0, 1.5]],
    ['testFraction', [0, 0, -0.5]],
  ])('%s outside of 0 … 1: %o', (key, fractions) => {
    const value = fractions.find((each) => each !== 0);
    expect(() => assign(one, fractions)).toThrow(
      refusal('config-invalid', `split.${key} must be between 0 and 1, not ${value}`),
    );
  });

  it('shares that are together more than 1, and not those that are 1', () => {
    expect(() => assign(one, [0, 0.7, 0.300000002])).toThrow(
      refusal(
        'config-invalid',
        'split.validationFraction 0.7 and split.testFraction 0.300000002 are together more than 1',
      ),
    );
    expect(assign(one, [0, 1, 0])).toEqual(['catalogue']);
    expect(assign(one, [1, 0, 1])).toEqual(['catalogue']);
  });

  it('roles of some pictures alone: the first path of each kind is named', () => {
    const pictures: Entry[] = [
      { path: 'd', labels: [], role: 'test' },
      { path: 'c', labels: [] },
      { path: 'b', labels: [], role: 'train' },
      { path: 'a', labels: [] },
    ];
    expect(() => assign(pictures, [0, 0, 0])).toThrow(refusal('source-unusable', 'b has a fixed role and a has none'));
  });
});
