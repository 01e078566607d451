import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFileSystem, NeurodexError } from '@neurodex/core';
import { damaged } from '@neurodex/core/storage';
import { checkGraph } from './graph-check.ts';
import {
  byScore,
  dot,
  ExactVectorSearch,
  type IsAmong,
  isZero,
  type Neighbour,
  normalised,
  type VectorSearch,
} from './vector-search.ts';

/** What is used of usearch (Malkov & Yashunin 2018: hierarchical navigable small worlds). */
interface Graph {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
  save(path: string): void;
  load(path: string): void;
}

/** Neighbours per vector, and candidates looked at when a vector is added or sought: usearch's defaults but the last. */
const CONNECTIVITY = 16;
const CANDIDATES_ADDED = 128;
const CANDIDATES_SOUGHT = 256;
/** More answers than this come from exact search: approximate search would find ever fewer of them. */
export const MOST_APPROXIMATE = CANDIDATES_SOUGHT / 2;

/** @throws NeurodexError `system-missing` where usearch has no build for the machine */
async function emptyGraph(length: number): Promise<Graph> {
  try {
    const { Index, MetricKind, ScalarKind } = await import('usearch');
    return new Index({
      dimensions: length,
      metric: MetricKind.Cos,
      quantization: ScalarKind.F32,
      connectivity: CONNECTIVITY,
      expansion_add: CANDIDATES_ADDED,
      expansion_search: CANDIDATES_SOUGHT,
      multi: false,
    }) as unknown as Graph;
  } catch (error) {
    throw new NeurodexError('system-missing', 'approximate search needs usearch, which is not installed here', {
      hint: 'npm install usearch, or set bovw.exactUpTo above the number of catalogue pictures',
      cause: error,
    });
  }
}

/** Finds almost all of the nearest vectors without looking at most; their cosines are exact. */
export class ApproximateVectorSearch implements VectorSearch {
  private readonly unit: Float32Array;
  private readonly length: number;
  private readonly graph: Graph;
  private readonly exact: VectorSearch;

  private constructor(unit: Float32Array, length: number, graph: Graph) {
    this.unit = unit;
    this.length = length;
    this.graph = graph;
    this.exact = new ExactVectorSearch(unit, length);
  }

  /** @param unit float32 [n, length], as `normalised` gives them. The same vectors give the same graph. */
  static async build(unit: Float32Array, length: number): Promise<ApproximateVectorSearch> {
    const graph = await emptyGraph(length);
    const positions = Array.from({ length: unit.length / length }, (_, i) => i).filter((i) => !isZero(unit, length, i));
    const vectors = new Float32Array(positions.length * length);
    for (const [i, position] of positions.entries()) {
      vectors.set(unit.subarray(position * length, (position + 1) * length), i * length);
    }
    // One thread: with more, the graph depends on which was faster.
    graph.add(BigUint64Array.from(positions, BigInt), vectors, 1);
    return new ApproximateVectorSearch(unit, length, graph);
  }

  /**
   * A graph that was saved. Native code reads it without looking where it points to, so everything that it says is
   * checked first, and what is read is a copy that nobody else writes to.
   * @param bytes of the file @param name of the file in messages
   * @throws NeurodexError `index-damaged` for a graph over other vectors, or one that leads out of itself
   */
  static async load(
    unit: Float32Array,
    length: number,
    bytes: Uint8Array,
    name: string,
  ): Promise<ApproximateVectorSearch> {
    const graph = await emptyGraph(length);
    try {
      checkGraph(bytes, unit, length, { base: 2 * CONNECTIVITY, above: CONNECTIVITY });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw damaged(name, `is no graph over the histograms of this index: ${error.message}`, error);
    }
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-graph-'));
    try {
      const copy = join(folder, 'graph');
      await writeFile(copy, bytes, { mode: 0o600 });
      graph.load(copy);
    } catch (error) {
      throw fromFileSystem(error, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return new ApproximateVectorSearch(unit, length, graph);
  }

  save(path: string): void {
    this.graph.save(path);
  }

  nearest(query: Float32Array, k: number, among?: IsAmong): Neighbour[] {
    // The graph leads past vectors that are not to be found, and may find too few of the others.
    if (among !== undefined || k > MOST_APPROXIMATE || isZero(query, this.length, 0))
      return this.exact.nearest(query, k, among);
    const unitQuery = normalised(query, this.length);
    const { keys } = this.graph.search(unitQuery, k, 1);
    return Array.from(keys, Number)
      .map((position) => ({ position, score: dot(unitQuery, this.unit, position * this.length) }))
      .sort(byScore);
  }
}
