import type { Trie } from '../identifiers/trie.ts';
import type { Answer } from '../query/answers.ts';

/** A node of the trie as a query sees it. */
export interface DecodingNode {
  /** The tokens from the root to here, as an identifier begins. */
  readonly prefix: string;
  /** The token written here; '' at the root and where an identifier ends before others that begin with it. */
  readonly token: string;
  /** Probability that the identifier begins like this: the sum over all identifiers that do. */
  readonly probability: number;
  /** Row and name of the catalogue picture, where an identifier ends. */
  readonly row?: number;
  readonly name?: string;
  /** Best first; those that are not shown are in `rest`. */
  readonly children: readonly DecodingNode[];
  readonly rest: { readonly count: number; readonly probability: number };
}

export interface DecodingTreeOptions {
  /** What a catalogue row is called in the tree. */
  readonly nameOf: (row: number) => string;
  /** Children shown of each node; 3 by default. */
  readonly children?: number;
  /** Nodes less probable than this are not shown, unless they are their parent's best; 0.01 by default. */
  readonly least?: number;
}

/**
 * How a query is decoded, token by token: probabilities of all prefixes, made from those of all identifiers.
 * @param answers all N of the exhaustive search, with log-probabilities
 */
export function decodingTree(
  trie: Trie,
  answers: readonly Answer[],
  { nameOf, children = 3, least = 0.01 }: DecodingTreeOptions,
): DecodingNode {
  const scores = new Map(answers.map(({ row, score }) => [row, score]));
  const probabilities = new Float64Array(trie.nodeCount);
  // Children have larger numbers than their parents: from the leaves up.
  for (let node = trie.nodeCount - 1; node >= 0; node--) {
    const row = trie.row(node);
    if (row !== undefined) probabilities[node] = Math.exp(scores.get(row) ?? Number.NEGATIVE_INFINITY);
    const parent = trie.parent(node);
    if (parent >= 0) probabilities[parent] = (probabilities[parent] ?? NaN) + (probabilities[node] ?? NaN);
  }
  const { eos } = trie.scheme.vocabulary;
  const at = (node: number): number => probabilities[node] ?? NaN;

  const shown = (node: number, token: string): DecodingNode => {
    // A node whose only child is the end of the identifier is that identifier.
    const only = trie.childCount(node) === 1 ? trie.firstChild(node) : -1;
    const row = trie.row(node) ?? (only >= 0 && trie.token(only) === eos ? trie.row(only) : undefined);
    const below = row === undefined ? trie.children(node).sort((a, b) => at(b.node) - at(a.node)) : [];
    const kept = below.slice(0, children).filter((child, i) => i === 0 || at(child.node) >= least);
    const rest = below.slice(kept.length);
    const tokens = trie.prefix(node).filter((token) => token !== eos);
    return {
      prefix: trie.scheme.fromTokens(tokens),
      token,
      probability: at(node),
      ...(row === undefined ? {} : { row, name: nameOf(row) }),
      children: kept.map((child) =>
        shown(child.node, child.token === eos ? '' : trie.scheme.fromTokens([child.token])),
      ),
      rest: { count: rest.length, probability: rest.reduce((sum, child) => sum + at(child.node), 0) },
    };
  };
  return shown(0, '');
}
