import { allocate, elementCount, Random } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { modelInput } from '../query/model-inputs.ts';
import { type BatchArrays, type Batches, type BatchState, samplerState, type TargetArrays } from './batches.ts';
import { EpochSampler } from './epoch-sampler.ts';
import type { AugmentedView, InputSource } from './load-batch.ts';
import type { TrainingInput } from './training-input.ts';

/** A picture that the network learns to see with. */
export interface SeenPicture {
  readonly row: number;
  readonly labels: readonly string[];
}

export interface SeenSource {
  readonly geometry: Geometry;
  readonly input: TrainingInput;
  readonly config: Pick<Config, 'training' | 'augmentation'>;
  readonly pictures: readonly SeenPicture[];
}

/** Batches of pictures whose targets are no identifiers: their classes, or each other. */
export abstract class SeeBatches implements Batches {
  abstract readonly objective: ObjectiveGraph;
  protected readonly source: SeenSource;
  protected readonly sampler: EpochSampler<SeenPicture>;
  protected random: Random;

  constructor(source: SeenSource, random: Random) {
    this.source = source;
    this.random = random;
    this.sampler = new EpochSampler(source.pictures);
  }

  /** The pictures of the next batch. */
  protected abstract choose(): readonly SeenPicture[];
  protected abstract allocateTargets(): TargetArrays;
  protected abstract writeTargets(chosen: readonly SeenPicture[], targets: TargetArrays): void;

  get size(): number {
    return this.source.config.training.batchSize;
  }

  get augments(): boolean {
    return this.source.input.augments && this.source.config.augmentation.retrieval > 0;
  }

  get inputSource(): InputSource {
    return this.source.input.source;
  }

  get state(): BatchState {
    return { random: this.random.state, samplers: { first: this.sampler.state } };
  }

  restore({ random, samplers }: BatchState): void {
    this.random = Random.restore(random);
    this.sampler.restore(samplerState(samplers, 'first'));
  }

  allocate(): BatchArrays {
    const { geometry } = this.source;
    const { dtype, shape } = modelInput(geometry).type(geometry, this.size);
    const count = elementCount(shape);
    return {
      input: dtype === 'float32' ? allocate('float32', count) : allocate('uint8', count),
      targets: this.allocateTargets(),
    };
  }

  draw({ targets }: Pick<BatchArrays, 'targets'>): AugmentedView[] {
    const chosen = this.choose();
    this.writeTargets(chosen, targets);
    return chosen.map(({ row }) => this.drawView(row));
  }

  private drawView(row: number): AugmentedView {
    const { input, config } = this.source;
    const { indexing: _, retrieval, clean, ...ranges } = config.augmentation;
    const strength = this.random.uniform() < clean ? 0 : retrieval;
    return input.draw(row, strength, ranges, this.random);
  }
}
