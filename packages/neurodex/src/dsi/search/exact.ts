import type { HostArray, Runtime } from '@neurodex/autograd';
import { type Answer, topK } from '../../query/answers.ts';
import { isAmong, type RowMask } from '../../query/row-mask.ts';
import { layoutMask, positionsOf } from '../model/attention-mask.ts';
import type { Geometry } from '../model/geometry.ts';
import { type NodePlan, planNodes } from '../model/node-plan.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { childLogProbabilities } from './child-log-probabilities.ts';
import { Scorer, type StepInputs } from './scorer.ts';

/**
 * Exhaustive scoring: every branching node of the trie is decoded, and every leaf gets its log-probability. The first plan
 * of nodes goes through the network together with the query; what does not fit into it follows plan by plan.
 */
export class ExactSearch {
  readonly batch: number;
  private readonly table: PrefixTable;
  private readonly scorer: Scorer;
  private readonly first: NodePlan;
  private readonly further: readonly { readonly plan: NodePlan; readonly inputs: StepInputs }[];

  private constructor(table: PrefixTable, scorer: Scorer, first: NodePlan, further: readonly NodePlan[]) {
    this.table = table;
    this.scorer = scorer;
    this.first = first;
    this.batch = scorer.shape.batch;
    const { sequenceLength } = scorer.geometry;
    this.further = further.map((plan) => ({
      plan,
      inputs: {
        tokens: plan.tokens,
        positions: positionsOf(plan.layout, sequenceLength),
        mask: layoutMask(plan.layout, sequenceLength),
      },
    }));
  }

  /** @param positionCount nodes decoded at once */
  static async create(
    runtime: Runtime,
    table: PrefixTable,
    geometry: Geometry,
    { batch, positionCount }: { readonly batch: number; readonly positionCount: number },
    parameters?: Float32Array,
  ): Promise<ExactSearch> {
    // A single picture leaves nothing to decide; its graph still has to be one.
    const [first = rootAlone(table), ...further] = planNodes(table, positionCount);
    const steps = { positionCount, cached: 0, steps: 0, perQuery: false };
    const shape = { batch, prefill: first, ...(further.length > 0 ? { decodeStep: steps } : {}) };
    return new ExactSearch(table, await Scorer.create(runtime, geometry, shape, parameters), first, further);
  }

  /**
   * The catalogue for each of the first `queries` of a batch, k answers each.
   * @param input as `ModelInput.type` @param among the pictures that are ranked, all by default
   */
  async rank(
    input: HostArray,
    queries: number,
    k: number,
    parameters?: Float32Array,
    among?: RowMask,
  ): Promise<Answer[][]> {
    const { trie } = this.table;
    // Log-probability of each node given its parent: 0 where there is nothing to decide.
    const conditional = Array.from({ length: queries }, () => new Float64Array(trie.nodeCount));
    const scored = await this.scorer.prefill(input, parameters);
    this.read(this.first, scored.logits, conditional);
    for (const [step, { plan, inputs }] of this.further.entries()) {
      this.read(plan, await this.scorer.decodeStep(scored, step, inputs, parameters), conditional);
    }
    scored.release();
    return conditional.map((logs) => {
      const answers: Answer[] = [];
      // Parents have smaller numbers: one pass adds up every path.
      for (let node = 1; node < trie.nodeCount; node++) {
        const log = (logs[node] ?? NaN) + (logs[trie.parent(node)] ?? NaN);
        logs[node] = log;
        const row = trie.row(node);
        if (row !== undefined && isAmong(among, row)) answers.push({ row, score: log });
      }
      return topK(answers, k);
    });
  }

  release(): Promise<void> {
    return this.scorer.release();
  }

  private read(plan: NodePlan, logits: Float32Array, conditional: readonly Float64Array[]): void {
    const { vocabulary } = this.scorer.geometry;
    const { trie } = this.table;
    for (const [query, logs] of conditional.entries()) {
      for (const position of plan.read) {
        const offset = (position * this.batch + query) * vocabulary;
        childLogProbabilities(trie, plan.nodes[position] ?? NaN, logits, offset, (child, log) => {
          logs[child] = log;
        });
      }
    }
  }
}

const rootAlone = (table: PrefixTable): NodePlan => ({
  nodes: Int32Array.of(0),
  tokens: Int32Array.of(table.row(0)),
  layout: { places: [0], attends: () => true },
  read: [],
});
