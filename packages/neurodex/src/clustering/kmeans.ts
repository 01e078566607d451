import { Random, type Runtime } from '@neurodex/autograd';
import { type Assignment, NearestCentroids } from './nearest.ts';
import { plusPlus } from './seeding.ts';

/** Iterations of a run at most, and the movement at which it has converged: scikit-learn's defaults. */
const MOST_ITERATIONS = 300;
const TOLERANCE = 1e-4;
/** Points per cluster on which the restarts compete: enough to tell them apart. */
const SAMPLE = 100;

export interface KMeansOptions {
  readonly runtime: Runtime;
  readonly dimensions: number;
  /** k, at most the number of points. */
  readonly clusters: number;
  /** Seedings that compete. */
  readonly restarts: number;
  readonly random: Random;
  /** Iterations of a run at most, 1 or more; 300 by default. */
  readonly mostIterations?: number;
  /** Called after every iteration; the run over all points, where a sample was drawn, counts as one more restart. */
  readonly onIteration?: (metrics: {
    readonly restart: number;
    readonly iteration: number;
    readonly inertia: number;
  }) => void;
}

export interface Clustering {
  /** float32 [clusters, dimensions] */
  readonly centroids: Float32Array;
  /** Sum of the squared distances of all points to their centroids. */
  readonly inertia: number;
  /** Of the run that ended in these centroids. */
  readonly iterations: number;
}

/**
 * k-means by Lloyd's algorithm (Lloyd 1982) from k-means++ seedings, all points in memory. The restarts compete on a random
 * sample, and the best of them goes on with all points: in their first steps, seedings differ far more than samples do. A
 * cluster that loses its last point is seeded anew with the point farthest from its centroid. The same random state gives
 * the same centroids.
 * @param points float32 [n, dimensions], n ≥ clusters
 */
export async function kMeans(points: Float32Array, options: KMeansOptions): Promise<Clustering> {
  const { runtime, dimensions, clusters, restarts, random, mostIterations = MOST_ITERATIONS, onIteration } = options;
  // About the mean, products are smaller and float32 keeps more of the distances.
  const mean = meanOf(points, dimensions);
  const centred = points.map((value, i) => value - (mean[i % dimensions] ?? NaN));
  const tolerance = TOLERANCE * variance(centred);
  const sample = sampled(centred, dimensions, SAMPLE * clusters, random);
  const nearest = new NearestCentroids(runtime, { clusters, dimensions });
  const refined = (from: Float32Array, seeds: Float32Array, restart: number) =>
    lloyd(from, seeds, nearest, { tolerance, mostIterations }, (iteration, inertia) =>
      onIteration?.({ restart, iteration, inertia }),
    );
  let best: Clustering | undefined;
  try {
    for (let restart = 0; restart < restarts; restart++) {
      const seeds = await plusPlus(runtime, sample, dimensions, clusters, Random.seeded(random.uint32()));
      const found = await refined(sample, seeds, restart);
      if (best === undefined || found.inertia < best.inertia) best = found;
    }
    if (best === undefined) throw new RangeError('k-means needs at least one restart');
    if (sample !== centred) best = await refined(centred, best.centroids, restarts);
  } finally {
    await nearest.release();
  }
  return { ...best, centroids: best.centroids.map((value, i) => value + (mean[i % dimensions] ?? NaN)) };
}

/** At most so many of the points, drawn at random; all of them where there are no more. */
function sampled(points: Float32Array, dimensions: number, most: number, random: Random): Float32Array {
  const n = points.length / dimensions;
  if (n <= most) return points;
  const chosen = random.shuffled(Array(n).keys()).slice(0, most);
  const sample = new Float32Array(most * dimensions);
  for (const [i, point] of chosen.entries()) {
    sample.set(points.subarray(point * dimensions, (point + 1) * dimensions), i * dimensions);
  }
  return sample;
}

async function lloyd(
  points: Float32Array,
  seeds: Float32Array,
  nearest: NearestCentroids,
  { tolerance, mostIterations }: { readonly tolerance: number; readonly mostIterations: number },
  onIteration: (iteration: number, inertia: number) => void,
): Promise<Clustering> {
  const means = new RunningMeans(points, nearest);
  let centroids = seeds;
  for (let iteration = 1; ; iteration++) {
    const assignment = await nearest.assign(points, centroids);
    const inertia = assignment.distances.reduce((sum, distance) => sum + distance, 0);
    onIteration(iteration, inertia);
    const moved = means.take(assignment);
    if (moved === 0 || iteration === mostIterations) return { centroids, inertia, iterations: iteration };
    const next = means.centroids(assignment);
    const shift = squaredDistance(centroids, next);
    centroids = next;
    if (shift <= tolerance) {
      const { distances } = await nearest.assign(points, centroids);
      return { centroids, inertia: distances.reduce((sum, distance) => sum + distance, 0), iterations: iteration };
    }
  }
}

/** The sum of each cluster's points, kept up to date by those that change sides: late iterations move few. */
class RunningMeans {
  private readonly points: Float32Array;
  private readonly dimensions: number;
  private readonly sums: Float64Array;
  private readonly counts: Int32Array;
  private readonly labels: Int32Array;

  constructor(points: Float32Array, { clusters, dimensions }: NearestCentroids) {
    this.points = points;
    this.dimensions = dimensions;
    this.sums = new Float64Array(clusters * dimensions);
    this.counts = new Int32Array(clusters);
    this.labels = new Int32Array(points.length / dimensions).fill(-1);
  }

  /** @returns how many points changed their cluster */
  take({ labels }: Assignment): number {
    let moved = 0;
    for (let i = 0; i < labels.length; i++) {
      const [from, to] = [this.labels[i] ?? NaN, labels[i] ?? NaN];
      if (from === to) continue;
      moved++;
      if (from >= 0) this.add(i, from, -1);
      this.add(i, to, 1);
      this.labels[i] = to;
    }
    return moved;
  }

  centroids({ distances }: Assignment): Float32Array {
    this.reseed(distances);
    return Float32Array.from(this.sums, (sum, i) => sum / (this.counts[Math.floor(i / this.dimensions)] ?? NaN));
  }

  /** Empty clusters take the points farthest from their centroids, the farthest first. */
  private reseed(distances: Float32Array): void {
    const empty = [...this.counts.keys()].filter((cluster) => this.counts[cluster] === 0);
    if (empty.length === 0) return;
    const farthest = [...distances.keys()].sort((a, b) => (distances[b] ?? NaN) - (distances[a] ?? NaN) || a - b);
    for (const cluster of empty) {
      // Not the last point of another cluster, which would be empty then.
      const point = farthest.find((i) => (this.counts[this.labels[i] ?? NaN] ?? NaN) > 1);
      if (point === undefined) throw new RangeError('k-means needs at least as many points as clusters');
      farthest.splice(farthest.indexOf(point), 1);
      this.add(point, this.labels[point] ?? NaN, -1);
      this.add(point, cluster, 1);
      this.labels[point] = cluster;
    }
  }

  private add(point: number, cluster: number, sign: 1 | -1): void {
    const { sums, dimensions } = this;
    const [from, to] = [point * dimensions, cluster * dimensions];
    for (let d = 0; d < dimensions; d++) {
      sums[to + d] = (sums[to + d] ?? NaN) + sign * (this.points[from + d] ?? NaN);
    }
    this.counts[cluster] = (this.counts[cluster] ?? NaN) + sign;
  }
}

function meanOf(points: Float32Array, dimensions: number): Float64Array {
  const sums = new Float64Array(dimensions);
  for (let at = 0; at < points.length; ) {
    for (let d = 0; d < dimensions; d++, at++) sums[d] = (sums[d] ?? NaN) + (points[at] ?? NaN);
  }
  return sums.map((sum) => sum / (points.length / dimensions));
}

/** Mean over the dimensions of each one's variance, of centred points. */
const variance = (centred: Float32Array): number =>
  centred.reduce((sum, value) => sum + value * value, 0) / centred.length;

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
  return sum;
}
