import type { Runtime } from '@neurodex/autograd';
import type { Trie } from '../../identifiers/trie.ts';
import { topK } from '../../retrieval/answers.ts';
import type { Answer } from '../../retrieval/system.ts';
import type { Geometry } from '../model/geometry.ts';
import { MASKED } from '../model/network.ts';
import { planTop } from '../model/node-plan.ts';
import { childLogProbabilities } from './child-log-probabilities.ts';
import { type ScoredPictures, Scorer } from './scorer.ts';

/**
 * Nodes at the top of the trie that are decoded together with the picture, whichever of them the beam will hold: the root
 * and its children where these are digits. A run that follows costs more than a few slots.
 */
const TOP = 24;

interface Hypothesis {
  readonly node: number;
  /** Sum of the log-probabilities on the way. */
  readonly score: number;
  /** Slots of the decoded nodes on the way, its own last once it is decoded. */
  readonly slots: readonly number[];
}

/**
 * Beam search over the trie (Cao et al. 2021, §3.2): at every depth the `width` best prefixes of real identifiers are
 * kept. Finished identifiers stay in the race. Each prefix costs one token slot: keys and values of the tokens before it
 * are kept from the runs that decoded them.
 */
export class BeamSearch {
  readonly batch: number;
  private readonly trie: Trie;
  private readonly scorer: Scorer;
  private readonly width: number;
  private readonly decides: Uint8Array;
  /** Slot of each node at the top. */
  private readonly top: ReadonlyMap<number, number>;

  private constructor(trie: Trie, scorer: Scorer, width: number, decides: Uint8Array, top: Int32Array) {
    this.trie = trie;
    this.scorer = scorer;
    this.width = width;
    this.decides = decides;
    this.batch = scorer.shape.batch;
    this.top = new Map(Array.from(top, (node, slot) => [node, slot]));
  }

  static async create(
    runtime: Runtime,
    trie: Trie,
    geometry: Geometry,
    { batch, width }: { readonly batch: number; readonly width: number },
    parameters?: Float32Array,
  ): Promise<BeamSearch> {
    const decides = trie.deciding();
    const { plan, depth } = planTop(trie, decides, TOP);
    let deepest = 0;
    for (let node = 0; node < trie.nodeCount; node++) if (decides[node]) deepest = trie.depth(node);
    const runs = deepest - depth;
    const seen = plan.tokens.length + (runs - 1) * width;
    const further = runs > 0 ? { further: { slots: width, seen, kept: runs, ownSlots: true } } : {};
    const scorer = await Scorer.create(runtime, geometry, { batch, prefill: plan, ...further }, parameters);
    return new BeamSearch(trie, scorer, width, decides, plan.nodes);
  }

  /**
   * Up to min(k, width) answers for each of the first `queries` pictures.
   * @param pictures as `shownType` has them
   */
  async rank(
    pictures: Uint8Array | Float32Array,
    queries: number,
    k: number,
    parameters?: Float32Array,
  ): Promise<Answer[][]> {
    const { trie } = this;
    const scored = await this.scorer.prefill(pictures, parameters);
    let beams: Hypothesis[][] = Array.from({ length: queries }, () => [
      { node: 0, score: 0, slots: this.slotsOf(0, []) },
    ]);
    const open = (beam: readonly Hypothesis[]) => beam.some(({ node }) => trie.row(node) === undefined);
    for (let run = 0; beams.some(open); ) {
      if (beams.some((beam) => beam.some((hypothesis) => this.isUndecoded(hypothesis)))) {
        beams = await this.decode(beams, scored, run++, parameters);
      }
      beams = beams.map((beam, query) => this.advance(beam, scored.logits, query));
    }
    scored.release();
    return beams.map((beam) =>
      topK(
        beam.map(({ node, score }) => ({ row: trie.row(node) as number, score })),
        k,
      ),
    );
  }

  release(): Promise<void> {
    return this.scorer.release();
  }

  private slotsOf(node: number, above: readonly number[]): readonly number[] {
    const slot = this.top.get(node);
    return slot === undefined ? above : [...above, slot];
  }

  private isUndecoded({ node, slots }: Hypothesis): boolean {
    return this.decides[node] === 1 && slots.length <= this.trie.depth(node);
  }

  /** Decodes one slot of each hypothesis that has none yet. */
  private async decode(
    beams: readonly (readonly Hypothesis[])[],
    scored: ScoredPictures,
    run: number,
    parameters?: Float32Array,
  ): Promise<Hypothesis[][]> {
    const { batch, width, trie } = this;
    const { sequenceLength: patches } = this.scorer.geometry;
    const { prefill: start, decodeStep: further } = this.scorer.shape;
    const [first, seen] = [start.tokens.length + run * width, further?.cached ?? 0];
    const row = patches + seen + width;
    const tokens = new Int32Array(width * batch).fill(trie.paddingRow);
    const positions = new Int32Array(width).fill(patches);
    // Every slot sees the patches and itself, a hypothesis also the slots on its way.
    const mask = new Float32Array(batch * width * row);
    for (let i = 0; i < batch * width; i++) {
      mask.fill(MASKED, i * row + patches, (i + 1) * row);
      mask[i * row + patches + seen + (i % width)] = 0;
    }
    const decoded = beams.map((beam, query) =>
      beam.map((hypothesis, i) => {
        if (!this.isUndecoded(hypothesis)) return hypothesis;
        const { node, slots } = hypothesis;
        tokens[i * batch + query] = trie.embeddingRow(node);
        // All open hypotheses have come equally deep.
        positions.fill(patches + trie.depth(node));
        for (const slot of slots) mask[(query * width + i) * row + patches + slot] = 0;
        return { ...hypothesis, slots: [...slots, first + i] };
      }),
    );
    await this.scorer.decodeStep(scored, run, { tokens, positions, mask }, parameters);
    return decoded;
  }

  private advance(beam: readonly Hypothesis[], logits: Float32Array, query: number): Hypothesis[] {
    const { batch, trie } = this;
    const { vocabulary } = this.scorer.geometry;
    const next: { node: number; score: number; from: Hypothesis }[] = [];
    for (const from of beam) {
      const { node, score, slots } = from;
      if (trie.row(node) !== undefined) {
        next.push({ node, score, from });
        continue;
      }
      // An only child is certain: its parent need not have been decoded.
      const offset = ((slots.at(-1) ?? 0) * batch + query) * vocabulary;
      childLogProbabilities(trie, node, logits, offset, (child, log) => {
        next.push({ node: child, score: score + log, from });
      });
    }
    return next
      .sort((a, b) => b.score - a.score || a.node - b.node)
      .slice(0, this.width)
      .map(({ node, score, from }) =>
        node === from.node ? from : { node, score, slots: this.slotsOf(node, from.slots) },
      );
  }
}
