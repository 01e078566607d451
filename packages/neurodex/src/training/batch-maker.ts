import { allocate, elementCount, Random } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { PrefixTable } from '../dsi/model/prefix-table.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { modelInput } from '../query/model-inputs.ts';
import { type BatchArrays, type Batches, type BatchState, samplerState } from './batches.ts';
import { EpochSampler } from './epoch-sampler.ts';
import { type Example, indexingExamples, type RetrievalExamples } from './examples.ts';
import { type AugmentedView, type InputSource, loadBatch } from './load-batch.ts';
import type { IdentifierTable, Objective } from './objective.ts';
import type { Phase } from './plan.ts';
import { sampledObjective } from './sampled-objective.ts';
import { setObjective } from './set-objective.ts';
import { type TrainingInput, trainingInput } from './training-input.ts';

/** What batches are made of. */
export interface BatchSource {
  readonly store: PictureStore;
  readonly table: PrefixTable;
  readonly geometry: Geometry;
  readonly config: Pick<Config, 'training' | 'augmentation'>;
  readonly examples: RetrievalExamples;
}

/** Batches whose targets are identifiers. */
export class BatchMaker implements Batches {
  readonly objective: Objective;
  private readonly source: BatchSource;
  private readonly phase: Phase;
  private random: Random;
  private readonly input: TrainingInput;
  private readonly indexing: EpochSampler<Example>;
  private readonly queries: EpochSampler<Example>;
  private readonly selfQueries: EpochSampler<Example>;

  constructor(source: BatchSource, phase: Phase, random: Random) {
    this.source = source;
    this.phase = phase;
    this.random = random;
    this.input = trainingInput(source.geometry.input, source.store);
    this.indexing = new EpochSampler(indexingExamples(source.store));
    this.queries = new EpochSampler(source.examples.queries);
    this.selfQueries = new EpochSampler(source.examples.selfQueries);
    this.objective = objectiveOf(source, phase);
  }

  allocate(): BatchArrays {
    const { dtype, shape } = modelInput(this.source.geometry).type(this.source.geometry, this.size);
    const count = elementCount(shape);
    return {
      input: dtype === 'float32' ? allocate('float32', count) : allocate('uint8', count),
      targets: this.objective.allocate(this.size),
    };
  }

  get inputSource(): InputSource {
    return this.input.source;
  }

  get size(): number {
    return this.phase.mix.indexing + this.phase.mix.retrieval;
  }

  get augments(): boolean {
    const { indexing, retrieval } = this.source.config.augmentation;
    const { mix } = this.phase;
    return this.input.augments && ((mix.indexing > 0 && indexing > 0) || (mix.retrieval > 0 && retrieval > 0));
  }

  get state(): BatchState {
    const { random, indexing, queries, selfQueries } = this;
    return {
      random: random.state,
      samplers: { indexing: indexing.state, queries: queries.state, selfQueries: selfQueries.state },
    };
  }

  restore({ random, samplers }: BatchState): void {
    this.random = Random.restore(random);
    this.indexing.restore(samplerState(samplers, 'indexing'));
    this.queries.restore(samplerState(samplers, 'queries'));
    this.selfQueries.restore(samplerState(samplers, 'selfQueries'));
  }

  /** Writes the next batch. */
  fill(batch: BatchArrays): void {
    loadBatch(this.inputSource, { input: batch.input, first: 0, views: this.draw(batch) });
  }

  draw({ targets }: Pick<BatchArrays, 'targets'>): AugmentedView[] {
    const { mix } = this.phase;
    this.objective.clear(targets);
    return Array.from({ length: this.size }, (_, b) => {
      const example = b < mix.indexing ? this.indexing.draw(this.random) : this.drawQuery();
      const view = this.drawView(example);
      this.objective.setTarget(example, targets, b, this.random);
      return view;
    });
  }

  private drawQuery(): Example {
    const { selfQueryFraction } = this.source.config.training;
    const self = this.queries.size === 0 || this.random.uniform() < selfQueryFraction;
    return (self ? this.selfQueries : this.queries).draw(this.random);
  }

  private drawView({ task, picture: { row } }: Example): AugmentedView {
    const { indexing, retrieval, clean, ...ranges } = this.source.config.augmentation;
    const strength = task === 'indexing' ? indexing : this.random.uniform() < clean ? 0 : retrieval;
    return this.input.draw(row, strength, ranges, this.random);
  }
}

/**
 * Small catalogues are taught whole sets of identifiers, larger ones R at a time; and so are those where R identifiers
 * are the whole set, which then takes fewer positions.
 */
function objectiveOf({ store, table, geometry, config, examples }: BatchSource, phase: Phase): Objective {
  const { multiTargetMaxSize, trieMasking } = config.training;
  const catalogue = indexingExamples(store);
  const identifiers: IdentifierTable = {
    table,
    length: geometry.maxIdentifierLength,
    identifiers: new Map(catalogue.map(({ picture: { row, identifier } }) => [row, identifier ?? ''])),
  };
  const largest = [...examples.queries, ...examples.selfQueries].reduce(
    (most, { relevant }) => Math.max(most, relevant.length),
    0,
  );
  return catalogue.length <= multiTargetMaxSize && largest > phase.identifiers
    ? setObjective(identifiers)
    : sampledObjective(identifiers, phase.identifiers, trieMasking);
}
