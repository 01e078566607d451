import { leavesByRow } from '../dsi/graphs/search-export.ts';
import { rowFor } from '../dsi/model/memory.ts';
import type { StoredModel } from './models.ts';

/**
 * The trie of the identifiers as flat arrays, node by node, breadth first; the root is node 0, a parent stands before its
 * children, and the children of a node are consecutive and in token order.
 */
export interface ExportedTrie {
  /** The token that leads to each node; −1 at the root. */
  readonly tokens: readonly number[];
  /**
   * The row of the network's tables that stands for the prefix of each; without meaning at a leaf. With a memory, the row that
   * a query is compared with for each: its own, or that of the lowest node above that has one.
   */
  readonly rows: readonly number[];
  /** The node above each; −1 at the root. */
  readonly parents: readonly number[];
  /** Position in `pictures` of what a leaf names; −1 at inner nodes. */
  readonly pictures: readonly number[];
}

/** What a memory is searched with, besides its rows, which are in the model. */
export interface ExportedMemory {
  /** τ: the decoder's logits are τ times the product of row and state. */
  readonly temperature: number;
  /** The squared norm of the row of each node of the trie. */
  readonly squares: readonly number[];
}

export function exportedTrie({ table, model }: StoredModel): ExportedTrie {
  const { trie } = table;
  const nodes = Array.from({ length: trie.nodeCount }, (_, node) => node);
  const pictures = new Array<number>(trie.nodeCount).fill(-1);
  for (const [position, leaf] of leavesByRow(trie).entries()) pictures[leaf] = position;
  return {
    tokens: nodes.map((node) => trie.token(node)),
    rows: nodes.map((node) => (model.memory === undefined ? table.row(node) : rowFor(table, node))),
    parents: nodes.map((node) => trie.parent(node)),
    pictures,
  };
}

/** Undefined for a network without a memory. */
export function exportedMemory({ table, model }: StoredModel): ExportedMemory | undefined {
  const { memory, geometry } = model;
  if (memory === undefined) return undefined;
  const squares = Array.from({ length: table.size }, (_, row) =>
    memory.rows.subarray(row * geometry.width, (row + 1) * geometry.width).reduce((sum, x) => sum + x * x, 0),
  );
  const { nodeCount } = table.trie;
  return {
    temperature: memory.temperature,
    squares: Array.from({ length: nodeCount }, (_, node) => shortened(squares[rowFor(table, node)] ?? NaN)),
  };
}

/** As `MemorySearch` has it, which multiplies its error by τ²: in float32, whose numbers nine digits tell apart. */
const shortened = (value: number): number => Number(Math.fround(value).toPrecision(9));
