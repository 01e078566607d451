import type { Trie } from '../../identifiers/trie.ts';

/**
 * Log-probabilities of a node's children: the softmax over the tokens that the trie allows there, so that those of all
 * identifiers add up to 1. An only child is certain.
 * @param logits float32 [V] from `offset` on
 * @param visit child and its log-probability given the node
 */
export function childLogProbabilities(
  trie: Trie,
  node: number,
  logits: Float32Array,
  offset: number,
  visit: (child: number, log: number) => void,
): void {
  const first = trie.firstChild(node);
  const count = trie.childCount(node);
  if (count === 1) {
    visit(first, 0);
    return;
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (let child = first; child < first + count; child++) {
    largest = Math.max(largest, logits[offset + trie.token(child)] ?? NaN);
  }
  let total = 0;
  for (let child = first; child < first + count; child++) {
    total += Math.exp((logits[offset + trie.token(child)] ?? NaN) - largest);
  }
  const norm = largest + Math.log(total);
  for (let child = first; child < first + count; child++) {
    visit(child, (logits[offset + trie.token(child)] ?? NaN) - norm);
  }
}
