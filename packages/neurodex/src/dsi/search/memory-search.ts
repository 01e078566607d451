import { type Answer, topK } from '../../query/answers.ts';
import { type Memory, rowFor } from '../model/memory.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { Candidates, kthLargest } from './candidates.ts';

/** The trie as a memory is searched, by node. */
interface Nodes {
  /** Leaves below. */
  readonly counts: Int32Array;
  /** Of those their logarithms. */
  readonly logCounts: Float64Array;
  /** Place of the row among the memory's numbers. */
  readonly offsets: Float64Array;
  /** Catalogue row, for nodes that stand for one identifier; −1 for others. */
  readonly pictures: Int32Array;
  /** ‖μ‖², of nodes that stand for several identifiers. */
  readonly squares: Float32Array;
  /** 1 where all children stand for one identifier. */
  readonly isLast: Uint8Array;
}

/** Children that are multiplied together. */
const TOGETHER = 4;

/**
 * Searches a memory with the state of a query. Exhaustively, every identifier is compared with it. The beam looks into the
 * `beam` prefixes of each depth whose mean states are nearest, and of the last prefixes, wherever paths end, into the
 * `beam` nearest: each prefix is judged by its own row, so that no path carries the errors of its beginning. Of a prefix
 * that is not looked into, the sum over its n pictures is estimated as if they lay normally about their mean μ. They are
 * unit vectors: along h their variance is s² = (1 − ‖μ‖²)·(1 − cos²(μ, h))/(D − 1). The sum is exp(τ·μ·h) times
 * n·exp(τ²s²/2); or, where τs is above c = √(2·ln n) and the nearest few make it up, exp(τs·c) (the random energy model,
 * Derrida 1981).
 */
export class MemorySearch {
  private readonly table: PrefixTable;
  private readonly memory: Memory;
  private readonly width: number;
  private readonly nodes: Nodes;
  /** Of the search that is under way: prefixes of this depth and of the next, the last ones of their paths, identifiers. */
  private level = new Candidates();
  private below = new Candidates();
  private readonly last = new Candidates();
  /** Products of a few children. */
  private readonly block = new Float64Array(TOGETHER);
  private readonly found = new Candidates();

  /** @param width D */
  constructor(table: PrefixTable, memory: Memory, width: number) {
    this.table = table;
    this.memory = memory;
    this.width = width;
    this.nodes = describeNodes(table, memory, width);
  }

  /**
   * The k likeliest of all identifiers, with their log-probabilities.
   * @param states unit vectors, float32 [B, D] @param query which of them
   */
  exhaustive(states: Float32Array, query: number, k: number): Answer[] {
    const { pictures, counts } = this.nodes;
    const { trie } = this.table;
    this.found.clear();
    for (let node = 0; node < trie.nodeCount; node++) {
      const row = pictures[node] ?? -1;
      // The first node of a path that stands for one identifier; those below stand for the same.
      if (row < 0 || (node > 0 && counts[trie.parent(node)] === 1)) continue;
      this.found.push(row, this.product(states, query, node), 0);
    }
    return this.answers(k, []);
  }

  /**
   * The k nearest of the identifiers behind the prefixes that the beam looks into; there are `beam` of them at the least.
   * @param states unit vectors, float32 [B, D] @param query which of them
   */
  beam(states: Float32Array, query: number, k: number, beam: number): Answer[] {
    for (const each of [this.level, this.below, this.last, this.found]) each.clear();
    const sums: number[] = [];
    const drop = (node: number, product: number): void => void sums.push(this.estimate(node, product));
    (this.nodes.isLast[0] === 1 ? this.last : this.level).push(0, 0, 0);
    while (this.level.length > 0) {
      this.lookInto(this.level, states, query);
      this.level.clear();
      [this.level, this.below] = [this.below, this.level];
      this.level.keepNearest(beam, drop);
    }
    this.last.keepNearest(beam, drop);
    this.lookInto(this.last, states, query);
    return this.answers(k, sums);
  }

  /** Compares what is behind some prefixes: identifiers are found; prefixes are the last of their paths, or have a depth below. */
  private lookInto(prefixes: Candidates, states: Float32Array, query: number): void {
    const { trie } = this.table;
    const { pictures, squares, isLast } = this.nodes;
    const { below, last, found } = this;
    for (let i = 0; i < prefixes.length; i++) {
      const node = prefixes.names[i] ?? NaN;
      const first = trie.firstChild(node);
      const end = first + trie.childCount(node);
      for (let child = first; child < end; child++) {
        if ((child - first) % TOGETHER === 0) this.multiply(states, query, child, end);
        const product = this.block[(child - first) % TOGETHER] ?? NaN;
        const row = pictures[child] ?? -1;
        if (row >= 0) found.push(row, product, 0);
        else (isLast[child] === 1 ? last : below).push(child, product, 2 * product - (squares[child] ?? NaN));
      }
    }
  }

  /** log of the estimated sum over the identifiers behind a prefix. */
  private estimate(node: number, product: number): number {
    const { temperature } = this.memory;
    const { logCounts, squares } = this.nodes;
    const logCount = logCounts[node] ?? NaN;
    const square = squares[node] ?? NaN;
    const cosine = square === 0 ? 0 : product ** 2 / square;
    const variance = ((1 - square) * (1 - cosine)) / Math.max(1, this.width - 1);
    const spread = temperature * Math.sqrt(Math.max(0, variance));
    const frozen = Math.sqrt(2 * logCount);
    return temperature * product + (spread < frozen ? logCount + spread ** 2 / 2 : spread * frozen);
  }

  /**
   * The k best of what was found, with their log-probabilities.
   * @param sums logs of sums over identifiers that were not looked at, which belong to the total
   */
  private answers(k: number, sums: readonly number[]): Answer[] {
    const { temperature } = this.memory;
    const { length, names, products } = this.found;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < length; i++) largest = Math.max(largest, temperature * (products[i] ?? NaN));
    for (const sum of sums) largest = Math.max(largest, sum);
    let total = 0;
    for (let i = 0; i < length; i++) total += Math.exp(temperature * (products[i] ?? NaN) - largest);
    for (const sum of sums) total += Math.exp(sum - largest);
    const logTotal = largest + Math.log(total);
    const least = k < length ? kthLargest(products.slice(0, length), k) : Number.NEGATIVE_INFINITY;
    const best: Answer[] = [];
    for (let i = 0; i < length; i++) {
      const product = products[i] ?? NaN;
      // Not less: of products that are NaN none can be left out, and the score says so.
      if (!(product < least)) best.push({ row: names[i] ?? NaN, score: temperature * product - logTotal });
    }
    return topK(best, k);
  }

  /** Products of the next children, as many as are multiplied together, into `block`. @param end of the children */
  private multiply(states: Float32Array, query: number, first: number, end: number): void {
    const { block, nodes, memory, width } = this;
    if (first + TOGETHER > end) {
      for (let node = first; node < end; node++) block[node - first] = this.product(states, query, node);
      return;
    }
    const from = query * width;
    const { rows } = memory;
    const a = nodes.offsets[first] ?? NaN;
    const b = nodes.offsets[first + 1] ?? NaN;
    const c = nodes.offsets[first + 2] ?? NaN;
    const d = nodes.offsets[first + 3] ?? NaN;
    let [s, t, u, v] = [0, 0, 0, 0];
    // A number of the state is read once for all of them.
    for (let i = 0; i < width; i++) {
      const x = states[from + i] ?? NaN;
      s += x * (rows[a + i] ?? NaN);
      t += x * (rows[b + i] ?? NaN);
      u += x * (rows[c + i] ?? NaN);
      v += x * (rows[d + i] ?? NaN);
    }
    block[0] = s;
    block[1] = t;
    block[2] = u;
    block[3] = v;
  }

  private product(states: Float32Array, query: number, node: number): number {
    return dot(states, query * this.width, this.memory.rows, this.nodes.offsets[node] ?? NaN, this.width);
  }
}

function describeNodes(table: PrefixTable, { rows }: Memory, width: number): Nodes {
  const { trie } = table;
  const counts = trie.leavesBelow();
  const logCounts = Float64Array.from(counts, Math.log);
  const offsets = new Float64Array(trie.nodeCount);
  const pictures = new Int32Array(trie.nodeCount).fill(-1);
  const squares = new Float32Array(trie.nodeCount);
  const isLast = new Uint8Array(trie.nodeCount).fill(1);
  for (let node = trie.nodeCount - 1; node >= 0; node--) {
    const offset = rowFor(table, node) * width;
    offsets[node] = offset;
    const picture = trie.row(node);
    if (picture !== undefined) pictures[node] = picture;
    else if (counts[node] === 1) pictures[node] = pictures[trie.firstChild(node)] ?? NaN;
    else {
      squares[node] = dot(rows, offset, rows, offset, width);
      if (node > 0) isLast[trie.parent(node)] = 0;
    }
  }
  return { counts, logCounts, offsets, pictures, squares, isLast };
}

/** Four sums at once: the processor need not wait for one addition after another. */
function dot(a: Float32Array, from: number, b: Float32Array, to: number, width: number): number {
  const whole = width - (width % 4);
  let [s, t, u, v] = [0, 0, 0, 0];
  for (let d = 0; d < whole; d += 4) {
    s += (a[from + d] ?? NaN) * (b[to + d] ?? NaN);
    t += (a[from + d + 1] ?? NaN) * (b[to + d + 1] ?? NaN);
    u += (a[from + d + 2] ?? NaN) * (b[to + d + 2] ?? NaN);
    v += (a[from + d + 3] ?? NaN) * (b[to + d + 3] ?? NaN);
  }
  for (let d = whole; d < width; d++) s += (a[from + d] ?? NaN) * (b[to + d] ?? NaN);
  return s + t + u + v;
}
