import type { Embedding } from '../../config.ts';
import type { Trie } from '../../identifiers/trie.ts';

/**
 * What has a row: tokens; the prefixes behind which something is decided; or, for a memory, also every prefix that such a
 * decision leads to.
 */
export type RowKind = Embedding | 'memory';

/**
 * The prefixes that have rows, as a model file holds them: int32 [rows] each. Row 0 is padding's and stands for no prefix.
 * A prefix is the one of its parent's row, then its token; the empty prefix has no parent.
 */
export interface StoredPrefixes {
  /** Row of the prefix that is one token shorter; −1 for padding and for the empty prefix. */
  readonly parents: Int32Array;
  /** Last token; −1 for padding, BOS for the empty prefix. */
  readonly tokens: Int32Array;
}

const PADDING = 0;

/**
 * Which row of the network's tables stands for a prefix of identifiers: its last token's, or one of its own. A prefix keeps
 * its row for life: identifiers that are added append rows and renumber none.
 */
export class PrefixTable {
  readonly trie: Trie;
  /** Rows of the tables: V, or one for each prefix and padding. */
  readonly size: number;
  /** The row of a position that stands for no prefix. */
  readonly paddingRow: number;
  /** What a model file keeps; undefined where rows are tokens. */
  readonly stored: StoredPrefixes | undefined;
  /** By trie node. */
  private readonly rows: Int32Array;

  private constructor(trie: Trie, rows: Int32Array, size: number, stored: StoredPrefixes | undefined) {
    this.trie = trie;
    this.rows = rows;
    this.size = size;
    this.stored = stored;
    this.paddingRow = stored === undefined ? trie.scheme.vocabulary.pad : PADDING;
  }

  /** For a network that is to be trained: rows breadth first. */
  static create(trie: Trie, kind: RowKind): PrefixTable {
    return kind === 'token' ? PrefixTable.ofTokens(trie) : PrefixTable.extend(trie, NO_PREFIXES, kind);
  }

  /**
   * Of a trained network.
   * @param stored undefined where rows are tokens
   * @throws RangeError when a prefix behind which something is decided has no row
   */
  static restore(
    trie: Trie,
    stored: StoredPrefixes | undefined,
    kind: Exclude<RowKind, 'token'> = 'prefix',
  ): PrefixTable {
    if (stored === undefined) return PrefixTable.ofTokens(trie);
    const table = PrefixTable.extend(trie, stored, kind);
    if (table.size > stored.tokens.length) throw new RangeError('it was trained on other identifiers');
    return table;
  }

  /** The rows of `stored`, and behind them new ones for the prefixes of the trie that need one and have none. */
  static extend(trie: Trie, stored: StoredPrefixes, kind: Exclude<RowKind, 'token'> = 'prefix'): PrefixTable {
    const { bos, size: V } = trie.scheme.vocabulary;
    const parents = [...stored.parents];
    const tokens = [...stored.tokens];
    const find = finder(stored, V);
    const needsRow = kind === 'memory' ? comparable(trie) : trie.deciding();
    const rows = new Int32Array(trie.nodeCount).fill(PADDING);
    // Parents have smaller numbers, and decide where a child does: theirs are known when a child comes.
    for (let node = 0; node < trie.nodeCount; node++) {
      if (needsRow[node] !== 1) continue;
      const parent = node === 0 ? -1 : (rows[trie.parent(node)] ?? NaN);
      const token = node === 0 ? bos : trie.token(node);
      let row = find(parent, token);
      if (row === undefined) {
        row = tokens.length;
        parents.push(parent);
        tokens.push(token);
      }
      rows[node] = row;
    }
    return new PrefixTable(trie, rows, tokens.length, {
      parents: Int32Array.from(parents),
      tokens: Int32Array.from(tokens),
    });
  }

  private static ofTokens(trie: Trie): PrefixTable {
    const { bos, size } = trie.scheme.vocabulary;
    const rows = Int32Array.from({ length: trie.nodeCount }, (_, node) => (node === 0 ? bos : trie.token(node)));
    return new PrefixTable(trie, rows, size, undefined);
  }

  /** The row of the prefix that ends at a node; padding's where nothing is decided behind it. */
  row(node: number): number {
    const row = this.rows[node];
    if (row === undefined) throw new RangeError(`the trie has ${this.rows.length} nodes, no node ${node}`);
    return row;
  }

  /**
   * At each position of an identifier the row of the prefix before its target; padding's after EOS.
   * @param targets [M], as `encodeIdentifier` gives them
   * @throws RangeError when the targets are not in the trie
   */
  rowsBefore(targets: ArrayLike<number>): Int32Array {
    const { trie } = this;
    const { eos } = trie.scheme.vocabulary;
    let node = 0;
    return Int32Array.from({ length: targets.length }, (_, place) => {
      if (place === 0) return this.row(0);
      // Behind EOS stands nothing, and it counts nowhere.
      if (trie.token(node) === eos) return this.paddingRow;
      const child = trie.child(node, targets[place - 1] ?? eos);
      if (child === undefined) throw new RangeError(`${Array.from(targets).join(' ')} is not in the trie`);
      node = child;
      return this.row(node);
    });
  }
}

/** Finds the row of a prefix by its parent's row and its last token. Rows are asked for in the order they were made in, as a rule. */
function finder({ parents, tokens }: StoredPrefixes, V: number): (parent: number, token: number) => number | undefined {
  const keyOf = (parent: number, token: number): number => (parent + 1) * V + token;
  let next = 1;
  let known: Map<number, number> | undefined;
  return (parent, token) => {
    if (parents[next] === parent && tokens[next] === token) return next++;
    if (known === undefined) {
      known = new Map();
      for (let row = 1; row < tokens.length; row++) known.set(keyOf(parents[row] ?? NaN, tokens[row] ?? NaN), row);
    }
    return known.get(keyOf(parent, token));
  };
}

/** The nodes that a memory compares a query with: the root, and all below nodes that have several leaves. */
function comparable(trie: Trie): Uint8Array {
  const leaves = trie.leavesBelow();
  const compared = new Uint8Array(trie.nodeCount);
  compared[0] = 1;
  for (let node = 1; node < trie.nodeCount; node++) if ((leaves[trie.parent(node)] ?? NaN) > 1) compared[node] = 1;
  return compared;
}

const NO_PREFIXES: StoredPrefixes = { parents: Int32Array.of(-1), tokens: Int32Array.of(-1) };
