import type { Random } from '@neurodex/autograd';
import { type Catalogue, pixelsOf, type StoredPicture, withRole } from '../catalogue/catalogue.ts';
import type { Config } from '../config.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import type { IdentifierScheme } from '../identifiers/scheme.ts';
import type { Trie } from '../identifiers/trie.ts';
import { augment } from '../image/augment.ts';
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
  /** int32 [R·M, B] */
  readonly tokens: Int32Array;
  /** int32 [R·M, B] */
  readonly targets: Int32Array;
  /** uint8 [R·M, B, V] */
  readonly allowed: Uint8Array;
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

/** Endless passes over a list, each in a new random order: every item once before any comes again. */
export class Deck<T> {
  private readonly items: readonly T[];
  private readonly random: Random;
  private left: T[] = [];

  constructor(items: readonly T[], random: Random) {
    this.items = items;
    this.random = random;
  }

  get size(): number {
    return this.items.length;
  }

  draw(): T {
    if (this.left.length === 0) this.left = this.random.shuffled(this.items);
    const item = this.left.pop();
    if (item === undefined) throw new RangeError('an empty deck has nothing to draw');
    return item;
  }
}

/** Draws batches for one phase: which pictures, how they are augmented, which identifiers they are asked for. */
export class BatchMaker {
  private readonly source: ExampleSource;
  private readonly phase: Phase;
  private readonly random: Random;
  private readonly indexing: Deck<Example>;
  private readonly queries: Deck<Example>;
  private readonly ownQueries: Deck<Example>;
  private readonly encoded = new Map<number, { inputs: Int32Array; targets: Int32Array; allowed: Uint8Array }>();

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
    this.indexing = new Deck(
      own.map((picture) => ({ picture, task: 'indexing' as const, relevant: [picture.row] })),
      random,
    );
    this.queries = new Deck(decks.queries, random);
    this.ownQueries = new Deck(decks.ownQueries, random);
    for (const { row, identifier } of own) {
      const { inputs, targets } = encodeIdentifier(source.scheme, identifier ?? '', source.length);
      this.encoded.set(row, { inputs, targets, allowed: source.trie.allowedTokens(targets) });
    }
  }

  allocate(): BatchArrays {
    const { size } = this.source.catalogue;
    const B = this.phase.mix.indexing + this.phase.mix.retrieval;
    const slots = this.phase.identifiers * this.source.length * B;
    return {
      pictures: new Uint8Array(B * size * size * 3),
      tokens: new Int32Array(slots),
      targets: new Int32Array(slots),
      allowed: new Uint8Array(slots * this.source.scheme.vocabulary.size),
    };
  }

  /** Writes the next batch. */
  fill(batch: BatchArrays): void {
    const { mix } = this.phase;
    const { pad } = this.source.scheme.vocabulary;
    batch.tokens.fill(pad);
    batch.targets.fill(pad);
    batch.allowed.fill(1);
    for (let b = 0; b < mix.indexing + mix.retrieval; b++) {
      const example = b < mix.indexing ? this.indexing.draw() : this.drawQuery();
      this.show(example, batch.pictures, b);
      this.ask(example, batch, b);
    }
  }

  private drawQuery(): Example {
    const own = this.queries.size === 0 || this.random.uniform() < this.source.config.training.catalogueQueries;
    return own ? this.ownQueries.draw() : this.queries.draw();
  }

  private show({ picture, task }: Example, pictures: Uint8Array, b: number): void {
    const { catalogue, config } = this.source;
    const bytes = catalogue.size * catalogue.size * 3;
    const { indexing, retrieval, clean, ...ranges } = config.augmentation;
    const strength = task === 'indexing' ? indexing : this.random.uniform() < clean ? 0 : retrieval;
    augment(
      pixelsOf(catalogue, picture.row),
      pictures.subarray(b * bytes, (b + 1) * bytes),
      catalogue.size,
      { ...ranges, strength },
      this.random,
    );
  }

  /** R identifiers of relevant pictures, drawn without repetition; where there are fewer, the rest is PAD. */
  private ask({ relevant }: Example, batch: BatchArrays, b: number): void {
    const { length, scheme } = this.source;
    const B = this.phase.mix.indexing + this.phase.mix.retrieval;
    const V = scheme.vocabulary.size;
    const chosen = sample(relevant, this.phase.identifiers, this.random);
    chosen.forEach((row, r) => {
      const identifier = this.encoded.get(row);
      if (identifier === undefined) throw new RangeError(`row ${row} is not in the catalogue`);
      for (let place = 0; place < length; place++) {
        const at = (r * length + place) * B + b;
        batch.tokens[at] = identifier.inputs[place] as number;
        batch.targets[at] = identifier.targets[place] as number;
        batch.allowed.set(identifier.allowed.subarray(place * V, (place + 1) * V), at * V);
      }
    });
  }
}

/** `count` different items at random, all of them in random order where there are no more (Fisher & Yates, stopped early). */
export function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  if (items.length === 1) return [...items];
  const pool = [...items];
  const taken = Math.min(count, pool.length);
  for (let i = 0; i < taken; i++) {
    const j = i + random.integer(pool.length - i);
    [pool[i], pool[j]] = [pool[j] as T, pool[i] as T];
  }
  return pool.slice(0, taken);
}
