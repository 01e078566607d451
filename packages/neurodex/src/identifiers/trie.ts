import { defined, NeurodexError } from '@neurodex/core';
import type { IdentifierScheme } from './scheme.ts';

/**
 * The identifiers of a catalogue as a tree of tokens. Every path from the root spells the tokens of one identifier
 * and EOS, so that `12` and `123` end in different leaves and every leaf is one catalogue picture.
 *
 * Nodes are numbered breadth first, the root is 0: a parent has a smaller number than its children, the children of a
 * node are consecutive and in token order, and one pass over the numbers carries anything from the root to the leaves.
 * A node's token costs a decision only where its parent branches: an only child has probability 1.
 */
export class Trie {
  readonly scheme: IdentifierScheme;
  readonly nodeCount: number;
  /** N */
  readonly leafCount: number;
  /** Depth of the deepest leaf: the tokens of the longest identifier and EOS. */
  readonly maxDepth: number;
  private readonly tokens: Int32Array;
  private readonly parents: Int32Array;
  private readonly depths: Int32Array;
  private readonly firstChildren: Int32Array;
  private readonly childCounts: Int32Array;
  /** Catalogue row of a leaf, −1 at inner nodes. */
  private readonly rows: Int32Array;

  /**
   * @param identifiers N distinct identifiers of the scheme
   * @param rows the catalogue row that each identifier names; its position in `identifiers` by default
   * @throws NeurodexError `index-damaged` when two pictures have one identifier, or one is not of the scheme
   */
  constructor(scheme: IdentifierScheme, identifiers: readonly string[], rows?: ArrayLike<number>) {
    if (rows !== undefined && rows.length !== identifiers.length) {
      throw new RangeError(`${identifiers.length} identifiers, but ${rows.length} rows`);
    }
    const { sequences, longest } = tokenise(scheme, identifiers);
    // Sorted token by token, an inner node is a range of identifiers, and its children are the runs of equal tokens.
    const order = sorted(sequences, identifiers.length, longest, scheme.vocabulary.size);
    const tokenAt = (position: number, depth: number) => sequences[(order[position] ?? NaN) * longest + depth] ?? NaN;

    const tokens = new Numbers([-1]);
    const parents = new Numbers([-1]);
    const depths = new Numbers([0]);
    const firstChildren = new Numbers();
    const childCounts = new Numbers();
    const leaves = new Numbers();
    const starts = new Numbers([0]);
    const ends = new Numbers([identifiers.length]);
    for (let node = 0; node < starts.length; node++) {
      const start = starts.at(node);
      const end = ends.at(node);
      const depth = depths.at(node);
      firstChildren.push(starts.length);
      if (tokens.at(node) === scheme.vocabulary.eos) {
        const entry = order[start] ?? NaN;
        if (end - start > 1) throw duplicate(defined(identifiers[entry], 'the identifier of a leaf'));
        leaves.push(rows === undefined ? entry : (rows[entry] ?? NaN));
        childCounts.push(0);
        continue;
      }
      leaves.push(-1);
      let from = start;
      while (from < end) {
        const token = tokenAt(from, depth);
        let to = from + 1;
        while (to < end && tokenAt(to, depth) === token) to++;
        tokens.push(token);
        parents.push(node);
        depths.push(depth + 1);
        starts.push(from);
        ends.push(to);
        from = to;
      }
      childCounts.push(starts.length - firstChildren.at(node));
    }

    this.scheme = scheme;
    this.nodeCount = tokens.length;
    this.leafCount = identifiers.length;
    this.maxDepth = depths.at(depths.length - 1);
    this.tokens = tokens.values;
    this.parents = parents.values;
    this.depths = depths.values;
    this.firstChildren = firstChildren.values;
    this.childCounts = childCounts.values;
    this.rows = leaves.values;
  }

  /** The token that leads from its parent to this node; −1 for the root. */
  token(node: number): number {
    return this.at(this.tokens, node);
  }

  /** −1 for the root. */
  parent(node: number): number {
    return this.at(this.parents, node);
  }

  /** Tokens on the way from the root, so also the decoder position whose output chooses among the children. */
  depth(node: number): number {
    return this.at(this.depths, node);
  }

  /** The children are the nodes firstChild … firstChild + childCount − 1. */
  firstChild(node: number): number {
    return this.at(this.firstChildren, node);
  }

  childCount(node: number): number {
    return this.at(this.childCounts, node);
  }

  /** In token order; none at a leaf. */
  children(node: number): { readonly token: number; readonly node: number }[] {
    const first = this.firstChild(node);
    return Array.from({ length: this.childCount(node) }, (_, i) => ({ token: this.token(first + i), node: first + i }));
  }

  /** The child that a token leads to, undefined when no identifier goes on like that. */
  child(node: number, token: number): number | undefined {
    let low = this.firstChild(node);
    let high = low + this.childCount(node);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.token(middle);
      if (found === token) return middle;
      if (found < token) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  /** The catalogue row that a leaf names, undefined at an inner node. */
  row(node: number): number | undefined {
    const row = this.at(this.rows, node);
    return row === -1 ? undefined : row;
  }

  /** The tokens from the root to this node, without BOS. */
  prefix(node: number): number[] {
    const prefix = new Array<number>(this.depth(node));
    for (let at = node, i = prefix.length - 1; i >= 0; at = this.parent(at), i--) prefix[i] = this.token(at);
    return prefix;
  }

  /**
   * 1 for every node that branches or lies above one that does: a search has to decode these and no others.
   * @returns uint8 [nodeCount]
   */
  deciding(): Uint8Array {
    const decides = new Uint8Array(this.nodeCount);
    for (let node = this.nodeCount - 1; node >= 0; node--) {
      if ((this.childCounts[node] ?? NaN) >= 2) decides[node] = 1;
      if (decides[node] === 1 && node > 0) decides[this.parents[node] ?? NaN] = 1;
    }
    return decides;
  }

  /** How many leaves each node has below it, 1 for a leaf. @returns int32 [nodeCount] */
  leavesBelow(): Int32Array {
    const counts = new Int32Array(this.nodeCount);
    for (let node = this.nodeCount - 1; node >= 0; node--) {
      if (this.childCounts[node] === 0) counts[node] = 1;
      if (node > 0) {
        const parent = this.parents[node] ?? NaN;
        counts[parent] = (counts[parent] ?? NaN) + (counts[node] ?? NaN);
      }
    }
    return counts;
  }

  /** Nodes with two children or more, breadth first. Only these have anything to decide. */
  branchingNodes(): Int32Array {
    return this.nodesWhere((node) => (this.childCounts[node] ?? NaN) >= 2);
  }

  /** All N leaves, breadth first. */
  leaves(): Int32Array {
    return this.nodesWhere((node) => this.rows[node] !== -1);
  }

  /** The node that a prefix (without BOS) leads to, undefined when no identifier begins like that. */
  walk(prefix: ArrayLike<number>): number | undefined {
    let node: number | undefined = 0;
    for (let i = 0; i < prefix.length && node !== undefined; i++) node = this.child(node, prefix[i] ?? NaN);
    return node;
  }

  /**
   * The catalogue row that an identifier names, undefined when it names none.
   * @throws NeurodexError `index-damaged` when it is not an identifier of the scheme at all
   */
  find(identifier: string): number | undefined {
    const leaf = this.walk([...this.scheme.toTokens(identifier), this.scheme.vocabulary.eos]);
    return leaf === undefined ? undefined : this.row(leaf);
  }

  /**
   * What decoding could choose from at each position of an identifier: 1 for the tokens that the trie allows after
   * the earlier targets, 0 for all others. After EOS only PAD is left.
   * @param targets [M], as `encodeIdentifier` gives them
   * @param mask uint8 [M, V] to write into
   * @throws RangeError when the targets are not in the trie
   */
  allowedTokens(
    targets: ArrayLike<number>,
    mask: Uint8Array = new Uint8Array(targets.length * this.scheme.vocabulary.size),
  ): Uint8Array {
    const { size, pad, eos } = this.scheme.vocabulary;
    if (mask.length !== targets.length * size) {
      throw new RangeError(`a mask of ${mask.length} bytes for [${targets.length}, ${size}]`);
    }
    mask.fill(0);
    let node: number | undefined = 0;
    for (let i = 0; i < targets.length; i++) {
      if (this.tokens[node] === eos) {
        mask[i * size + pad] = 1;
        continue;
      }
      const first = this.firstChild(node);
      const end = first + this.childCount(node);
      for (let child = first; child < end; child++) mask[i * size + this.token(child)] = 1;
      node = this.child(node, targets[i] ?? NaN);
      if (node === undefined) throw new RangeError(`${Array.from(targets).join(' ')} is not in the trie`);
    }
    return mask;
  }

  private at(values: Int32Array, node: number): number {
    const value = values[node];
    if (value === undefined) throw new RangeError(`the trie has ${this.nodeCount} nodes, no node ${node}`);
    return value;
  }

  private nodesWhere(holds: (node: number) => boolean): Int32Array {
    const nodes: number[] = [];
    for (let node = 0; node < this.nodeCount; node++) if (holds(node)) nodes.push(node);
    return Int32Array.from(nodes);
  }
}

/** A list of int32 that grows: those of a catalogue are too many for objects. */
class Numbers {
  length = 0;
  private buffer = new Int32Array(64);

  constructor(first: readonly number[] = []) {
    for (const value of first) this.push(value);
  }

  push(value: number): void {
    if (this.length === this.buffer.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer[this.length++] = value;
  }

  at(index: number): number {
    return this.buffer[index] ?? NaN;
  }

  get values(): Int32Array {
    return this.buffer.slice(0, this.length);
  }
}

/** int32 [N, longest]: tokens, EOS, then −1, one identifier after another. */
function tokenise(scheme: IdentifierScheme, identifiers: readonly string[]) {
  const spelled = identifiers.map((identifier) => scheme.toTokens(identifier));
  const longest = spelled.reduce((length, tokens) => Math.max(length, tokens.length + 1), 0);
  const sequences = new Int32Array(identifiers.length * longest).fill(-1);
  spelled.forEach((tokens, entry) => {
    sequences.set(tokens, entry * longest);
    sequences[entry * longest + tokens.length] = scheme.vocabulary.eos;
  });
  return { sequences, longest };
}

/**
 * The entries in the order of their token sequences: sorted by the last place first, and stably by each place before it, with
 * a count of each of the few tokens there are.
 * @param V tokens are below it
 */
function sorted(sequences: Int32Array, count: number, longest: number, V: number): Int32Array {
  let order = Int32Array.from({ length: count }, (_, entry) => entry);
  let next = new Int32Array(count);
  for (let place = longest - 1; place >= 0; place--) {
    // One further than the token: −1 stands behind EOS.
    const starts = new Int32Array(V + 2);
    for (let at = place; at < sequences.length; at += longest) {
      const token = sequences[at] ?? NaN;
      starts[token + 2] = (starts[token + 2] ?? NaN) + 1;
    }
    for (let bucket = 1; bucket < starts.length; bucket++) {
      starts[bucket] = (starts[bucket] ?? NaN) + (starts[bucket - 1] ?? NaN);
    }
    for (const entry of order) {
      const bucket = (sequences[entry * longest + place] ?? NaN) + 1;
      const to = starts[bucket] ?? NaN;
      next[to] = entry;
      starts[bucket] = to + 1;
    }
    [order, next] = [next, order];
  }
  return order;
}

const duplicate = (identifier: string) =>
  new NeurodexError('index-damaged', `two catalogue pictures have the identifier ${identifier}`, {
    hint: 'rebuild the index',
    details: { identifier },
  });
