import type { Trie } from '../../identifiers/trie.ts';
import { isAmong, type RowMask } from '../../query/row-mask.ts';

/** Behind which nodes of a trie there is a picture that is ranked, uint8 [nodes]; kept for as long as somebody has the mask. */
export class ReachableNodes {
  private readonly trie: Trie;
  private readonly known = new WeakMap<RowMask, Uint8Array>();

  constructor(trie: Trie) {
    this.trie = trie;
  }

  of(among: RowMask): Uint8Array {
    const known = this.known.get(among) ?? this.make(among);
    this.known.set(among, known);
    return known;
  }

  private make(among: RowMask): Uint8Array {
    const trie = this.trie;
    const reachable = new Uint8Array(trie.nodeCount);
    // Children have larger numbers than their parents: from the leaves up.
    for (let node = trie.nodeCount - 1; node >= 0; node--) {
      const row = trie.row(node);
      if (row !== undefined && isAmong(among, row)) reachable[node] = 1;
      if (reachable[node] === 1 && node > 0) reachable[trie.parent(node)] = 1;
    }
    return reachable;
  }
}
