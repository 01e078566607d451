import type { PrefixTable } from './prefix-table.ts';
import { allocateRows } from './row-memory.ts';

/**
 * What the network remembers, written and not trained: a row for each prefix of identifiers (`PrefixTable` of the kind
 * `memory`). The row of a whole identifier is the state of its picture; that of a shorter prefix is the mean state of the
 * pictures whose identifiers begin with it. For the state h of a query, the probability of an identifier with row x is
 * exp(τ·x·h), divided by the sum over all identifiers: the probability of a token is the share of the pictures behind it.
 */
export interface Memory {
  /** float32 [R, D] */
  readonly rows: Float32Array;
  /** τ, by which cosines become logits; above 0. */
  readonly temperature: number;
}

/** Of a memory whose temperature nothing could be fitted to: there is no query to measure. */
export const DEFAULT_TEMPERATURE = 20;

/**
 * The rows in closed form, in one pass from the leaves to the root.
 * @param states unit vectors, float32 [N, D]
 * @param positionOf a catalogue row's place among the states
 * @returns float32 [R, D]
 */
export function writeRows(
  table: PrefixTable,
  states: Float32Array,
  width: number,
  positionOf: (row: number) => number,
): Float32Array {
  const { trie } = table;
  const rows = allocateRows(table.size * width);
  const counts = trie.leavesBelow();
  // Parents have smaller numbers: a node's sum is complete when its turn comes.
  for (let node = trie.nodeCount - 1; node >= 0; node--) {
    const picture = trie.row(node);
    if (picture !== undefined) add(rows, rowFor(table, node) * width, states, positionOf(picture) * width, width);
    const own = table.row(node);
    if (own === table.paddingRow) continue;
    if (node > 0) add(rows, table.row(trie.parent(node)) * width, rows, own * width, width);
    for (let at = own * width; at < (own + 1) * width; at++) rows[at] = (rows[at] ?? NaN) / (counts[node] ?? NaN);
  }
  return rows;
}

/** The row of a node, or of the lowest one above that has any: behind that one nothing is left to decide. */
export function rowFor(table: PrefixTable, node: number): number {
  let at = node;
  while (table.row(at) === table.paddingRow) at = table.trie.parent(at);
  return table.row(at);
}

function add(target: Float32Array, to: number, source: Float32Array, from: number, width: number): void {
  for (let d = 0; d < width; d++) target[to + d] = (target[to + d] ?? NaN) + (source[from + d] ?? NaN);
}
