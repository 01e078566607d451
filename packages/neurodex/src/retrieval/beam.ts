import type { Trie } from '../identifiers/trie.ts';
import { maskOf, packedLayout, positionsOf } from '../models/dsi/network.ts';
import { best } from './answers.ts';
import { choose } from './choose.ts';
import type { EncodedPictures, Scorer } from './scorer.ts';
import type { Answer } from './system.ts';

interface Hypothesis {
  readonly node: number;
  /** Sum of the log-probabilities on the way. */
  readonly score: number;
}

/**
 * Beam search over the trie (Cao et al. 2021, §3.2): at every depth the `width` best prefixes of real identifiers are
 * kept. Finished identifiers stay in the race. The scorer has width · M slots: one packed identifier per hypothesis.
 */
export class BeamSearch {
  private readonly trie: Trie;
  private readonly scorer: Scorer;
  private readonly width: number;
  private readonly positions: Int32Array;
  private readonly mask: Float32Array;

  constructor(trie: Trie, scorer: Scorer) {
    const { tokens: length, patches } = scorer.geometry;
    this.trie = trie;
    this.scorer = scorer;
    this.width = scorer.slots / length;
    const layout = packedLayout(this.width, length);
    this.positions = positionsOf(layout, patches);
    this.mask = maskOf(layout, patches);
  }

  /** Up to min(k, width) answers for each of the first `queries` encoded pictures. */
  async rank(encoded: EncodedPictures, queries: number, k: number, parameters?: Float32Array): Promise<Answer[][]> {
    const { trie, scorer } = this;
    let beams: Hypothesis[][] = Array.from({ length: queries }, () => [{ node: 0, score: 0 }]);
    const open = (beam: readonly Hypothesis[]) => beam.some(({ node }) => trie.row(node) === undefined);
    while (beams.some(open)) {
      const logits = await scorer.decode(
        encoded,
        { tokens: this.show(beams), positions: this.positions, mask: this.mask },
        parameters,
      );
      beams = beams.map((beam, query) => this.advance(beam, logits, query));
    }
    return beams.map((beam) =>
      best(
        beam.map(({ node, score }) => ({ row: trie.row(node) as number, score })),
        k,
      ),
    );
  }

  /** int32 [width·M, B]: the prefix of each hypothesis behind BOS. */
  private show(beams: readonly (readonly Hypothesis[])[]): Int32Array {
    const { batch, slots, geometry } = this.scorer;
    const { bos, pad } = this.trie.scheme.vocabulary;
    const tokens = new Int32Array(slots * batch).fill(pad);
    beams.forEach((beam, query) => {
      beam.forEach(({ node }, i) => {
        const prefix = this.trie.row(node) === undefined ? this.trie.prefix(node) : [];
        [bos, ...prefix].forEach((token, place) => {
          tokens[(i * geometry.tokens + place) * batch + query] = token;
        });
      });
    });
    return tokens;
  }

  private advance(beam: readonly Hypothesis[], logits: Float32Array, query: number): Hypothesis[] {
    const { batch, geometry } = this.scorer;
    const next: Hypothesis[] = [];
    beam.forEach(({ node, score }, i) => {
      if (this.trie.row(node) !== undefined) {
        next.push({ node, score });
        return;
      }
      const slot = i * geometry.tokens + this.trie.depth(node);
      choose(this.trie, node, logits, (slot * batch + query) * geometry.vocabulary, (child, log) => {
        next.push({ node: child, score: score + log });
      });
    });
    return next.sort((a, b) => b.score - a.score || a.node - b.node).slice(0, this.width);
  }
}
