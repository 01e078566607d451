import { type Answer, topK } from '../../query/answers.ts';
import { isAmong, type RowMask } from '../../query/row-mask.ts';
import type { Memory } from '../model/memory.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { Candidates, kthLargest } from './candidates.ts';
import { estimateLogSum, mostSpread, NEGLIGIBLE } from './estimate-log-sum.ts';
import { type Identifiers, identifiersOf, type MemoryNodes, memoryNodes } from './memory-nodes.ts';
import { ReachableNodes } from './reachable-nodes.ts';
import { multiplyAll, type RowProducts, rowProducts } from './row-products.ts';

/** So many are compared in 30 ms of processor time, with states of 128 or 256 numbers. */
const MOST_COMPARED = 32_768;

/**
 * Searches a memory with the state of a query. Exhaustively, every identifier is compared with it. The beam looks into the
 * `beam` prefixes of each depth whose mean states are nearest, and of the last prefixes, wherever paths end, into the
 * `beam` nearest: each prefix is judged by its own row, so that no path carries the errors of its beginning. Of a prefix
 * that is not looked into, the sum over its pictures is estimated (`estimateLogSum`).
 */
export class MemorySearch {
  private readonly table: PrefixTable;
  private readonly temperature: number;
  private readonly width: number;
  private readonly mostCompared: number;
  private readonly nodes: MemoryNodes;
  private readonly rows: RowProducts;
  /** Of the search that is under way: prefixes of this depth and of the next, the last ones of their paths, identifiers. */
  private level = new Candidates();
  private below = new Candidates();
  private readonly last = new Candidates();
  private readonly found = new Candidates();
  /** Prefixes that are not looked into. */
  private readonly unseen = new Candidates();
  /** For exhaustive searches: all identifiers, and the products of the state with all rows of the memory. */
  private all: (Identifiers & { readonly products: Float64Array }) | undefined;
  private logTotal = NaN;
  /** Prefixes behind which there is a picture that is ranked, where not all are. */
  private reachable: Uint8Array | undefined;
  private readonly reaching: ReachableNodes;
  private readonly compared = new WeakMap<RowMask, readonly (readonly [row: number, node: number])[]>();

  /** @param width D @param mostCompared pictures that are compared one by one, where a search ranks no more */
  constructor(table: PrefixTable, memory: Memory, width: number, mostCompared = MOST_COMPARED) {
    this.mostCompared = mostCompared;
    this.table = table;
    this.reaching = new ReachableNodes(table.trie);
    this.temperature = memory.temperature;
    this.width = width;
    this.nodes = memoryNodes(table, memory, width);
    this.rows = rowProducts(memory.rows, width, this.nodes.mostChildren);
  }

  /**
   * The k likeliest of all identifiers, with their log-probabilities.
   * @param states unit vectors, float32 [B, D] @param query which of them @param among the pictures that are ranked, all by default
   */
  exhaustive(states: Float32Array, query: number, k: number, among?: RowMask): Answer[] {
    this.begin(states, query);
    this.all ??= { ...identifiersOf(this.table, this.nodes), products: new Float64Array(this.table.size) };
    const { pictures, rows, products } = this.all;
    multiplyAll(this.rows, products);
    this.found.fill(pictures, rows, products);
    this.sum();
    if (among !== undefined) this.found.keep((row) => isAmong(among, row));
    return this.best(k);
  }

  /**
   * The k nearest of the identifiers behind the prefixes that the beam looks into; there are `beam` of them at the least.
   * @param states unit vectors, float32 [B, D] @param query which of them
   */
  beam(states: Float32Array, query: number, k: number, beam: number): Answer[] {
    this.begin(states, query);
    this.descend(beam, (node, product) => this.unseen.push(node, product, 0));
    this.sum();
    return this.best(k);
  }

  /**
   * As `beam`, of some pictures alone, with the scores that they have among all. Few are compared one by one, which misses none; of many
   * the beam looks into the nearest prefixes behind which there is any.
   */
  beamAmong(states: Float32Array, query: number, k: number, beam: number, among: RowMask): Answer[] {
    // What scores are log-probabilities of is the sum over all pictures.
    this.beam(states, query, k, beam);
    for (const each of [this.level, this.below, this.last, this.found, this.unseen]) each.clear();
    if (among.count <= this.mostCompared) {
      const { rows } = this.nodes;
      for (const [row, node] of this.nodesOf(among)) {
        this.rows.multiply(rows[node] ?? NaN, 1, 0);
        this.found.push(row, this.rows.products[0] ?? NaN, 0);
      }
    } else {
      this.reachable = this.reaching.of(among);
      this.descend(beam, () => {});
      this.reachable = undefined;
    }
    return this.best(k);
  }

  /** Looks into the nearest prefixes, down to identifiers. @param drop is told of those that it does not look into */
  private descend(beam: number, drop: (node: number, product: number) => void): void {
    (this.nodes.isLast[0] === 1 ? this.last : this.level).push(0, 0, 0);
    while (this.level.length > 0) {
      for (let i = 0; i < this.level.length; i++) this.lookInto(this.level.names[i] ?? NaN);
      this.level.clear();
      [this.level, this.below] = [this.below, this.level];
      this.level.keepNearest(beam, drop);
    }
    this.last.keepNearest(beam, drop);
    for (let i = 0; i < this.last.length; i++) this.lookInto(this.last.names[i] ?? NaN);
  }

  /** log Σ exp(τ·x·h) over all identifiers, of the search before: what its scores are log-probabilities of. */
  get logSum(): number {
    return this.logTotal;
  }

  private begin(states: Float32Array, query: number): void {
    for (const each of [this.level, this.below, this.last, this.found, this.unseen]) each.clear();
    this.rows.take(states, query);
  }

  /** Compares what is behind a prefix: identifiers are found; prefixes are the last of their paths, or have a depth below. */
  private lookInto(node: number): void {
    const { trie } = this.table;
    const { pictures, squares, isLast } = this.nodes;
    const [below, last, found, reachable] = [this.below, this.last, this.found, this.reachable];
    const { products } = this.rows;
    const first = trie.firstChild(node);
    const count = trie.childCount(node);
    this.multiply(node, first, count);
    for (let i = 0; i < count; i++) {
      const child = first + i;
      if (reachable !== undefined && reachable[child] !== 1) continue;
      const product = products[i] ?? NaN;
      const picture = pictures[child] ?? -1;
      if (picture >= 0) found.push(picture, product, 0);
      else (isLast[child] === 1 ? last : below).push(child, product, 2 * product - (squares[child] ?? NaN));
    }
  }

  /** The products of the children of a node, at once where their rows allow it. */
  private multiply(node: number, first: number, count: number): void {
    const { rows, isBlock } = this.nodes;
    if (isBlock[node] === 1) {
      if (count > 0) this.rows.multiply(rows[first] ?? NaN, count, 0);
      return;
    }
    for (let i = 0; i < count; i++) this.rows.multiply(rows[first + i] ?? NaN, 1, i);
  }

  /** Logs of the estimated sums over the identifiers behind the prefixes that were not looked into, of those that count beside `largest`. */
  private estimates(largest: number): number[] {
    const { logCounts, squares } = this.nodes;
    const { length, names, products } = this.unseen;
    const [temperature, width] = [this.temperature, this.width];
    const sums: number[] = [];
    for (let i = 0; i < length; i++) {
      const [node, product] = [names[i] ?? NaN, products[i] ?? NaN];
      const [logCount, square] = [logCounts[node] ?? NaN, squares[node] ?? NaN];
      if (temperature * product + logCount + mostSpread(square, temperature, width) - largest < NEGLIGIBLE) continue;
      sums.push(estimateLogSum({ logCount, square, product }, temperature, width));
    }
    return sums;
  }

  /** The node of each picture that is ranked, and its row. */
  private nodesOf(among: RowMask): readonly (readonly [row: number, node: number])[] {
    const known = this.compared.get(among);
    if (known !== undefined) return known;
    const { pictures } = this.nodes;
    const nodes = new Map<number, number>();
    for (let node = 0; node < pictures.length; node++) {
      const row = pictures[node] ?? -1;
      // What is behind a node of one identifier is that identifier again.
      if (row >= 0 && isAmong(among, row) && !nodes.has(row)) nodes.set(row, node);
    }
    const made = [...nodes];
    this.compared.set(among, made);
    return made;
  }

  /** Adds up what was found, and what is estimated of the rest. */
  private sum(): void {
    const temperature = this.temperature;
    const { length, products } = this.found;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < length; i++) largest = Math.max(largest, temperature * (products[i] ?? NaN));
    const sums = this.estimates(largest);
    for (const sum of sums) largest = Math.max(largest, sum);
    let total = 0;
    for (let i = 0; i < length; i++) {
      const x = temperature * (products[i] ?? NaN) - largest;
      if (!(x < NEGLIGIBLE)) total += Math.exp(x);
    }
    for (const sum of sums) total += Math.exp(sum - largest);
    this.logTotal = largest + Math.log(total);
  }

  /** The k best of what was found, with their log-probabilities. */
  private best(k: number): Answer[] {
    const { temperature, logTotal } = this;
    const { length, names, products } = this.found;
    const least = k < length ? kthLargest(products, k, length) : Number.NEGATIVE_INFINITY;
    const best: Answer[] = [];
    for (let i = 0; i < length; i++) {
      const product = products[i] ?? NaN;
      // Not less: of products that are NaN none can be left out, and the score says so.
      if (!(product < least)) best.push({ row: names[i] ?? NaN, score: temperature * product - logTotal });
    }
    return topK(best, k);
  }
}
