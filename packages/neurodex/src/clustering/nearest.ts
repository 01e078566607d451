import { argMax, cast, float32, gemm, loadable, max, type Runtime, type Session, trace } from '@neurodex/autograd';

/** Products kept at a time, points × clusters: 32 MiB. */
const PRODUCTS = 1 << 23;

/** Points given to their nearest centroids. */
export interface Assignment {
  /** int32 [n] */
  readonly labels: Int32Array;
  /** Squared distance to that centroid, float32 [n]. */
  readonly distances: Float32Array;
}

/**
 * Finds nearest centroids on the runtime: ‖x − c‖² is smallest where x·c − ‖c‖²/2 is largest, so one matrix product and an
 * argmax serve all points and centroids.
 */
export class NearestCentroids {
  readonly dimensions: number;
  readonly clusters: number;
  private readonly runtime: Runtime;
  /** By number of points. */
  private readonly sessions = new Map<number, Promise<Session>>();

  constructor(runtime: Runtime, { clusters, dimensions }: { readonly clusters: number; readonly dimensions: number }) {
    this.runtime = runtime;
    this.clusters = clusters;
    this.dimensions = dimensions;
  }

  /**
   * @param points float32 [n, dimensions]
   * @param centroids float32 [clusters, dimensions]; of equally near ones the first counts
   */
  async assign(points: Float32Array, centroids: Float32Array): Promise<Assignment> {
    const { dimensions, clusters } = this;
    const n = points.length / dimensions;
    const labels = new Int32Array(n);
    const distances = new Float32Array(n);
    const halfSquares = squaredNorms(centroids, dimensions).map((square) => -square / 2);
    const atOnce = Math.max(1, Math.floor(PRODUCTS / clusters));
    for (let start = 0; start < n; start += atOnce) {
      const end = Math.min(n, start + atOnce);
      const session = await this.session(end - start);
      const part = points.subarray(start * dimensions, end * dimensions);
      await session.run(
        { points: part, centroids, halfSquares },
        { labels: labels.subarray(start, end), scores: distances.subarray(start, end) },
      );
      const squares = squaredNorms(part, dimensions);
      for (let i = 0; i < squares.length; i++) {
        const score = distances[start + i] ?? NaN;
        // Rounding may leave a little less than nothing.
        distances[start + i] = Math.max(0, (squares[i] ?? NaN) - 2 * score);
      }
    }
    return { labels, distances };
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }

  private session(n: number): Promise<Session> {
    const known = this.sessions.get(n);
    if (known !== undefined) return known;
    const { clusters, dimensions } = this;
    const graph = trace(
      {
        points: float32(n, dimensions),
        centroids: float32(clusters, dimensions),
        halfSquares: float32(clusters),
      },
      ({ points, centroids, halfSquares }) => {
        const scores = gemm(points, centroids, halfSquares, { transposeB: true });
        return { labels: cast(argMax(scores), 'int32'), scores: max(scores, 1) };
      },
    );
    const made = this.runtime.load(loadable(graph, { contrib: this.runtime.contrib }));
    this.sessions.set(n, made);
    return made;
  }
}

/** ‖x‖² of every row: float32 [n]. */
export function squaredNorms(points: Float32Array, dimensions: number): Float32Array {
  const squares = new Float32Array(points.length / dimensions);
  for (let i = 0, at = 0; i < squares.length; i++) {
    let sum = 0;
    for (const end = at + dimensions; at < end; at++) sum += (points[at] ?? NaN) ** 2;
    squares[i] = sum;
  }
  return squares;
}
