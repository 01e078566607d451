import { Random, type Runtime } from '@neurodex/autograd';
import { kMeans } from './kmeans.ts';
import { NearestCentroids } from './nearest.ts';
import { smallKMeans, squaredDistance } from './small-kmeans.ts';

/** Products of points, clusters and dimensions up to which a graph is not worth making. */
const SMALL = 1 << 22;
/** Of each k-means of many points: later ones move few of them to another cluster. */
const MOST_ITERATIONS = 25;

export interface HierarchyOptions {
  /** For clusters of many points; without one they take their time. */
  readonly runtime?: Runtime | undefined;
  readonly dimensions: number;
  /** Most clusters that a cluster is divided into, 2 or more. */
  readonly branching: number;
  /** Most points of a cluster that is not divided, 1 or more. */
  readonly leafSize: number;
  readonly random: Random;
  /** Told how many points are in leaves; may throw to stop the work. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** A cluster that is not divided further. */
export interface LeafCluster {
  /** Which cluster was taken at each level, from the root; numbers below `branching`. */
  readonly path: readonly number[];
  /** Points, from 0, in the order given. */
  readonly members: Int32Array;
}

/**
 * Hierarchical k-means (Tay et al. 2022, "Transformer Memory as a Differentiable Search Index", algorithm 1): all points
 * are clustered, and so are the points of each cluster, until no cluster has more than `leafSize`. What k-means cannot
 * divide, equal points above all, is cut into equal parts by distance from its mean; so is what lies deeper than twice the
 * levels of a balanced tree, so that no path gets long. The same random state gives the same tree.
 * @param points float32 [n, dimensions]
 * @returns every point in one leaf; leaves breadth first
 */
export async function hierarchicalKMeans(points: Float32Array, options: HierarchyOptions): Promise<LeafCluster[]> {
  const { dimensions, branching, leafSize, random, onProgress } = options;
  const n = points.length / dimensions;
  const most = deepest(n, options);
  const leaves: LeafCluster[] = [];
  const queue: LeafCluster[] = n === 0 ? [] : [{ path: [], members: Int32Array.from({ length: n }, (_, i) => i) }];
  let done = 0;
  for (const cluster of queue) {
    const { path, members } = cluster;
    if (members.length <= leafSize) {
      leaves.push(cluster);
      done += members.length;
      onProgress?.(done);
      continue;
    }
    const own = path.length === 0 ? points : gathered(points, members, dimensions);
    // Drawn for every cluster, so that one that is cut evenly changes nothing for those after it.
    const stream = Random.seeded(random.uint32());
    const groups = path.length < most ? grouped(members, await labelsOf(own, options, stream), branching) : [];
    const parts = groups.length > 1 ? groups : equalParts(own, members, options);
    for (const [i, part] of parts.entries()) queue.push({ path: [...path, i], members: part });
  }
  return leaves;
}

/** Levels down to which k-means divides; below, clusters are halved or better at every level. */
const deepest = (n: number, { branching, leafSize }: HierarchyOptions): number =>
  2 * Math.ceil(Math.log(Math.max(1, n / leafSize)) / Math.log(branching)) + 1;

/**
 * Clusters that n points are divided into: as many as may be, but no more than twice as many as it takes to fill leaves. A
 * cluster that is a little too large would else be scattered over many leaves of one or two points.
 */
const clustersOf = (n: number, { branching, leafSize }: HierarchyOptions): number =>
  Math.min(branching, n, Math.ceil((2 * n) / leafSize));

/** The cluster of each point, by k-means. */
async function labelsOf(points: Float32Array, options: HierarchyOptions, random: Random): Promise<Int32Array> {
  const { runtime, dimensions } = options;
  const clusters = clustersOf(points.length / dimensions, options);
  if (runtime === undefined || points.length * clusters <= SMALL)
    return smallKMeans(points, { dimensions, clusters, random });
  const { centroids } = await kMeans(points, {
    runtime,
    dimensions,
    clusters,
    restarts: 1,
    mostIterations: MOST_ITERATIONS,
    random,
  });
  const nearest = new NearestCentroids(runtime, { clusters, dimensions });
  try {
    return (await nearest.assign(points, centroids)).labels;
  } finally {
    await nearest.release();
  }
}

/** Members by label, without the labels that nobody has. */
function grouped(members: Int32Array, labels: Int32Array, branching: number): Int32Array[] {
  const groups: number[][] = Array.from({ length: branching }, () => []);
  for (const [i, member] of members.entries()) groups[labels[i] ?? NaN]?.push(member);
  return groups.filter((group) => group.length > 0).map((group) => Int32Array.from(group));
}

/** As few parts of about one size as fit into leaves, or as many as may be: the nearest to the mean first. */
function equalParts(points: Float32Array, members: Int32Array, options: HierarchyOptions): Int32Array[] {
  const { dimensions, branching, leafSize } = options;
  const n = members.length;
  const mean = new Float32Array(dimensions);
  for (let at = 0; at < points.length; at++) {
    mean[at % dimensions] = (mean[at % dimensions] ?? NaN) + (points[at] ?? NaN) / n;
  }
  const distances = Float64Array.from({ length: n }, (_, i) =>
    squaredDistance(points, i * dimensions, mean, 0, dimensions),
  );
  const order = [...distances.keys()].sort((a, b) => (distances[a] ?? NaN) - (distances[b] ?? NaN) || a - b);
  const parts = Math.min(branching, Math.ceil(n / leafSize));
  return Array.from({ length: parts }, (_, part) =>
    Int32Array.from(
      order.slice(Math.floor((part * n) / parts), Math.floor(((part + 1) * n) / parts)),
      (i) => members[i] ?? NaN,
    ).sort(),
  );
}

function gathered(points: Float32Array, members: Int32Array, dimensions: number): Float32Array {
  const out = new Float32Array(members.length * dimensions);
  for (const [i, member] of members.entries()) {
    out.set(points.subarray(member * dimensions, (member + 1) * dimensions), i * dimensions);
  }
  return out;
}
