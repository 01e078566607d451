import type { Trie } from '../identifiers/trie.ts';
import { maskOf, positionsOf } from '../models/dsi/network.ts';
import { type NodePlan, planNodes } from '../models/dsi/node-plan.ts';
import { best } from './answers.ts';
import { choose } from './choose.ts';
import type { EncodedPictures, Scorer, TokenSlots } from './scorer.ts';
import type { Answer } from './system.ts';

interface PreparedPlan {
  readonly plan: NodePlan;
  readonly slots: TokenSlots;
}

/** Exhaustive scoring: every branching node of the trie is decoded, and every leaf gets its log-probability. */
export class ExactSearch {
  private readonly trie: Trie;
  private readonly scorer: Scorer;
  private readonly plans: readonly PreparedPlan[];

  constructor(trie: Trie, scorer: Scorer) {
    this.trie = trie;
    this.scorer = scorer;
    const { patches } = scorer.geometry;
    this.plans = planNodes(trie, scorer.slots).map((plan) => ({
      plan,
      slots: {
        tokens: Int32Array.from(
          { length: scorer.slots * scorer.batch },
          (_, i) => plan.tokens[Math.floor(i / scorer.batch)] as number,
        ),
        positions: positionsOf(plan.layout, patches),
        mask: maskOf(plan.layout, patches),
      },
    }));
  }

  /** The catalogue for each of the first `queries` encoded pictures, k answers each. */
  async rank(encoded: EncodedPictures, queries: number, k: number, parameters?: Float32Array): Promise<Answer[][]> {
    const trie = this.trie;
    const scorer = this.scorer;
    const vocabulary = scorer.geometry.vocabulary;
    // Log-probability of each node given its parent: 0 where there is nothing to decide.
    const conditional = Array.from({ length: queries }, () => new Float64Array(trie.nodeCount));
    for (const { plan, slots } of this.plans) {
      const logits = await scorer.decode(encoded, slots, parameters);
      conditional.forEach((logs, query) => {
        for (const slot of plan.read) {
          choose(trie, plan.nodes[slot] as number, logits, (slot * scorer.batch + query) * vocabulary, (child, log) => {
            logs[child] = log;
          });
        }
      });
    }
    return conditional.map((logs) => {
      const answers: Answer[] = [];
      // Parents have smaller numbers: one pass adds up every path.
      for (let node = 1; node < trie.nodeCount; node++) {
        logs[node] = (logs[node] as number) + (logs[trie.parent(node)] as number);
        const row = trie.row(node);
        if (row !== undefined) answers.push({ row, score: logs[node] as number });
      }
      return best(answers, k);
    });
  }
}
