import { float32, parameter } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { planNodes, positionsFor } from '../dsi/model/node-plan.ts';
import { setLoss } from '../dsi/model/set-loss.ts';
import { type IdentifierTable, type Objective, unknownRow } from './objective.ts';

/** All relevant identifiers at once, at every branching node of the trie. */
export function setObjective({ table, identifiers }: IdentifierTable): Objective {
  const { trie } = table;
  const { scheme } = trie;
  const { size: V, eos } = scheme.vocabulary;
  const plan = defined(planNodes(table, positionsFor(trie, trie.nodeCount))[0], 'a decision in the trie');
  const T = plan.tokens.length;
  const positions = new Map(Array.from(plan.nodes, (node, position) => [node, position]));
  const allowed = new Uint8Array(T * V);
  plan.nodes.forEach((node, position) => {
    for (const { token } of trie.children(node)) allowed[position * V + token] = 1;
  });
  const decisions = new Map([...identifiers].map(([row, identifier]) => [row, decisionsOf(identifier)]));
  /** Places of a query's shares that an identifier adds to. */
  function decisionsOf(identifier: string): number[] {
    const path: number[] = [];
    let node: number | undefined = 0;
    for (const token of [...scheme.toTokens(identifier), eos]) {
      if (node === undefined) throw new RangeError(`${identifier} is not in the trie`);
      if (trie.childCount(node) > 1) path.push(defined(positions.get(node), 'the position of a node') * V + token);
      node = trie.child(node, token);
    }
    return path;
  }
  return {
    inputs: (B) => ({ shares: float32(T, B, V) }),
    loss: (parameters, inputs, geometry, options) => {
      const batch = { input: parameter(inputs, 'input'), shares: parameter(inputs, 'shares') };
      return setLoss(parameters, batch, plan, allowed, geometry, options);
    },
    allocate: (B) => ({ shares: new Float32Array(T * B * V) }),
    clear: ({ shares }) => void (shares as Float32Array).fill(0),
    setTarget({ relevant, self }, arrays, b) {
      const shares = arrays.shares as Float32Array;
      const B = shares.length / (T * V);
      const other = self === undefined ? 1 / relevant.length : (1 - self.weight) / (relevant.length - 1);
      for (const row of relevant) {
        const share = row === self?.row ? self.weight : other;
        for (const at of decisions.get(row) ?? unknownRow(row)) {
          const token = at % V;
          const place = (((at - token) / V) * B + b) * V + token;
          shares[place] = (shares[place] ?? 0) + share;
        }
      }
    },
  };
}
