import type { Trie } from '../../identifiers/trie.ts';
import { type Memory, rowFor } from '../model/memory.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { childLogProbabilities } from './child-log-probabilities.ts';

/**
 * Probability of each token of an identifier given those before it, among those that the trie allows there.
 * @param tokens of an identifier of the trie
 * @param logits float32 [M,V], of the token at each place
 */
export function decodedProbabilities(trie: Trie, tokens: readonly number[], logits: Float32Array): number[] {
  const { size } = trie.scheme.vocabulary;
  return pathOf(trie, tokens).map((node, i) => {
    let found = 0;
    childLogProbabilities(trie, trie.parent(node), logits, i * size, (child, log) => {
      if (child === node) found = Math.exp(log);
    });
    return found;
  });
}

/**
 * The same where a memory scores the identifiers: the probability of a token is the share of the pictures behind it in those
 * behind the prefix before it.
 * @param tokens of an identifier of the trie
 * @param state unit vector, float32 [D]
 */
export function rememberedProbabilities(
  table: PrefixTable,
  memory: Memory,
  tokens: readonly number[],
  state: Float32Array,
): number[] {
  const { trie } = table;
  const logs = logSums(table, memory, state);
  return pathOf(trie, tokens).map((node) => Math.exp((logs[node] ?? NaN) - (logs[trie.parent(node)] ?? NaN)));
}

/** The nodes that tokens lead to, one after another. */
function pathOf(trie: Trie, tokens: readonly number[]): number[] {
  const nodes: number[] = [];
  for (const token of tokens) {
    const child = trie.child(nodes.at(-1) ?? 0, token);
    if (child === undefined) throw new RangeError(`${tokens.join(' ')} is not in the trie`);
    nodes.push(child);
  }
  return nodes;
}

/** log Σ exp(τ·x·h) over the rows x of all identifiers behind each node, float64 [nodes]. */
function logSums(table: PrefixTable, { rows, temperature }: Memory, state: Float32Array): Float64Array {
  const { trie } = table;
  const logs = new Float64Array(trie.nodeCount).fill(Number.NEGATIVE_INFINITY);
  // Children have larger numbers than their parents: from the leaves up.
  for (let node = trie.nodeCount - 1; node >= 0; node--) {
    if (trie.row(node) !== undefined) {
      const offset = rowFor(table, node) * state.length;
      let product = 0;
      for (let d = 0; d < state.length; d++) product += (state[d] ?? NaN) * (rows[offset + d] ?? NaN);
      logs[node] = temperature * product;
    }
    if (node === 0) break;
    const parent = trie.parent(node);
    const [a, b] = [logs[parent] ?? NaN, logs[node] ?? NaN];
    logs[parent] = Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  }
  return logs;
}
