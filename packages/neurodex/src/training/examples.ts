import { Random } from '@neurodex/autograd';
import { type Catalogue, pixelsOf, type StoredPicture, withRole } from '../catalogue/catalogue.ts';
import type { Config } from '../config.ts';
import type { IdentifierScheme } from '../identifiers/scheme.ts';
import type { Trie } from '../identifiers/trie.ts';
import { drawView, showView, type View } from '../image/augment.ts';
import { pictureBytes } from '../image/picture.ts';
import { type AskedArrays, type Asking, askSample, askSet } from './asking.ts';
import { Deck, type DeckState } from './deck.ts';
import type { Phase } from './plan.ts';

/** A picture to show, and the catalogue rows whose identifiers it should give. */
export interface Example {
  readonly picture: StoredPicture;
  readonly task: 'indexing' | 'retrieval';
  readonly relevant: readonly number[];
}

/** A batch as the training graph takes it; arrays are reused from step to step. */
export interface BatchArrays {
  /** uint8 [B,Y,X,3] */
  readonly pictures: Uint8Array;
  readonly asked: AskedArrays;
}

/** One picture of a batch: a row of the catalogue's pixels, and how it is changed. */
export interface Showing {
  readonly row: number;
  readonly view: View | null;
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

/** Catalogue pictures as queries for their class-mates and themselves. */
export const catalogueQueries = (
  catalogue: Catalogue,
  relevantRows: (picture: StoredPicture) => ReadonlySet<number>,
): Example[] =>
  withRole(catalogue, 'catalogue').map((picture) => ({
    picture,
    task: 'retrieval',
    relevant: [...relevantRows(picture)],
  }));

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
      pictures: new Uint8Array(this.size * pictureBytes(this.source.catalogue.size)),
      asked: this.asking.allocate(this.size),
    };
  }

  /** B */
  get size(): number {
    return this.phase.mix.indexing + this.phase.mix.retrieval;
  }

  /** Whether pictures are shown changed at all. */
  get augments(): boolean {
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
    const { size } = this.source.catalogue;
    const bytes = pictureBytes(size);
    this.draw(batch).forEach(({ row, view }, b) => {
      showView(pixelsOf(this.source.catalogue, row), batch.pictures.subarray(b * bytes, (b + 1) * bytes), size, view);
    });
  }

  /** Writes the next batch but for its pictures. @returns what to show in each of the B places */
  draw({ asked }: Pick<BatchArrays, 'asked'>): Showing[] {
    const { mix } = this.phase;
    this.asking.clear(asked);
    return Array.from({ length: this.size }, (_, b) => {
      const example = b < mix.indexing ? this.indexing.draw(this.random) : this.drawQuery();
      const view = this.drawViewOf(example);
      this.asking.ask(example.relevant, asked, b, this.random);
      return { row: example.picture.row, view };
    });
  }

  private drawQuery(): Example {
    const own = this.queries.size === 0 || this.random.uniform() < this.source.config.training.catalogueQueries;
    return (own ? this.ownQueries : this.queries).draw(this.random);
  }

  private drawViewOf({ task }: Example): View | null {
    const { catalogue, config } = this.source;
    const { indexing, retrieval, clean, ...ranges } = config.augmentation;
    const strength = task === 'indexing' ? indexing : this.random.uniform() < clean ? 0 : retrieval;
    return drawView(catalogue.size, { ...ranges, strength }, this.random);
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
