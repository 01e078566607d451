import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClusterRules, type ClusterVectors, identifiersIn } from './clusters.ts';
import { clusterName, clusterPath, semantic } from './semantic.ts';

/** A picture: its cluster, and what it looks like. */
interface Pictured {
  readonly cluster: readonly number[];
  readonly looks: readonly [number, number];
}
type Identifiers = readonly (readonly number[])[];
const listed = (tokens: readonly number[]): readonly number[] => [...tokens];

const vectorsOf = (pictures: readonly Pictured[]): ClusterVectors => ({
  length: 2,
  of: (places) => Float32Array.from(places.flatMap((place) => pictures[place]?.looks ?? [NaN, NaN])),
});
const named = (pictures: readonly Pictured[], rules: ClusterRules): Promise<Identifiers> =>
  identifiersIn(
    pictures.map(({ cluster }) => cluster),
    vectorsOf(pictures),
    rules,
    listed,
  );

/** Leaves of a tree, so that no cluster is the beginning of another; then pictures in them. */
const catalogue = fc
  .record({
    branching: fc.integer({ min: 2, max: 12 }),
    leafSize: fc.integer({ min: 1, max: 5 }),
    zeroPadding: fc.boolean(),
  })
  .chain((rules) => {
    const token = fc.integer({ min: 0, max: rules.branching - 1 });
    const leaves = fc
      .array(fc.array(token, { maxLength: 3 }), { minLength: 1, maxLength: 6 })
      .map((paths) => paths.filter((path, at) => !paths.some((other, i) => i !== at && clash(other, path, i < at))));
    const looks = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }));
    return leaves.chain((paths) =>
      fc
        .array(fc.record({ cluster: fc.constantFrom(...paths), looks }), { minLength: 1, maxLength: 60 })
        .map((pictures) => ({ rules, pictures })),
    );
  });

/** Whether a path must go: it begins with another, or is the same and comes later. */
const clash = (other: readonly number[], path: readonly number[], before: boolean): boolean =>
  isPrefix(other, path) && (other.length < path.length || before);
const isPrefix = (shorter: readonly number[], longer: readonly number[]): boolean =>
  shorter.length <= longer.length && shorter.every((token, i) => token === longer[i]);

describe('identifiers of clusters', () => {
  it('are distinct, of the scheme, and none is the beginning of another', async () => {
    await fc.assert(
      fc.asyncProperty(catalogue, async ({ rules, pictures }) => {
        const identifiers = await named(pictures, rules);
        const { toTokens, fromTokens } = semantic(rules.branching);
        expect(identifiers).toHaveLength(pictures.length);
        for (const [i, identifier] of identifiers.entries()) {
          expect(toTokens(fromTokens(identifier))).toEqual([...identifier]);
          expect(isPrefix(pictures[i]?.cluster ?? [NaN], identifier)).toBe(true);
          for (const [j, other] of identifiers.entries()) if (i !== j) expect(isPrefix(other, identifier)).toBe(false);
        }
        if (rules.zeroPadding) expect(new Set(identifiers.map(({ length }) => length)).size).toBe(1);
      }),
    );
  });

  it('follow from the pictures that are there: those that came and went leave no trace', async () => {
    await fc.assert(
      fc.asyncProperty(catalogue, fc.nat(), async ({ rules, pictures }, seed) => {
        const before = await named(pictures, rules);
        const added = [...pictures, ...pictures.slice(0, seed % 40).map((picture) => ({ ...picture }))];
        await named(added, rules);
        expect(await named(added.slice(0, pictures.length), rules)).toEqual(before);
        // Whatever is between them: the order of a cluster's own pictures counts.
        const sorted = [...pictures.entries()].sort(([i, a], [j, b]) => {
          const [one, two] = [clusterName(a.cluster), clusterName(b.cluster)];
          return one < two ? -1 : one > two ? 1 : i - j;
        });
        const moved = await named(
          sorted.map(([, picture]) => picture),
          rules,
        );
        expect(moved).toEqual(sorted.map(([i]) => before[i]));
      }),
    );
  });

  it('change in the cluster that a picture is added to, or removed from, and in no other', async () => {
    await fc.assert(
      fc.asyncProperty(catalogue, fc.nat(), async ({ rules: { zeroPadding: _, ...rest }, pictures }, at) => {
        const rules = { ...rest, zeroPadding: false };
        const before = await named(pictures, rules);
        const touched = pictures[at % pictures.length] ?? expect.unreachable();
        const isElsewhere = ({ cluster }: Pictured): boolean => clusterName(cluster) !== clusterName(touched.cluster);
        const added = await named([...pictures, { ...touched, looks: [20, 20] }], rules);
        const kept = pictures.filter((picture) => picture !== touched);
        const removed = await named(kept, rules);
        for (const [i, picture] of pictures.entries()) {
          if (!isElsewhere(picture)) continue;
          expect(added[i]).toEqual(before[i]);
          expect(removed[kept.indexOf(picture)]).toEqual(before[i]);
        }
      }),
    );
  });
});

const RULES: ClusterRules = { branching: 4, leafSize: 3, zeroPadding: false };
const written = async (pictures: readonly Pictured[], rules: Partial<ClusterRules> = {}) =>
  (await named(pictures, { ...RULES, ...rules })).map((tokens) => tokens.join(''));
const many = (count: number, cluster: readonly number[] = [], looks = (_: number): number => 0): Pictured[] =>
  Array.from({ length: count }, (_, i) => ({ cluster, looks: [looks(i), 1] }));

describe('pictures of a cluster', () => {
  it('are numbered in the order given, in as few tokens as the last one takes', async () => {
    expect(await written([])).toEqual([]);
    expect(await written(many(1))).toEqual(['0']);
    expect(await written(many(4, [2]))).toEqual(['20', '21', '22', '23']);
    expect(await written(many(6, [2, 1]))).toEqual(['2100', '2101', '2102', '2103', '2110', '2111']);
  });

  it('stay together up to twice the size of a leaf', async () => {
    const apart = (i: number): number => (i % 2 === 0 ? -50 : 50);
    expect(await written(many(6, [1], apart))).toEqual(['100', '101', '102', '103', '110', '111']);
    // Pictures that are far apart share no leaf.
    const divided = await written(many(7, [1], apart));
    const group = (of: number) => new Set(divided.filter((_, i) => i % 2 === of).map((name) => name.slice(0, 2)));
    for (const first of group(0)) expect(group(1).has(first)).toBe(false);
    expect(divided.every((name) => name.startsWith('1'))).toBe(true);
    expect(new Set(divided).size).toBe(7);
  });

  it('that all look alike are divided all the same', async () => {
    const identifiers = await written(many(50));
    expect(new Set(identifiers).size).toBe(50);
    expect(await written(many(50))).toEqual(identifiers);
  });

  it('need vectors where a cluster is divided, and no others', async () => {
    const clusters = (count: number) => Array.from({ length: count }, () => [0]);
    expect(await identifiersIn(clusters(6), undefined, RULES, listed)).toHaveLength(6);
    await expect(identifiersIn(clusters(7), undefined, RULES, listed)).rejects.toThrow(
      'vectors to divide a cluster by',
    );
    let asked: readonly number[] = [];
    const vectors: ClusterVectors = {
      length: 1,
      of(places) {
        asked = places;
        return Float32Array.from(places);
      },
    };
    await identifiersIn([[1], ...clusters(7), [1]], vectors, RULES, listed);
    expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

it('zeros pad to the longest', async () => {
  const pictures = [...many(1, [0]), ...many(6, [1, 0]), ...many(1, [1, 1])];
  const short = await written(pictures);
  expect(short).toEqual(['00', '1000', '1001', '1002', '1003', '1010', '1011', '110']);
  expect(await written(pictures, { zeroPadding: true })).toEqual(short.map((name) => name.padEnd(4, '0')));
  expect(await written([], { zeroPadding: true })).toEqual([]);
});

describe('the name of a cluster', () => {
  it('is its path, with dots between its tokens', () => {
    for (const path of [[], [0], [3, 0, 11]]) expect(clusterPath(clusterName(path), 12)).toEqual(path);
    expect(clusterName([3, 0, 11])).toBe('3.0.11');
    expect(clusterName([])).toBe('');
  });

  it.each(['.', '1.', '.1', '1..2', '01', '4', 'a', ' ', '-1'])('%j is none, with four branches', (name) => {
    expect(clusterPath(name, 4)).toBeUndefined();
  });
});
