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
 * The identifiers of pictures: the path of each picture's cluster, then its number in the cluster, in the order given. A cluster
 * that has outgrown its leaf is divided first (`hierarchicalKMeans`). Which identifier a picture has depends on the pictures of
 * its cluster alone, whenever they came: the same pictures have the same identifiers.
 * @param clusters of each picture: numbers below `branching`, from the root; none is the beginning of another
 * @param spell what becomes of the tokens of each, which are not kept: lists for every picture of a large catalogue would be
 */
export async function identifiersIn<T>(
  clusters: readonly (readonly number[])[],
  vectors: ClusterVectors | undefined,
  rules: ClusterRules,
  spell: (tokens: readonly number[]) => T,
): Promise<T[]> {
  const { branching, zeroPadding } = rules;
  const groups = await undivided(clusters, vectors, rules);
  const lengths = groups.map(({ path, members }) => path.length + digitsOf(members.length - 1, branching));
  const longest = zeroPadding ? lengths.reduce((most, length) => Math.max(most, length), 0) : 0;
  const identifiers = new Array<T>(clusters.length);
  for (const [at, { path, members }] of groups.entries()) {
    const end = lengths[at] ?? NaN;
    const tokens = new Array<number>(Math.max(end, longest));
    for (const [i, member] of members.entries()) {
      for (let place = 0; place < path.length; place++) tokens[place] = path[place] ?? NaN;
      // Its number, the largest power first.
      for (let place = end - 1, left = i; place >= path.length; place--, left = Math.floor(left / branching))
        tokens[place] = left % branching;
      // No path is the beginning of another, so that zeros behind it keep it apart from all others.
      for (let place = end; place < longest; place++) tokens[place] = 0;
      identifiers[member] = spell(tokens);
    }
  }
  return identifiers;
}

/** The clusters that pictures are in, and in place of one that has outgrown its leaf those that it is divided into. */
async function undivided(
  clusters: readonly (readonly number[])[],
  vectors: ClusterVectors | undefined,
  { branching, leafSize }: ClusterRules,
): Promise<Group[]> {
  const groups: Group[] = [];
  for (const [name, group] of grouped(clusters)) {
    const { path, members } = group;
    if (members.length <= OVERFULL * leafSize) {
      groups.push(group);
      continue;
    }
    const { length: dimensions, of } = defined(vectors, 'vectors to divide a cluster by');
    const random = Random.stream(0, `cluster ${name}`);
    const leaves = await hierarchicalKMeans(of(members), { dimensions, branching, leafSize, random });
    for (const leaf of leaves) {
      const own = Array.from(leaf.members, (place) => defined(members[place], 'a picture of a cluster'));
      groups.push({ path: [...path, ...leaf.path], members: own });
    }
  }
  return groups;
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

/** How many tokens it takes to write a number, at least one. */
function digitsOf(number: number, base: number): number {
  let digits = 1;
  for (let left = Math.floor(number / base); left > 0; left = Math.floor(left / base)) digits++;
  return digits;
}
