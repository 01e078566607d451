import { float32, loadable, matmul, type Random, type Runtime, trace, transpose } from '@neurodex/autograd';
import { squaredNorms } from './nearest.ts';

/**
 * k-means++ (Arthur & Vassilvitskii 2007): each centroid is a point drawn with a probability proportional to its squared
 * distance from those before it; the greedy form, in which the best of 2 + ⌊ln k⌋ draws is kept.
 * @param points float32 [n, dimensions]
 * @returns float32 [clusters, dimensions]
 */
export async function plusPlus(
  runtime: Runtime,
  points: Float32Array,
  dimensions: number,
  clusters: number,
  random: Random,
): Promise<Float32Array> {
  const n = points.length / dimensions;
  const trials = 2 + Math.floor(Math.log(clusters));
  const squares = squaredNorms(points, dimensions);
  const centroids = new Float32Array(clusters * dimensions);
  const graph = trace({ points: float32(n, dimensions), drawn: float32(trials, dimensions) }, ({ points, drawn }) => ({
    products: matmul(drawn, transpose(points, [1, 0])),
  }));
  const session = await runtime.load(loadable(graph, { contrib: runtime.contrib }));
  const drawn = new Float32Array(trials * dimensions);
  const products = new Float32Array(trials * n);
  try {
    /** Squared distance of every point to the nearest centroid so far. */
    let nearest = new Float32Array(n).fill(1);
    let best = new Float32Array(n);
    let candidate = new Float32Array(n);
    for (let cluster = 0; cluster < clusters; cluster++) {
      const chosen = drawPoints(nearest, trials, random);
      chosen.forEach((point, t) => {
        drawn.set(points.subarray(point * dimensions, (point + 1) * dimensions), t * dimensions);
      });
      await session.run({ points, drawn }, { products });
      // Before the first centroid every point is infinitely far from all.
      if (cluster === 0) nearest.fill(Number.POSITIVE_INFINITY);
      let least = Number.POSITIVE_INFINITY;
      let kept = 0;
      for (const [t, point] of (cluster === 0 ? chosen.slice(0, 1) : chosen).entries()) {
        const total = closer(nearest, squares, products, t * n, squares[point] ?? NaN, candidate);
        if (total >= least) continue;
        least = total;
        kept = t;
        [best, candidate] = [candidate, best];
      }
      [nearest, best] = [best, nearest];
      centroids.set(drawn.subarray(kept * dimensions, (kept + 1) * dimensions), cluster * dimensions);
    }
    return centroids;
  } finally {
    await session.release();
  }
}

/** min(nearest, ‖x‖² + ‖c‖² − 2·x·c) into `out`. @returns its sum */
function closer(
  nearest: Float32Array,
  squares: Float32Array,
  products: Float32Array,
  offset: number,
  square: number,
  out: Float32Array,
): number {
  let total = 0;
  for (let i = 0; i < nearest.length; i++) {
    const distance = Math.max(0, (squares[i] ?? NaN) + square - 2 * (products[offset + i] ?? NaN));
    const less = Math.min(nearest[i] ?? NaN, distance);
    out[i] = less;
    total += less;
  }
  return total;
}

/** Points drawn with probabilities proportional to their weights; any points when all weights are zero. */
function drawPoints(weights: Float32Array, count: number, random: Random): number[] {
  const sums = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    total += weights[i] ?? NaN;
    sums[i] = total;
  }
  if (total === 0) return Array.from({ length: count }, () => random.integer(weights.length));
  return Array.from({ length: count }, () => firstAbove(sums, random.uniform() * total));
}

/** The first place whose sum is above the value. */
function firstAbove(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? NaN) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
