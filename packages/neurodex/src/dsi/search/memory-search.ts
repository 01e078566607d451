import { type Answer, topK } from '../../query/answers.ts';
import { type Memory, rowFor } from '../model/memory.ts';
import type { PrefixTable } from '../model/prefix-table.ts';

/** The trie as a memory is searched, by node. */
interface Nodes {
  /** Leaves below. */
  readonly counts: Int32Array;
  /** Place of the row among the memory's numbers. */
  readonly offsets: Float64Array;
  /** Catalogue row, for nodes that stand for one identifier; −1 for others. */
  readonly pictures: Int32Array;
  /** ‖μ‖², of nodes that stand for several identifiers. */
  readonly squares: Float32Array;
  /** 1 where all children stand for one identifier. */
  readonly isLast: Uint8Array;
}

/** A prefix, and μ·h of the state h that is searched for. */
interface Prefix {
  readonly node: number;
  readonly product: number;
  /** Highest for the nearest: −‖h − μ‖² but for a constant. */
  readonly nearness: number;
}

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
    const answers: Answer[] = [];
    for (let node = 0; node < trie.nodeCount; node++) {
      const row = pictures[node] ?? -1;
      // The first node of a path that stands for one identifier; those below stand for the same.
      if (row < 0 || (node > 0 && counts[trie.parent(node)] === 1)) continue;
      answers.push({ row, score: this.memory.temperature * this.product(states, query, node) });
    }
    return normalized(answers, [], k);
  }

  /**
   * The k nearest of the identifiers behind the prefixes that the beam looks into; there are `beam` of them at the least.
   * @param states unit vectors, float32 [B, D] @param query which of them
   */
  beam(states: Float32Array, query: number, k: number, beam: number): Answer[] {
    const { temperature } = this.memory;
    const { isLast, pictures } = this.nodes;
    const answers: Answer[] = [];
    const last: Prefix[] = [];
    const closed: Prefix[] = [];
    let level: Prefix[] = [{ node: 0, product: 0, nearness: 0 }];
    if (isLast[0] === 1) [level, last[0]] = [[], { node: 0, product: 0, nearness: 0 }];
    const lookInto = (prefixes: readonly Prefix[]): Prefix[] => {
      const below: Prefix[] = [];
      for (const { node } of prefixes) {
        this.eachChild(node, (child) => {
          const product = this.product(states, query, child);
          const row = pictures[child] ?? -1;
          if (row >= 0) answers.push({ row, score: temperature * product });
          else {
            const nearness = 2 * product - (this.nodes.squares[child] ?? NaN);
            (isLast[child] === 1 ? last : below).push({ node: child, product, nearness });
          }
        });
      }
      return below;
    };
    while (level.length > 0) level = nearest(lookInto(level), beam, closed);
    lookInto(nearest(last, beam, closed));
    return normalized(
      answers,
      closed.map((prefix) => this.estimate(prefix)),
      k,
    );
  }

  private eachChild(node: number, visit: (child: number) => void): void {
    const { trie } = this.table;
    const first = trie.firstChild(node);
    const end = first + trie.childCount(node);
    for (let child = first; child < end; child++) visit(child);
  }

  /** log of the estimated sum over the identifiers behind a prefix. */
  private estimate({ node, product }: Prefix): number {
    const { temperature } = this.memory;
    const { counts, squares } = this.nodes;
    const logCount = Math.log(counts[node] ?? NaN);
    const square = squares[node] ?? NaN;
    const cosine = square === 0 ? 0 : product ** 2 / square;
    const variance = ((1 - square) * (1 - cosine)) / Math.max(1, this.width - 1);
    const spread = temperature * Math.sqrt(Math.max(0, variance));
    const frozen = Math.sqrt(2 * logCount);
    return temperature * product + (spread < frozen ? logCount + spread ** 2 / 2 : spread * frozen);
  }

  private product(states: Float32Array, query: number, node: number): number {
    return dot(states, query * this.width, this.memory.rows, this.nodes.offsets[node] ?? NaN, this.width);
  }
}

/**
 * The nearest, in the order given, which is that of their nodes; of equally near ones the first. The others are added to
 * `closed`. Sorting bare numbers is fast, and tells which to keep.
 */
function nearest(prefixes: Prefix[], count: number, closed: Prefix[]): Prefix[] {
  if (prefixes.length <= count) return prefixes;
  const sorted = Float64Array.from(prefixes, ({ nearness }) => nearness).sort();
  const least = sorted[sorted.length - count] ?? NaN;
  let room = count - prefixes.filter(({ nearness }) => nearness > least).length;
  const kept: Prefix[] = [];
  for (const prefix of prefixes) {
    const stays = prefix.nearness > least || (prefix.nearness === least && room-- > 0);
    (stays ? kept : closed).push(prefix);
  }
  return kept;
}

/**
 * The k best, their scores less the log of the total.
 * @param answers with logits as scores @param others logs of sums that belong to the total
 */
function normalized(answers: Answer[], others: readonly number[], k: number): Answer[] {
  let largest = Number.NEGATIVE_INFINITY;
  for (const { score } of answers) largest = Math.max(largest, score);
  for (const log of others) largest = Math.max(largest, log);
  let total = 0;
  for (const { score } of answers) total += Math.exp(score - largest);
  for (const log of others) total += Math.exp(log - largest);
  const logTotal = largest + Math.log(total);
  return topK(answers, k).map(({ row, score }) => ({ row, score: score - logTotal }));
}

function describeNodes(table: PrefixTable, { rows }: Memory, width: number): Nodes {
  const { trie } = table;
  const counts = trie.leavesBelow();
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
  return { counts, offsets, pictures, squares, isLast };
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
