import { NearPoints } from './near-points.ts';

/** Points of a leaf, at most. */
const LEAF = 12;

/** What hears of a point: its row among all points, its squared distance, and its place in the tree. @returns whether it was the last one */
export type Found = (point: number, distance: number, place: number) => boolean;

/**
 * A k-d tree (Bentley 1975) over points that stay: every point within a radius of another, in time that grows with the number
 * found and the logarithm of the number of points where the radius is small beside their distances.
 */
export class NeighbourTree {
  /** In the order of the leaves, so that the points of a leaf lie together in memory. */
  readonly near: NearPoints;
  /** The row of each among all points. */
  private readonly order: Int32Array;
  /** Of each inner node the dimension it divides, −1 for a leaf; nodes lie as in a binary heap. */
  private readonly dimensions: Int16Array;
  private readonly values: Float32Array;
  private readonly offsets: Float64Array;
  private checks = 0;

  /** @param points float32 [n, width], of which the tree takes a copy @param members rows of it that the tree holds */
  constructor(points: Float32Array, width: number, members: readonly number[]) {
    this.order = Int32Array.from(members);
    let nodes = 1;
    for (let size = members.length; size > LEAF; size = Math.ceil(size / 2)) nodes = 2 * nodes + 1;
    this.dimensions = new Int16Array(nodes).fill(-1);
    this.values = new Float32Array(nodes);
    this.offsets = new Float64Array(width);
    this.divide(new Values(points, width, this.order), 0, 0, members.length);
    this.near = new NearPoints(points, width, this.order, LEAF);
  }

  /**
   * Calls `found` for points whose squared distance from the query is at most `radius`, until it says that they are enough.
   * @param most points that are compared: in a crowd the nearest leaves are looked at first, and the rest not at all
   */
  within(query: Float32Array, radius: number, most: number, found: Found): void {
    this.checks = most;
    this.offsets.fill(0);
    this.near.ask(query);
    if (this.order.length > 0) this.search(0, 0, this.order.length, 0, query, radius, found);
  }

  private divide(values: Values, node: number, from: number, to: number): void {
    if (to - from <= LEAF) return;
    const dimension = values.widest(from, to);
    const middle = from + ((to - from) >> 1);
    values.select(from, to, middle, dimension);
    this.dimensions[node] = dimension;
    this.values[node] = values.value(middle, dimension);
    this.divide(values, 2 * node + 1, from, middle);
    this.divide(values, 2 * node + 2, middle, to);
  }

  /** @param distance squared, of the query from the box of the node (Arya & Mount 1993) */
  private search(
    node: number,
    from: number,
    to: number,
    distance: number,
    query: Float32Array,
    radius: number,
    found: Found,
  ): void {
    const dimension = this.dimensions[node] ?? -1;
    if (dimension < 0) {
      this.leaf(from, to, radius, found);
      return;
    }
    const middle = from + ((to - from) >> 1);
    const offset = (query[dimension] ?? NaN) - (this.values[node] ?? NaN);
    const [near, far] = [2 * node + (offset < 0 ? 1 : 2), 2 * node + (offset < 0 ? 2 : 1)];
    if (offset < 0) this.search(near, from, middle, distance, query, radius, found);
    else this.search(near, middle, to, distance, query, radius, found);
    if (this.checks <= 0) return;
    const before = this.offsets[dimension] ?? NaN;
    const beyond = distance - before * before + offset * offset;
    if (beyond > radius) return;
    this.offsets[dimension] = offset;
    if (offset < 0) this.search(far, middle, to, beyond, query, radius, found);
    else this.search(far, from, middle, beyond, query, radius, found);
    this.offsets[dimension] = before;
  }

  private leaf(from: number, to: number, radius: number, found: Found): void {
    this.checks -= to - from;
    const count = this.near.within(from, to, radius);
    for (let i = 0; i < count; i++) {
      const place = from + this.near.place(i);
      if (!found(this.order[place] ?? NaN, this.near.distance(i), place)) continue;
      this.checks = 0;
      return;
    }
  }
}

/** Points while a tree is made of them: rows of `points`, in the order of `order`, which changes. */
class Values {
  private readonly points: Float32Array;
  private readonly width: number;
  private readonly order: Int32Array;

  constructor(points: Float32Array, width: number, order: Int32Array) {
    this.points = points;
    this.width = width;
    this.order = order;
  }

  value(place: number, dimension: number): number {
    return this.points[(this.order[place] ?? NaN) * this.width + dimension] ?? NaN;
  }

  /** The dimension with the largest variance, by a sample of the points. */
  widest(from: number, to: number): number {
    const step = Math.max(1, (to - from) >> 7);
    let [best, most] = [0, -1];
    for (let dimension = 0; dimension < this.width; dimension++) {
      let [sum, squares, count] = [0, 0, 0];
      for (let i = from; i < to; i += step) {
        const value = this.value(i, dimension);
        sum += value;
        squares += value * value;
        count++;
      }
      const variance = squares / count - (sum / count) ** 2;
      if (variance > most) [best, most] = [dimension, variance];
    }
    return best;
  }

  /** Quickselect (Hoare 1961): no point before `middle` is larger than one behind it. */
  select(from: number, to: number, middle: number, dimension: number): void {
    let [low, high] = [from, to - 1];
    while (low < high) {
      const pivot = this.value((low + high) >> 1, dimension);
      let [i, j] = [low, high];
      while (i <= j) {
        while (this.value(i, dimension) < pivot) i++;
        while (this.value(j, dimension) > pivot) j--;
        if (i > j) break;
        const other = this.order[i] ?? NaN;
        this.order[i] = this.order[j] ?? NaN;
        this.order[j] = other;
        i++;
        j--;
      }
      if (middle <= j) high = j;
      else if (middle >= i) low = i;
      else return;
    }
  }
}
