import { allocate, elementCount, float32, parameter, Random } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import { contrastiveLoss } from '../dsi/model/contrastive-loss.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { modelInput } from '../query/model-inputs.ts';
import { type BatchArrays, type Batches, type BatchState, samplerState } from './batches.ts';
import { EpochSampler } from './epoch-sampler.ts';
import type { AugmentedView, InputSource } from './load-batch.ts';
import type { TrainingInput } from './training-input.ts';

/** A picture that the network learns to see with. */
export interface SeenPicture {
  readonly row: number;
  readonly labels: readonly string[];
}

export interface PairSource {
  readonly geometry: Geometry;
  readonly input: TrainingInput;
  readonly config: Pick<Config, 'training' | 'augmentation'>;
  readonly pictures: readonly SeenPicture[];
}

/**
 * Batches of pairs: a picture, and another that shares a label with it, or another view of itself where none does. Pictures of a
 * batch are relevant to each other where they share a label, or are the same. Every picture comes first in a pair once before
 * any does again.
 */
export class PairBatches implements Batches {
  readonly objective: ObjectiveGraph;
  readonly size: number;
  private readonly source: PairSource;
  private readonly byLabel: ReadonlyMap<string, readonly SeenPicture[]>;
  private readonly first: EpochSampler<SeenPicture>;
  private random: Random;

  constructor(source: PairSource, random: Random) {
    const { contrast, batchSize } = source.config.training;
    this.source = source;
    this.random = random;
    // Pairs: an odd batch has one picture more, without a partner of its own.
    this.size = batchSize;
    this.first = new EpochSampler(source.pictures);
    this.byLabel = groupedByLabel(source.pictures);
    this.objective = {
      inputs: (B) => ({ shares: float32(B, B) }),
      loss: (parameters, inputs, geometry, options) => {
        const batch = { input: parameter(inputs, 'input'), shares: parameter(inputs, 'shares') };
        return contrastiveLoss(parameters, batch, contrast, geometry, options);
      },
    };
  }

  get augments(): boolean {
    return this.source.input.augments && this.source.config.augmentation.retrieval > 0;
  }

  get inputSource(): InputSource {
    return this.source.input.source;
  }

  get state(): BatchState {
    return { random: this.random.state, samplers: { first: this.first.state } };
  }

  restore({ random, samplers }: BatchState): void {
    this.random = Random.restore(random);
    this.first.restore(samplerState(samplers, 'first'));
  }

  allocate(): BatchArrays {
    const { geometry } = this.source;
    const { dtype, shape } = modelInput(geometry).type(geometry, this.size);
    const count = elementCount(shape);
    return {
      input: dtype === 'float32' ? allocate('float32', count) : allocate('uint8', count),
      targets: { shares: new Float32Array(this.size * this.size) },
    };
  }

  draw({ targets }: Pick<BatchArrays, 'targets'>): AugmentedView[] {
    const chosen: SeenPicture[] = [];
    while (chosen.length < this.size) {
      const picture = this.first.draw(this.random);
      chosen.push(picture);
      if (chosen.length < this.size) chosen.push(this.partnerOf(picture));
    }
    writeShares(chosen, targets.shares as Float32Array);
    return chosen.map(({ row }) => this.drawView(row));
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

  private drawView(row: number): AugmentedView {
    const { input, config } = this.source;
    const { indexing: _, retrieval, clean, ...ranges } = config.augmentation;
    const strength = this.random.uniform() < clean ? 0 : retrieval;
    return input.draw(row, strength, ranges, this.random);
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
