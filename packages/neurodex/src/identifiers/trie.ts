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

    const nodeCount = 1 + countPrefixes(sequences, order, longest, scheme.vocabulary.eos);
    const list = (): Int32Array => new Int32Array(nodeCount);
    const [tokens, parents, depths, firstChildren, childCounts, leaves] = [
      list(),
      list(),
      list(),
      list(),
      list(),
      list(),
    ];
    // The identifiers that go through a node, in that order.
    const [starts, ends] = [list(), list()];
    tokens[0] = -1;
    parents[0] = -1;
    ends[0] = identifiers.length;
    for (let node = 0, next = 1; node < nodeCount; node++) {
      const end = ends[node] ?? NaN;
      const depth = depths[node] ?? NaN;
      let from = starts[node] ?? NaN;
      firstChildren[node] = next;
      if (tokens[node] === scheme.vocabulary.eos) {
        const entry = order[from] ?? NaN;
        if (end - from > 1) throw duplicate(defined(identifiers[entry], 'the identifier of a leaf'));
        leaves[node] = rows === undefined ? entry : (rows[entry] ?? NaN);
        continue;
      }
      leaves[node] = -1;
      const first = next;
      while (from < end) {
        const token = tokenAt(from, depth);
        let to = from + 1;
        while (to < end && tokenAt(to, depth) === token) to++;
        tokens[next] = token;
        parents[next] = node;
        depths[next] = depth + 1;
        starts[next] = from;
        ends[next] = to;
        next++;
        from = to;
      }
      childCounts[node] = next - first;
    }

    this.scheme = scheme;
    this.nodeCount = nodeCount;
    this.leafCount = identifiers.length;
    this.maxDepth = depths[nodeCount - 1] ?? NaN;
    this.tokens = tokens;
    this.parents = parents;
    this.depths = depths;
    this.firstChildren = firstChildren;
    this.childCounts = childCounts;
    this.rows = leaves;
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
}

/** int32 [N, longest]: tokens, EOS, then −1, one identifier after another. */
function tokenise(scheme: IdentifierScheme, identifiers: readonly string[]) {
  // One after another first: the list of each is then dropped before the next one is made.
  const spelled = new Numbers();
  let longest = 0;
  for (const identifier of identifiers) {
    const start = spelled.length;
    for (const token of scheme.toTokens(identifier)) spelled.push(token);
    spelled.push(scheme.vocabulary.eos);
    longest = Math.max(longest, spelled.length - start);
  }
  const sequences = new Int32Array(identifiers.length * longest).fill(-1);
  for (let entry = 0, from = 0; entry < identifiers.length; entry++) {
    for (let at = entry * longest; ; at++) {
      const token = spelled.at(from++);
      sequences[at] = token;
      if (token === scheme.vocabulary.eos) break;
    }
  }
  return { sequences, longest };
}

/** How many different beginnings the sequences have, the empty one left out. @param order sorts them */
function countPrefixes(sequences: Int32Array, order: Int32Array, longest: number, eos: number): number {
  let count = 0;
  let before = -1;
  for (let position = 0; position < order.length; position++) {
    const at = (order[position] ?? NaN) * longest;
    let same = 0;
    if (before >= 0) while (same < longest && sequences[at + same] === sequences[before + same]) same++;
    // Equal ones are refused when their leaf is made.
    let length = same;
    while (length < longest && sequences[at + length] !== eos) length++;
    if (same < longest) count += Math.max(0, length + 1 - same);
    before = at;
  }
  return count;
}

/**
 * The entries in the order of their token sequences: sorted by the last place first, and stably by each place before it, with
 * a count of each of the few tokens there are.
 * @param V tokens are below it
 */
function sorted(sequences: Int32Array, count: number, longest: number, V: number): Int32Array {
  let order = new Int32Array(count);
  for (let entry = 0; entry < count; entry++) order[entry] = entry;
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
    for (let position = 0; position < count; position++) {
      const entry = order[position] ?? NaN;
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
