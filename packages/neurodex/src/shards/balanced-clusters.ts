import type { Random, Runtime } from '@neurodex/autograd';
import { kMeans } from '../clustering/kmeans.ts';
import { squaredDistance } from '../clustering/small-kmeans.ts';

/** Where shards lie among unit vectors. A vector belongs to the shard whose squared distance plus price is least. */
export interface ShardCentres {
  /** S */
  readonly count: number;
  /** D */
  readonly width: number;
  /** float32 [S, D] */
  readonly centroids: Float32Array;
  /** What crowded shards charge, so that all get about as many vectors; float64 [S]. */
  readonly prices: Float64Array;
}

/** A shard of the sample may have so many times its share. */
const SAMPLE_SLACK = 1.1;
/** Rounds in which prices are raised and lowered, and the share of a price's step that each round leaves. */
const [ROUNDS, COOLING] = [300, 0.98];
/** Times that centroids move to the means of what they were given at balanced prices. */
const MOVES = 4;

/**
 * Divides a sample into S clusters of about one size: k-means, then prices by a tâtonnement (those of crowded clusters rise, those
 * of empty ones fall), and centroids that move to the means of what they are given, in turns.
 * @param vectors float32 [n, D], n ≥ S
 */
export async function balancedClusters(
  vectors: Float32Array,
  {
    count,
    width,
    runtime,
    random,
  }: { readonly count: number; readonly width: number; readonly runtime: Runtime; readonly random: Random },
): Promise<ShardCentres> {
  const n = vectors.length / width;
  if (n < count) throw new RangeError(`${n} vectors for ${count} shards`);
  let { centroids } = await kMeans(vectors, { runtime, dimensions: width, clusters: count, restarts: 1, random });
  let prices: Float64Array = new Float64Array(count);
  for (let move = 0; ; move++) {
    const distances = distancesTo(vectors, centroids, width);
    const priced = balance(distances, count, prices);
    prices = priced.prices;
    if (move === MOVES) return { count, width, centroids, prices };
    centroids = meansOf(vectors, priced.labels, centroids, width);
  }
}

/** float32 [n, S] */
function distancesTo(vectors: Float32Array, centroids: Float32Array, width: number): Float32Array {
  const [n, count] = [vectors.length / width, centroids.length / width];
  const distances = new Float32Array(n * count);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < count; j++) {
      distances[i * count + j] = squaredDistance(vectors, i * width, centroids, j * width, width);
    }
  }
  return distances;
}

/** Prices at which no cluster has much more than its share, or the fairest that were found; and what each vector is given to. */
function balance(distances: Float32Array, count: number, first: Float64Array) {
  const n = distances.length / count;
  const most = Math.ceil((SAMPLE_SLACK * n) / count);
  let step = spread(distances, count);
  let prices = first;
  let best = { largest: Number.POSITIVE_INFINITY, prices, labels: new Int32Array(n) };
  for (let round = 0; round < ROUNDS; round++) {
    const { labels, counts } = labelled(distances, count, prices);
    const largest = counts.reduce((a, b) => Math.max(a, b), 0);
    if (largest < best.largest) best = { largest, prices, labels };
    if (largest <= most) break;
    const [now, by] = [prices, step];
    prices = prices.map((_, j) => (now[j] ?? NaN) + by * (((counts[j] ?? NaN) * count) / n - 1));
    step *= COOLING;
  }
  return best;
}

/** A first step for prices: a tenth of how much farther the second centroid is than the first, on average. */
function spread(distances: Float32Array, count: number): number {
  const n = distances.length / count;
  let total = 0;
  for (let i = 0; i < n; i++) {
    let [first, second] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let j = 0; j < count; j++) {
      const distance = distances[i * count + j] ?? NaN;
      if (distance < first) [first, second] = [distance, first];
      else if (distance < second) second = distance;
    }
    if (count > 1) total += second - first;
  }
  return total / n / 10;
}

/** Of equally near ones the first. */
function labelled(distances: Float32Array, count: number, prices: Float64Array) {
  const n = distances.length / count;
  const labels = new Int32Array(n);
  const counts = new Int32Array(count);
  for (let i = 0; i < n; i++) {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let j = 0; j < count; j++) {
      const cost = (distances[i * count + j] ?? NaN) + (prices[j] ?? NaN);
      if (cost < least) [best, least] = [j, cost];
    }
    labels[i] = best;
    counts[best] = (counts[best] ?? NaN) + 1;
  }
  return { labels, counts };
}

/** One that was given nothing stays where it was. */
function meansOf(vectors: Float32Array, labels: Int32Array, before: Float32Array, width: number): Float32Array {
  const sums = new Float64Array(before.length);
  const counts = new Float64Array(before.length / width);
  for (const [i, label] of labels.entries()) {
    counts[label] = (counts[label] ?? NaN) + 1;
    for (let d = 0; d < width; d++) {
      const at = label * width + d;
      sums[at] = (sums[at] ?? NaN) + (vectors[i * width + d] ?? NaN);
    }
  }
  return before.map((value, at) => {
    const own = counts[Math.floor(at / width)] ?? NaN;
    return own === 0 ? value : (sums[at] ?? NaN) / own;
  });
}

/** Gives vectors to shards, one after another, of which none gets more than fit. */
export class ShardAssigner {
  readonly counts: Int32Array;
  private readonly centres: ShardCentres;
  private readonly capacity: number;

  /** @param capacity vectors of a shard at most @param counts that each has already */
  constructor(centres: ShardCentres, capacity: number, counts: ArrayLike<number> = new Int32Array(centres.count)) {
    this.centres = centres;
    this.capacity = capacity;
    this.counts = Int32Array.from(counts);
  }

  /** The nearest shard that is not full. @throws RangeError when all are */
  assign(vector: Float32Array): number {
    const { count, width, centroids, prices } = this.centres;
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (let j = 0; j < count; j++) {
      if ((this.counts[j] ?? NaN) >= this.capacity) continue;
      const cost = squaredDistance(vector, 0, centroids, j * width, width) + (prices[j] ?? NaN);
      if (cost < least || best < 0) [best, least] = [j, cost];
    }
    if (best < 0) throw new RangeError('all shards are full');
    this.counts[best] = (this.counts[best] ?? NaN) + 1;
    return best;
  }
}
