import { float32, parameter, type Random } from '@neurodex/autograd';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import { contrastiveLoss } from '../dsi/model/contrastive-loss.ts';
import type { TargetArrays } from './batches.ts';
import { SeeBatches, type SeenPicture, type SeenSource } from './see-batches.ts';

/**
 * Batches of pairs: a picture, and another that shares a label with it, or another view of itself where none does. Pictures of a
 * batch are relevant to each other where they share a label, or are the same. Every picture comes first in a pair once before
 * any does again.
 */
export class PairBatches extends SeeBatches {
  readonly objective: ObjectiveGraph;
  private readonly byLabel: ReadonlyMap<string, readonly SeenPicture[]>;

  constructor(source: SeenSource, random: Random) {
    super(source, random);
    const { contrast } = source.config.training;
    this.byLabel = groupedByLabel(source.pictures);
    this.objective = {
      inputs: (B) => ({ shares: float32(B, B) }),
      loss: (parameters, inputs, geometry, options) => {
        const batch = { input: parameter(inputs, 'input'), shares: parameter(inputs, 'shares') };
        return contrastiveLoss(parameters, batch, contrast, geometry, options);
      },
    };
  }

  protected choose(): readonly SeenPicture[] {
    const chosen: SeenPicture[] = [];
    while (chosen.length < this.size) {
      const picture = this.sampler.draw(this.random);
      chosen.push(picture);
      // The last of an odd batch has no partner of its own.
      if (chosen.length < this.size) chosen.push(this.partnerOf(picture));
    }
    return chosen;
  }

  protected allocateTargets(): TargetArrays {
    return { shares: new Float32Array(this.size * this.size) };
  }

  protected writeTargets(chosen: readonly SeenPicture[], targets: TargetArrays): void {
    writeShares(chosen, targets.shares as Float32Array);
  }

  /** Another picture that shares a label, or the picture itself where none does. */
  private partnerOf(picture: SeenPicture): SeenPicture {
    const groups = picture.labels.flatMap((label) => {
      const group = this.byLabel.get(label) ?? [];
      return group.length > 1 ? [group] : [];
    });
    const group = groups[groups.length > 1 ? this.random.integer(groups.length) : 0];
    if (group === undefined) return picture;
    // One less than there are: the last stands in for the picture itself.
    const drawn = group[this.random.integer(group.length - 1)];
    return (drawn === picture ? group.at(-1) : drawn) ?? picture;
  }
}

function groupedByLabel(pictures: readonly SeenPicture[]): Map<string, SeenPicture[]> {
  const groups = new Map<string, SeenPicture[]>();
  for (const picture of pictures) {
    for (const label of picture.labels) {
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [picture]);
      else group.push(picture);
    }
  }
  return groups;
}

/** Which pictures of a batch are targets of each other: float32 [B,B], rows add up to 1 or are 0. */
function writeShares(chosen: readonly SeenPicture[], shares: Float32Array): void {
  const B = chosen.length;
  shares.fill(0);
  const sets = chosen.map(({ labels }) => new Set(labels));
  for (const [i, { row }] of chosen.entries()) {
    const own = sets[i] ?? new Set();
    const alike = chosen.flatMap((other, j) =>
      j !== i && (other.row === row || other.labels.some((label) => own.has(label))) ? [j] : [],
    );
    for (const j of alike) shares[i * B + j] = 1 / alike.length;
  }
}
