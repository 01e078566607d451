import { type Memory, rowFor } from '../model/memory.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { dot } from './row-products.ts';

/** The trie as a memory is searched, by node. */
export interface MemoryNodes {
  /** Logarithms of how many leaves are below. */
  readonly logCounts: Float64Array;
  /** Row of the memory. */
  readonly rows: Int32Array;
  /** Catalogue row, for nodes that stand for one identifier; −1 for others. */
  readonly pictures: Int32Array;
  /** ‖μ‖², of nodes that stand for several identifiers. */
  readonly squares: Float32Array;
  /** 1 where all children stand for one identifier. */
  readonly isLast: Uint8Array;
  /** 1 where the rows of the children are one behind the other: all of a memory that no picture was added to. */
  readonly isBlock: Uint8Array;
  /** Most children of a node. */
  readonly mostChildren: number;
}

export function memoryNodes(table: PrefixTable, memory: Memory, width: number): MemoryNodes {
  const { trie } = table;
  const counts = trie.leavesBelow();
  const rows = new Int32Array(trie.nodeCount);
  const pictures = new Int32Array(trie.nodeCount).fill(-1);
  const squares = new Float32Array(trie.nodeCount);
  const isLast = new Uint8Array(trie.nodeCount).fill(1);
  const isBlock = new Uint8Array(trie.nodeCount).fill(1);
  let mostChildren = 0;
  // Children have larger numbers: theirs are known when a parent comes.
  for (let node = trie.nodeCount - 1; node >= 0; node--) {
    const [row, first, children] = [rowFor(table, node), trie.firstChild(node), trie.childCount(node)];
    rows[node] = row;
    mostChildren = Math.max(mostChildren, children);
    for (let i = 1; i < children; i++) if (rows[first + i] !== (rows[first] ?? NaN) + i) isBlock[node] = 0;
    const picture = trie.row(node);
    if (picture !== undefined) pictures[node] = picture;
    else if (counts[node] === 1) pictures[node] = pictures[first] ?? NaN;
    else {
      squares[node] = dot(memory.rows, row * width, memory.rows, row * width, width);
      if (node > 0) isLast[trie.parent(node)] = 0;
    }
  }
  return { logCounts: Float64Array.from(counts, Math.log), rows, pictures, squares, isLast, isBlock, mostChildren };
}

/** Every identifier, in the order of the nodes. */
export interface Identifiers {
  /** Catalogue rows. */
  readonly pictures: Int32Array;
  /** Rows of the memory. */
  readonly rows: Int32Array;
}

export function identifiersOf({ trie }: PrefixTable, { pictures, rows }: MemoryNodes): Identifiers {
  const isSingle = (node: number): boolean => (pictures[node] ?? NaN) >= 0;
  // What is behind a node of one identifier is that identifier again.
  const isFirst = (node: number): boolean => trie.parent(node) === 0 || !isSingle(trie.parent(node));
  const nodes = pictures.map((_, node) => node).filter((node) => node > 0 && isSingle(node) && isFirst(node));
  return { pictures: nodes.map((node) => pictures[node] ?? NaN), rows: nodes.map((node) => rows[node] ?? NaN) };
}
