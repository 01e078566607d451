import type { HostArray, Runtime } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { type Answer, topK } from '../../query/answers.ts';
import type { RowMask } from '../../query/row-mask.ts';
import { MASKED } from '../model/attention-mask.ts';
import type { Geometry } from '../model/geometry.ts';
import { planTop } from '../model/node-plan.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { childLogProbabilities } from './child-log-probabilities.ts';
import { ReachableNodes } from './reachable-nodes.ts';
import { type ScoredBatch, Scorer } from './scorer.ts';

/**
 * Nodes at the top of the trie that are decoded together with the query, whichever of them the beam will hold: the root
 * and its children where the branching is small. A step that follows costs more than a few positions.
 */
const TOP = 24;

interface Hypothesis {
  readonly node: number;
  /** Sum of the log-probabilities on the way. */
  readonly score: number;
  /** Positions of the decoded nodes on the way, its own last once it is decoded. */
  readonly positions: readonly number[];
}

/**
 * Beam search over the trie (Cao et al. 2021, §3.2): at every depth the `width` best prefixes of real identifiers are
 * kept. Finished identifiers stay in the race. Each prefix costs one position: keys and values of the tokens before it are
 * kept from the steps that decoded them.
 */
export class BeamSearch {
  readonly batch: number;
  private readonly table: PrefixTable;
  private readonly scorer: Scorer;
  private readonly width: number;
  private readonly decides: Uint8Array;
  private readonly reaching: ReachableNodes;
  /** Position of each node at the top. */
  private readonly top: ReadonlyMap<number, number>;

  private constructor(table: PrefixTable, scorer: Scorer, width: number, decides: Uint8Array, top: Int32Array) {
    this.table = table;
    this.reaching = new ReachableNodes(table.trie);
    this.scorer = scorer;
    this.width = width;
    this.decides = decides;
    this.batch = scorer.shape.batch;
    this.top = new Map(Array.from(top, (node, position) => [node, position]));
  }

  static async create(
    runtime: Runtime,
    table: PrefixTable,
    geometry: Geometry,
    { batch, width }: { readonly batch: number; readonly width: number },
    parameters?: Float32Array,
  ): Promise<BeamSearch> {
    const { trie } = table;
    const decides = trie.deciding();
    const { plan, depth } = planTop(table, decides, TOP);
    let deepest = 0;
    for (let node = 0; node < trie.nodeCount; node++) if (decides[node]) deepest = trie.depth(node);
    const steps = deepest - depth;
    const cached = plan.tokens.length + (steps - 1) * width;
    const decodeStep = { positionCount: width, cached, steps, perQuery: true };
    const shape = { batch, prefill: plan, ...(steps > 0 ? { decodeStep } : {}) };
    const scorer = await Scorer.create(runtime, geometry, shape, parameters);
    return new BeamSearch(table, scorer, width, decides, plan.nodes);
  }

  /**
   * Up to min(k, width) answers for each of the first `queries` of a batch.
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
    const reachable = among && this.reaching.of(among);
    const scored = await this.scorer.prefill(input, parameters);
    let beams: Hypothesis[][] = Array.from({ length: queries }, () => [
      { node: 0, score: 0, positions: this.withTop([], 0) },
    ]);
    const open = (beam: readonly Hypothesis[]) => beam.some(({ node }) => trie.row(node) === undefined);
    for (let step = 0; beams.some(open); ) {
      if (beams.some((beam) => beam.some((hypothesis) => this.isUndecoded(hypothesis)))) {
        beams = await this.decode(beams, scored, step++, parameters);
      }
      beams = beams.map((beam, query) => this.advance(beam, scored.logits, query, reachable));
    }
    scored.release();
    return beams.map((beam) =>
      topK(
        beam.map(({ node, score }) => ({ row: defined(trie.row(node), 'the row of a leaf'), score })),
        k,
      ),
    );
  }

  release(): Promise<void> {
    return this.scorer.release();
  }

  /** The positions of a path with that of its last node, where the prefill has decoded it. */
  private withTop(positions: readonly number[], node: number): readonly number[] {
    const position = this.top.get(node);
    return position === undefined ? positions : [...positions, position];
  }

  private isUndecoded({ node, positions }: Hypothesis): boolean {
    return this.decides[node] === 1 && positions.length <= this.table.trie.depth(node);
  }

  /** Decodes one position of each hypothesis that has none yet. */
  private async decode(
    beams: readonly (readonly Hypothesis[])[],
    scored: ScoredBatch,
    step: number,
    parameters?: Float32Array,
  ): Promise<Hypothesis[][]> {
    const { batch, width, table } = this;
    const { sequenceLength } = this.scorer.geometry;
    const { prefill, decodeStep } = this.scorer.shape;
    const [first, cached] = [prefill.tokens.length + step * width, decodeStep?.cached ?? 0];
    const row = sequenceLength + cached + width;
    const tokens = new Int32Array(width * batch).fill(table.paddingRow);
    const positions = new Int32Array(width).fill(sequenceLength);
    const mask = ownPositionsOnly(batch * width, width, sequenceLength + cached, sequenceLength);
    const decoded = beams.map((beam, query) =>
      beam.map((hypothesis, i) => {
        if (!this.isUndecoded(hypothesis)) return hypothesis;
        const { node } = hypothesis;
        tokens[i * batch + query] = table.row(node);
        // All open hypotheses have come equally deep.
        positions.fill(sequenceLength + table.trie.depth(node));
        for (const earlier of hypothesis.positions) mask[(query * width + i) * row + sequenceLength + earlier] = 0;
        return { ...hypothesis, positions: [...hypothesis.positions, first + i] };
      }),
    );
    await this.scorer.decodeStep(scored, step, { tokens, positions, mask }, parameters);
    return decoded;
  }

  private advance(
    beam: readonly Hypothesis[],
    logits: Float32Array,
    query: number,
    reachable: Uint8Array | undefined,
  ): Hypothesis[] {
    const { batch, table } = this;
    const { trie } = table;
    const { vocabulary } = this.scorer.geometry;
    const next: { node: number; score: number; from: Hypothesis }[] = [];
    for (const from of beam) {
      const { node, score, positions } = from;
      if (trie.row(node) !== undefined) {
        next.push({ node, score, from });
        continue;
      }
      // An only child is certain: its parent need not have been decoded.
      const offset = ((positions.at(-1) ?? 0) * batch + query) * vocabulary;
      childLogProbabilities(trie, node, logits, offset, (child, log) => {
        // Probabilities are those among all identifiers; prefixes without a picture that is ranked only take no place.
        if (reachable === undefined || reachable[child] === 1) next.push({ node: child, score: score + log, from });
      });
    }
    return next
      .sort((a, b) => b.score - a.score || a.node - b.node)
      .slice(0, this.width)
      .map(({ node, score, from }) =>
        node === from.node ? from : { node, score, positions: this.withTop(from.positions, node) },
      );
  }
}

/** Mask of `rows` positions, `width` of each query: every one attends to the input and to itself. */
function ownPositionsOnly(rows: number, width: number, before: number, input: number): Float32Array {
  const row = before + width;
  const mask = new Float32Array(rows * row);
  for (let i = 0; i < rows; i++) {
    mask.fill(MASKED, i * row + input, (i + 1) * row);
    mask[i * row + before + (i % width)] = 0;
  }
  return mask;
}
