import type { Runtime } from '@neurodex/autograd';
import type { Trie } from '../../identifiers/trie.ts';
import { topK } from '../../retrieval/answers.ts';
import type { Answer } from '../../retrieval/system.ts';
import type { Geometry } from '../model/geometry.ts';
import { layoutMask, positionsOf } from '../model/network.ts';
import { type NodePlan, planNodes } from '../model/node-plan.ts';
import { childLogProbabilities } from './child-log-probabilities.ts';
import { Scorer, type StepInputs } from './scorer.ts';

/**
 * Exhaustive scoring: every branching node of the trie is decoded, and every leaf gets its log-probability. The first plan
 * of nodes goes through the network together with the picture; what does not fit into it follows plan by plan.
 */
export class ExactSearch {
  readonly batch: number;
  private readonly trie: Trie;
  private readonly scorer: Scorer;
  /** The first is decoded with the picture. */
  private readonly plans: readonly NodePlan[];
  /** Of all plans but the first. */
  private readonly slots: readonly StepInputs[];

  private constructor(trie: Trie, scorer: Scorer, plans: readonly NodePlan[]) {
    this.trie = trie;
    this.scorer = scorer;
    this.plans = plans;
    this.batch = scorer.shape.batch;
    const { sequenceLength: patches } = scorer.geometry;
    this.slots = plans.slice(1).map(({ tokens, layout }) => ({
      tokens,
      positions: positionsOf(layout, patches),
      mask: layoutMask(layout, patches),
    }));
  }

  /** @param slots nodes decoded at once */
  static async create(
    runtime: Runtime,
    trie: Trie,
    geometry: Geometry,
    { batch, slots }: { readonly batch: number; readonly slots: number },
    parameters?: Float32Array,
  ): Promise<ExactSearch> {
    const planned = planNodes(trie, slots);
    // A single picture leaves nothing to decide; its graph still has to be one.
    const plans = planned.length > 0 ? planned : [rootAlone(trie)];
    const [start] = plans as [NodePlan, ...NodePlan[]];
    const further = plans.length > 1 ? { further: { slots, seen: 0, kept: 0, ownSlots: false } } : {};
    return new ExactSearch(
      trie,
      await Scorer.create(runtime, geometry, { batch, prefill: start, ...further }, parameters),
      plans,
    );
  }

  /**
   * The catalogue for each of the first `queries` pictures, k answers each.
   * @param pictures as `shownType` has them
   */
  async rank(
    pictures: Uint8Array | Float32Array,
    queries: number,
    k: number,
    parameters?: Float32Array,
  ): Promise<Answer[][]> {
    const { trie } = this;
    // Log-probability of each node given its parent: 0 where there is nothing to decide.
    const conditional = Array.from({ length: queries }, () => new Float64Array(trie.nodeCount));
    const scored = await this.scorer.prefill(pictures, parameters);
    this.read(this.plans[0] as NodePlan, scored.logits, conditional);
    for (const [i, slots] of this.slots.entries()) {
      this.read(this.plans[i + 1] as NodePlan, await this.scorer.decodeStep(scored, i, slots, parameters), conditional);
    }
    scored.release();
    return conditional.map((logs) => {
      const answers: Answer[] = [];
      // Parents have smaller numbers: one pass adds up every path.
      for (let node = 1; node < trie.nodeCount; node++) {
        logs[node] = (logs[node] as number) + (logs[trie.parent(node)] as number);
        const row = trie.row(node);
        if (row !== undefined) answers.push({ row, score: logs[node] as number });
      }
      return topK(answers, k);
    });
  }

  release(): Promise<void> {
    return this.scorer.release();
  }

  private read(plan: NodePlan, logits: Float32Array, conditional: readonly Float64Array[]): void {
    const vocabulary = this.scorer.geometry.vocabulary;
    conditional.forEach((logs, query) => {
      for (const slot of plan.read) {
        const offset = (slot * this.batch + query) * vocabulary;
        childLogProbabilities(this.trie, plan.nodes[slot] as number, logits, offset, (child, log) => {
          logs[child] = log;
        });
      }
    });
  }
}

const rootAlone = (trie: Trie): NodePlan => ({
  nodes: Int32Array.of(0),
  tokens: Int32Array.of(trie.embeddingRow(0)),
  layout: { places: [0], attends: () => true },
  read: [],
});
