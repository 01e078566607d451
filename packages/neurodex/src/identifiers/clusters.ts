import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { hierarchicalKMeans } from '../clustering/hierarchy.ts';

/** How identifiers follow from the clusters of pictures. */
export interface ClusterRules {
  /** Tokens are below it. */
  readonly branching: number;
  /** Most pictures of a cluster that is not divided; twice as many before one is divided that has grown. */
  readonly leafSize: number;
  /** Pad with zeros to one length. */
  readonly zeroPadding: boolean;
}

/** What a cluster is divided by. */
export interface ClusterVectors {
  readonly length: number;
  /** Of some pictures, by their places: float32 [n, length]. */
  of(places: readonly number[]): Float32Array;
}

/**
 * A cluster outgrows its leaf at this many times the leaf size: it is then divided as in a B-tree, so that pictures that come
 * and go one by one seldom rename others.
 */
const OVERFULL = 2;

/**
 * The identifiers of pictures, as tokens: the path of each picture's cluster, then its number in the cluster, in the order
 * given. A cluster that has outgrown its leaf is divided first (`hierarchicalKMeans`). Which identifier a picture has depends
 * on the pictures of its cluster alone, whenever they came: the same pictures have the same identifiers.
 * @param clusters of each picture: numbers below `branching`, from the root; none is the beginning of another
 */
export async function identifiersIn(
  clusters: readonly (readonly number[])[],
  vectors: ClusterVectors | undefined,
  { branching, leafSize, zeroPadding }: ClusterRules,
): Promise<readonly (readonly number[])[]> {
  const paths = new Array<readonly number[]>(clusters.length);
  const number = (path: readonly number[], members: readonly number[]): void => {
    const width = digitsOf(members.length - 1, branching);
    for (const [i, member] of members.entries()) paths[member] = [...path, ...written(i, width, branching)];
  };
  for (const [name, { path, members }] of grouped(clusters)) {
    if (members.length <= OVERFULL * leafSize) {
      number(path, members);
      continue;
    }
    const { length: dimensions, of } = defined(vectors, 'vectors to divide a cluster by');
    const random = Random.stream(0, `cluster ${name}`);
    const leaves = await hierarchicalKMeans(of(members), { dimensions, branching, leafSize, random });
    for (const leaf of leaves) {
      const own = Array.from(leaf.members, (place) => defined(members[place], 'a picture of a cluster'));
      number([...path, ...leaf.path], own);
    }
  }
  return zeroPadding ? padded(paths) : paths;
}

/** A cluster and the places of its pictures. */
interface Group {
  readonly path: readonly number[];
  readonly members: number[];
}

/** Places by cluster, in the order given. */
function grouped(clusters: readonly (readonly number[])[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  // Pictures of one cluster often share its path: then its name is spelled once.
  const byPath = new Map<readonly number[], Group>();
  for (const [place, path] of clusters.entries()) {
    let group = byPath.get(path);
    if (group === undefined) {
      const name = path.join('.');
      group = groups.get(name) ?? { path, members: [] };
      groups.set(name, group);
      byPath.set(path, group);
    }
    group.members.push(place);
  }
  return groups;
}

/** No path is the beginning of another, so that zeros behind it keep it apart from all others. */
function padded(paths: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const longest = paths.reduce((most, { length }) => Math.max(most, length), 0);
  return paths.map((path) => [...path, ...Array<number>(longest - path.length).fill(0)]);
}

/** How many tokens it takes to write a number, at least one. */
function digitsOf(number: number, base: number): number {
  let digits = 1;
  for (let left = Math.floor(number / base); left > 0; left = Math.floor(left / base)) digits++;
  return digits;
}

/** A number in `width` tokens, the largest power first. */
function written(number: number, width: number, base: number): number[] {
  const tokens = new Array<number>(width);
  for (let i = width - 1, left = number; i >= 0; i--, left = Math.floor(left / base)) tokens[i] = left % base;
  return tokens;
}
