import type { Random } from '@neurodex/autograd';

const MOST_ITERATIONS = 100;

export interface SmallKMeansOptions {
  readonly dimensions: number;
  /** k, at most the number of points. */
  readonly clusters: number;
  readonly random: Random;
}

/**
 * k-means for few points, for which making a graph ready would take longer than the work: Lloyd's algorithm from one
 * k-means++ seeding, until no point changes its cluster. A cluster that loses its last point stays empty.
 * @param points float32 [n, dimensions], n ≥ clusters
 * @returns the cluster of each point, int32 [n]
 */
export function smallKMeans(points: Float32Array, { dimensions, clusters, random }: SmallKMeansOptions): Int32Array {
  const n = points.length / dimensions;
  let centroids = seeds(points, dimensions, clusters, random);
  const labels = new Int32Array(n).fill(-1);
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    let moved = 0;
    for (let i = 0; i < n; i++) {
      const label = nearest(points, i, centroids, clusters, dimensions);
      if (labels[i] !== label) moved++;
      labels[i] = label;
    }
    if (moved === 0) break;
    centroids = means(points, labels, centroids, clusters, dimensions);
  }
  return labels;
}

/** k-means++ (Arthur & Vassilvitskii 2007): each seed drawn by its squared distance from those before it. */
function seeds(points: Float32Array, dimensions: number, clusters: number, random: Random): Float32Array {
  const n = points.length / dimensions;
  const chosen = new Float32Array(clusters * dimensions);
  const distances = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  let point = random.integer(n);
  for (let cluster = 0; cluster < clusters; cluster++) {
    chosen.set(points.subarray(point * dimensions, (point + 1) * dimensions), cluster * dimensions);
    let total = 0;
    for (let i = 0; i < n; i++) {
      const distance = Math.min(
        distances[i] ?? NaN,
        squaredDistance(points, i * dimensions, chosen, cluster * dimensions, dimensions),
      );
      distances[i] = distance;
      total += distance;
    }
    let left = random.uniform() * total;
    // Where all points are seeds already, any will do.
    point = total === 0 ? random.integer(n) : distances.findIndex((distance) => distance > 0);
    for (let i = point; i < n && total > 0; i++) {
      const distance = distances[i] ?? NaN;
      if (distance === 0) continue;
      point = i;
      left -= distance;
      if (left < 0) break;
    }
  }
  return chosen;
}

/** Of equally near ones the first. */
function nearest(points: Float32Array, i: number, centroids: Float32Array, clusters: number, dimensions: number) {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let cluster = 0; cluster < clusters; cluster++) {
    const distance = squaredDistance(points, i * dimensions, centroids, cluster * dimensions, dimensions);
    if (distance >= least) continue;
    least = distance;
    best = cluster;
  }
  return best;
}

/** Means of the clusters; an empty one stays where it was. */
function means(
  points: Float32Array,
  labels: Int32Array,
  before: Float32Array,
  clusters: number,
  dimensions: number,
): Float32Array {
  const sums = new Float64Array(clusters * dimensions);
  const counts = new Int32Array(clusters);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? NaN;
    counts[label] = (counts[label] ?? NaN) + 1;
    for (let d = 0; d < dimensions; d++) {
      const at = label * dimensions + d;
      sums[at] = (sums[at] ?? NaN) + (points[i * dimensions + d] ?? NaN);
    }
  }
  return before.map((value, at) => {
    const count = counts[Math.floor(at / dimensions)] ?? NaN;
    return count === 0 ? value : (sums[at] ?? NaN) / count;
  });
}

/** ‖a − b‖² of two rows, four sums at once: the processor need not wait for one addition after another. */
export function squaredDistance(
  a: Float32Array,
  fromA: number,
  b: Float32Array,
  fromB: number,
  dimensions: number,
): number {
  const whole = dimensions - (dimensions % 4);
  let [s, t, u, v] = [0, 0, 0, 0];
  for (let d = 0; d < whole; d += 4) {
    const w = (a[fromA + d] ?? NaN) - (b[fromB + d] ?? NaN);
    const x = (a[fromA + d + 1] ?? NaN) - (b[fromB + d + 1] ?? NaN);
    const y = (a[fromA + d + 2] ?? NaN) - (b[fromB + d + 2] ?? NaN);
    const z = (a[fromA + d + 3] ?? NaN) - (b[fromB + d + 3] ?? NaN);
    s += w * w;
    t += x * x;
    u += y * y;
    v += z * z;
  }
  for (let d = whole; d < dimensions; d++) s += ((a[fromA + d] ?? NaN) - (b[fromB + d] ?? NaN)) ** 2;
  return s + t + u + v;
}
