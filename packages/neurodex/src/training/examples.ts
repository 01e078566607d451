import { Random } from '@neurodex/autograd';
import { type Catalogue, type StoredPicture, withRole } from '../catalogue/catalogue.ts';
import type { Embeddings } from '../catalogue/embeddings.ts';
import type { Config } from '../config.ts';
import type { IdentifierScheme } from '../identifiers/scheme.ts';
import type { Trie } from '../identifiers/trie.ts';
import { drawView } from '../image/augment.ts';
import { pictureBytes } from '../image/picture.ts';
import { type AskedArrays, type Asking, askSample, askSet, type Wanted } from './asking.ts';
import { Deck, type DeckState } from './deck.ts';
import type { Phase } from './plan.ts';
import { type EmbeddingSource, type PixelSource, type Showing, showPictures } from './show-pictures.ts';

/** A picture to show, and the catalogue rows whose identifiers it should give. */
export interface Example extends Wanted {
  readonly picture: StoredPicture;
  readonly task: 'indexing' | 'retrieval';
}

/** A batch as the training graph takes it; arrays are reused from step to step. */
export interface BatchArrays {
  /** uint8 [B,Y,X,3], or the bytes of float32 [B,P,C] from an encoder */
  readonly pictures: Uint8Array;
  readonly asked: AskedArrays;
}

/** Where a `BatchMaker` stands: from here, the same batches follow. */
export interface BatchState {
  readonly random: readonly number[];
  readonly indexing: DeckState;
  readonly queries: DeckState;
  readonly ownQueries: DeckState;
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
export const catalogueQueries = (
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
  private readonly indexing: Deck<Example>;
  private readonly queries: Deck<Example>;
  private readonly ownQueries: Deck<Example>;
  readonly asking: Asking;

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
    this.indexing = new Deck(own.map((picture) => ({ picture, task: 'indexing' as const, relevant: [picture.row] })));
    this.queries = new Deck(decks.queries);
    this.ownQueries = new Deck(decks.ownQueries);
    const examples = [...decks.queries, ...decks.ownQueries];
    const most = examples.reduce((n, { relevant }) => Math.max(n, relevant.length), 0);
    this.asking = askingOf(source, phase, own, most);
  }

  allocate(): BatchArrays {
    return {
      pictures: new Uint8Array(this.size * this.bytes),
      asked: this.asking.allocate(this.size),
    };
  }

  /** What the network is shown. */
  get shown(): PixelSource | EmbeddingSource {
    const { catalogue } = this.source;
    const embeddings = this.embeddings;
    return embeddings === undefined ? catalogue : { embeddings };
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
    const { random, indexing, queries, ownQueries } = this;
    return {
      random: random.state,
      indexing: indexing.state,
      queries: queries.state,
      ownQueries: ownQueries.state,
    };
  }

  /** @throws RangeError for a state of other pictures */
  restore(state: BatchState): void {
    this.random = Random.restore(state.random);
    this.indexing.restore(state.indexing);
    this.queries.restore(state.queries);
    this.ownQueries.restore(state.ownQueries);
  }

  /** Writes the next batch. */
  fill(batch: BatchArrays): void {
    showPictures(this.shown, { pictures: batch.pictures, first: 0, showings: this.draw(batch) });
  }

  /** Writes the next batch but for its pictures. @returns what to show in each of the B places */
  draw({ asked }: Pick<BatchArrays, 'asked'>): Showing[] {
    const { mix } = this.phase;
    this.asking.clear(asked);
    return Array.from({ length: this.size }, (_, b) => {
      const example = b < mix.indexing ? this.indexing.draw(this.random) : this.drawQuery();
      const showing = this.drawShowing(example);
      this.asking.ask(example, asked, b, this.random);
      return showing;
    });
  }

  private drawQuery(): Example {
    const own = this.queries.size === 0 || this.random.uniform() < this.source.config.training.catalogueQueries;
    return (own ? this.ownQueries : this.queries).draw(this.random);
  }

  /** Of embeddings, one of the augmented views takes the place of augmentation, where there are any. */
  private drawShowing({ task, picture: { row } }: Example): Showing {
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
function askingOf(
  { scheme, trie, length, config }: ExampleSource,
  phase: Phase,
  own: readonly StoredPicture[],
  most: number,
): Asking {
  const { setTargetsUpTo, trieMasking } = config.training;
  const named = {
    scheme,
    trie,
    length,
    identifiers: new Map(own.map(({ row, identifier }) => [row, identifier ?? ''])),
  };
  return own.length <= setTargetsUpTo && most > phase.identifiers
    ? askSet(named)
    : askSample(named, phase.identifiers, trieMasking);
}
