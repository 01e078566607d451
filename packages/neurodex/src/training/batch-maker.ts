import { Random } from '@neurodex/autograd';
import { type Catalogue, type StoredPicture, withRole } from '../catalogue/catalogue.ts';
import type { Embeddings } from '../catalogue/embeddings.ts';
import type { Config } from '../config.ts';
import type { IdentifierScheme } from '../identifiers/scheme.ts';
import type { Trie } from '../identifiers/trie.ts';
import { drawView } from '../image/augment.ts';
import { pictureBytes } from '../image/picture.ts';
import { EpochSampler, type EpochSamplerState } from './epoch-sampler.ts';
import { type AugmentedView, type EmbeddingSource, loadBatch, type PixelSource } from './load-batch.ts';
import { type Objective, sampledObjective, setObjective, type Target, type TargetArrays } from './objective.ts';
import type { Phase } from './plan.ts';

/** A picture to show, and the catalogue rows whose identifiers it should give. */
export interface Example extends Target {
  readonly picture: StoredPicture;
  readonly task: 'indexing' | 'retrieval';
}

/** A batch as the training graph takes it; arrays are reused from step to step. */
export interface BatchArrays {
  /** uint8 [B,Y,X,3], or the bytes of float32 [B,P,C] from an encoder */
  readonly pictures: Uint8Array;
  readonly targets: TargetArrays;
}

/** Where a `BatchMaker` stands: from here, the same batches follow. */
export interface BatchState {
  readonly random: readonly number[];
  readonly indexing: EpochSamplerState;
  readonly queries: EpochSamplerState;
  readonly selfQueries: EpochSamplerState;
}

export interface ExampleSource {
  readonly catalogue: Catalogue;
  readonly scheme: IdentifierScheme;
  readonly trie: Trie;
  /** M */
  readonly length: number;
  readonly config: Config;
}

/** Pictures that the retrieval task may show, with their relevant catalogue rows. */
export function retrievalQueries(
  catalogue: Catalogue,
  relevantRows: (picture: StoredPicture) => ReadonlySet<number>,
): Example[] {
  return withRole(catalogue, 'train').flatMap((picture) => {
    const relevant = [...relevantRows(picture)];
    return relevant.length === 0 ? [] : [{ picture, task: 'retrieval' as const, relevant }];
  });
}

/**
 * Catalogue pictures as queries for themselves and their class-mates.
 * @param ownShare at least as much of what each is asked for is its own identifier
 */
export const selfQueries = (
  catalogue: Catalogue,
  relevantRows: (picture: StoredPicture) => ReadonlySet<number>,
  ownShare = 0,
): Example[] =>
  withRole(catalogue, 'catalogue').map((picture) => {
    const relevant = [...relevantRows(picture)];
    const { row } = picture;
    const alike = !relevant.includes(row) || relevant.length * ownShare <= 1;
    return { picture, task: 'retrieval', relevant, ...(alike ? {} : { own: { row, share: ownShare } }) };
  });

/**
 * Draws batches for one phase: which pictures, how they are augmented, which identifiers they are asked for. All random
 * numbers are drawn here, in order; showing the pictures takes most of the time and may happen on other threads.
 */
export class BatchMaker {
  private readonly source: ExampleSource;
  private readonly phase: Phase;
  private random: Random;
  private readonly indexing: EpochSampler<Example>;
  private readonly queries: EpochSampler<Example>;
  private readonly selfQueries: EpochSampler<Example>;
  readonly objective: Objective;

  constructor(
    source: ExampleSource,
    phase: Phase,
    decks: { queries: readonly Example[]; ownQueries: readonly Example[] },
    random: Random,
  ) {
    this.source = source;
    this.phase = phase;
    this.random = random;
    const own = withRole(source.catalogue, 'catalogue');
    this.indexing = new EpochSampler(
      own.map((picture) => ({ picture, task: 'indexing' as const, relevant: [picture.row] })),
    );
    this.queries = new EpochSampler(decks.queries);
    this.selfQueries = new EpochSampler(decks.ownQueries);
    const examples = [...decks.queries, ...decks.ownQueries];
    const most = examples.reduce((n, { relevant }) => Math.max(n, relevant.length), 0);
    this.objective = objectiveOf(source, phase, own, most);
  }

  allocate(): BatchArrays {
    return {
      pictures: new Uint8Array(this.size * this.bytes),
      targets: this.objective.allocate(this.size),
    };
  }

  /** What the network is shown. */
  get inputSource(): PixelSource | EmbeddingSource {
    const { catalogue } = this.source;
    const embeddings = this.embeddings;
    return embeddings === undefined ? catalogue : { path: embeddings.path, bytes: this.bytes };
  }

  /** Of one picture, or of its embedding. */
  private get bytes(): number {
    const embeddings = this.embeddings;
    if (embeddings === undefined) return pictureBytes(this.source.catalogue.size);
    return embeddings.tokens * embeddings.channels * Float32Array.BYTES_PER_ELEMENT;
  }

  private get embeddings(): Embeddings | undefined {
    const { catalogue, config } = this.source;
    return config.encoder.inFront ? catalogue.embeddings : undefined;
  }

  /** B */
  get size(): number {
    return this.phase.mix.indexing + this.phase.mix.retrieval;
  }

  /** Whether pictures are changed when they are shown. */
  get augments(): boolean {
    if (this.embeddings !== undefined) return false;
    const { indexing, retrieval } = this.source.config.augmentation;
    const { mix } = this.phase;
    return (mix.indexing > 0 && indexing > 0) || (mix.retrieval > 0 && retrieval > 0);
  }

  get state(): BatchState {
    const { random, indexing, queries, selfQueries: ownQueries } = this;
    return {
      random: random.state,
      indexing: indexing.state,
      queries: queries.state,
      selfQueries: ownQueries.state,
    };
  }

  /** @throws RangeError for a state of other pictures */
  restore(state: BatchState): void {
    this.random = Random.restore(state.random);
    this.indexing.restore(state.indexing);
    this.queries.restore(state.queries);
    this.selfQueries.restore(state.selfQueries);
  }

  /** Writes the next batch. */
  fill(batch: BatchArrays): void {
    loadBatch(this.inputSource, { pictures: batch.pictures, first: 0, views: this.draw(batch) });
  }

  /** Writes the next batch but for its pictures. @returns what to show in each of the B places */
  draw({ targets: asked }: Pick<BatchArrays, 'asked'>): AugmentedView[] {
    const { mix } = this.phase;
    this.objective.clear(asked);
    return Array.from({ length: this.size }, (_, b) => {
      const example = b < mix.indexing ? this.indexing.draw(this.random) : this.drawQuery();
      const showing = this.drawAugmentedView(example);
      this.objective.setTarget(example, asked, b, this.random);
      return showing;
    });
  }

  private drawQuery(): Example {
    const own = this.queries.size === 0 || this.random.uniform() < this.source.config.training.catalogueQueries;
    return (own ? this.selfQueries : this.queries).draw(this.random);
  }

  /** Of embeddings, one of the augmented views takes the place of augmentation, where there are any. */
  private drawAugmentedView({ task, picture: { row } }: Example): AugmentedView {
    const { catalogue, config } = this.source;
    const { indexing, retrieval, clean, ...ranges } = config.augmentation;
    const strength = task === 'indexing' ? indexing : this.random.uniform() < clean ? 0 : retrieval;
    const embeddings = this.embeddings;
    if (embeddings === undefined) return { row, view: drawView(catalogue.size, { ...ranges, strength }, this.random) };
    const { views } = embeddings;
    const view = strength === 0 || views === 0 ? 0 : 1 + this.random.integer(views);
    return { row: embeddings.place(row, view), view: null };
  }
}

/**
 * Small catalogues are taught whole sets of identifiers, larger ones R at a time; and so are those where R identifiers
 * are the whole set, which then takes fewer slots.
 * @param most relevant identifiers of any example
 */
function objectiveOf(
  { scheme, trie, length, config }: ExampleSource,
  phase: Phase,
  own: readonly StoredPicture[],
  most: number,
): Objective {
  const { setTargetsUpTo, trieMasking } = config.training;
  const named = {
    scheme,
    trie,
    length,
    identifiers: new Map(own.map(({ row, identifier }) => [row, identifier ?? ''])),
  };
  return own.length <= setTargetsUpTo && most > phase.identifiers
    ? setObjective(named)
    : sampledObjective(named, phase.identifiers, trieMasking);
}
