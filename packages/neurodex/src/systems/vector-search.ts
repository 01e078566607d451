import { isAmong, type RowMask } from '../query/row-mask.ts';

/** A stored vector that was found. */
export interface Neighbour {
  /** From 0, in the order in which the vectors were given. */
  readonly position: number;
  /** Cosine with the query. */
  readonly score: number;
}

/** Finds the vectors with the largest cosine to a query. */
export interface VectorSearch {
  /**
   * @param among positions that are compared, all by default
   * @returns best first, ties by position; zero vectors, which have no direction, are never found
   */
  nearest(query: Float32Array, k: number, among?: IsAmong): Neighbour[];
}

/** Whether a position is compared. */
export type IsAmong = (position: number) => boolean;

/** Positions of pictures whose rows are among those that are ranked; undefined where all are. */
export const positionsAmong = (
  pictures: readonly { readonly row: number }[],
  among: RowMask | undefined,
): IsAmong | undefined => among && ((position) => isAmong(among, pictures[position]?.row ?? -1));

/** Vectors at unit length, one after another; a zero vector stays zero. @param vectors float32 [n, length] */
export function normalised(vectors: Float32Array, length: number): Float32Array {
  const out = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += length) {
    let squares = 0;
    for (let i = start; i < start + length; i++) squares += (vectors[i] as number) ** 2;
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = start; i < start + length; i++) out[i] = (vectors[i] as number) * scale;
  }
  return out;
}

export const isZero = (vectors: Float32Array, length: number, position: number): boolean =>
  vectors.subarray(position * length, (position + 1) * length).every((value) => value === 0);

/** Compares the query with every vector. @param unit float32 [n, length], as `normalised` gives them */
export class ExactVectorSearch implements VectorSearch {
  private readonly unit: Float32Array;
  private readonly length: number;
  private readonly positions: readonly number[];

  constructor(unit: Float32Array, length: number) {
    this.unit = unit;
    this.length = length;
    this.positions = Array.from({ length: unit.length / length }, (_, i) => i).filter((i) => !isZero(unit, length, i));
  }

  nearest(query: Float32Array, k: number, among?: IsAmong): Neighbour[] {
    const unitQuery = normalised(query, this.length);
    const compared = among === undefined ? this.positions : this.positions.filter(among);
    return compared
      .map((position) => ({ position, score: dot(unitQuery, this.unit, position * this.length) }))
      .sort(byScore)
      .slice(0, k);
  }
}

export const byScore = (a: Neighbour, b: Neighbour): number => b.score - a.score || a.position - b.position;

/** Σ query[i] · vectors[offset + i], four sums at once: the processor need not wait for one addition after another. */
export function dot(query: Float32Array, vectors: Float32Array, offset: number): number {
  const { length } = query;
  const whole = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += (query[i] as number) * (vectors[offset + i] as number);
    b += (query[i + 1] as number) * (vectors[offset + i + 1] as number);
    c += (query[i + 2] as number) * (vectors[offset + i + 2] as number);
    d += (query[i + 3] as number) * (vectors[offset + i + 3] as number);
  }
  for (let i = whole; i < length; i++) a += (query[i] as number) * (vectors[offset + i] as number);
  return a + b + c + d;
}
