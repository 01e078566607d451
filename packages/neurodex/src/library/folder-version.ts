import type { Runtime } from '@neurodex/autograd';
import { defined, type Reporter } from '@neurodex/core';
import { placeOf } from '../changes/rewrite-parts.ts';
import { answering, type ChosenAnswers, type Selection } from '../jobs/answering.ts';
import { attentionIn } from '../jobs/attention.ts';
import { countParts, pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import type { PictureQuery, Query, QueryKind } from '../query/query.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { SharedParts } from '../systems/shared-parts.ts';
import { hasSystem, systemsFor } from '../systems/systems.ts';
import type { IndexedPicture, SearchAnswer } from './results.ts';
import type { PictureName } from './search-query.ts';
import type { Reading, StoredEntry, Version, VersionAnswers, VersionFacts, Versions } from './version.ts';

export interface FolderOptions {
  readonly folder: string;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
}

/** Ways to answer that are kept. */
const MOST_ANSWERINGS = 64;

/** The versions of an index in a folder. What two have in common is not read again. */
export class FolderVersions implements Versions {
  private readonly options: FolderOptions;
  private readonly shared = new SharedParts();
  private latest: Index | undefined;

  constructor(options: FolderOptions) {
    this.options = options;
  }

  async open(): Promise<Version> {
    const { folder, runtime, reporter } = this.options;
    const index = await openIndex(folder, runtime, reporter, { before: this.latest, shared: this.shared });
    this.latest = index;
    return new FolderVersion(index, this.options);
  }

  async close(): Promise<void> {}
}

type Answering = (queries: readonly Query[]) => Promise<ChosenAnswers[]>;

class FolderVersion implements Version {
  readonly facts: VersionFacts;
  readonly reading: Reading;
  private readonly index: Index;
  private readonly options: FolderOptions;
  private readonly answerings = new Map<string, Promise<Answering>>();
  private byName: ReadonlyMap<string, StoredPicture> | undefined;

  constructor(index: Index, options: FolderOptions) {
    const { manifest, store } = index;
    this.index = index;
    this.options = options;
    this.facts = {
      digest: manifest.digest,
      created: manifest.created,
      source: manifest.dataset.source,
      counts: countParts(store),
      systems: SYSTEM_NAMES.filter((name) => hasSystem(name, manifest)),
    };
    this.reading = readingOf(index);
  }

  systemsFor(kind: QueryKind): readonly SystemName[] {
    return systemsFor(kind, this.index.manifest);
  }

  async prepare(systems: readonly SystemName[]): Promise<void> {
    for (const name of systems) await this.index.system(name);
  }

  async answer(selection: Selection, queries: readonly Query[]): Promise<readonly VersionAnswers[]> {
    const answer = await this.answering(selection);
    return (await answer(queries)).map(({ answers, ...others }) => ({
      ...others,
      answers: answers.map((each, i) => this.described(each, i)),
    }));
  }

  async find(which: PictureName): Promise<StoredEntry | undefined> {
    const { store } = this.index;
    const stored = 'name' in which ? this.named(which.name) : store.rows[this.rowOf(which.id) ?? -1];
    if (stored === undefined) return undefined;
    return {
      picture: pictureOf(stored),
      query: async () => storedQuery(store, stored.row),
      thumbnail: () => store.png(stored.row),
      pixels: async () => ({ size: store.size, pixels: pixelsOf(store, stored.row).slice() }),
    };
  }

  async *pictures(): AsyncGenerator<IndexedPicture, void, undefined> {
    for (const stored of this.index.store.rows) yield pictureOf(stored);
  }

  explain(query: PictureQuery, identifier: string | undefined) {
    return attentionIn(this.index, this.options.runtime, query, identifier);
  }

  close(): Promise<void> {
    return this.index.close();
  }

  /** What answers queries in one way is made once: it warns once. */
  private answering(selection: Selection): Promise<Answering> {
    const key = JSON.stringify(selection);
    const known = this.answerings.get(key);
    if (known !== undefined) return known;
    const { folder: name, reporter } = this.options;
    const made = answering(this.index, { ...selection, name, reporter });
    this.answerings.set(key, made);
    for (const old of this.answerings.keys()) {
      if (this.answerings.size <= MOST_ANSWERINGS) break;
      this.answerings.delete(old);
    }
    // The next query tries again.
    made.catch(() => this.answerings.delete(key));
    return made;
  }

  private described({ row, score, relevance }: ChosenAnswers['answers'][number], i: number): SearchAnswer {
    const { id, path, labels, identifier = '' } = defined(this.index.store.rows[row], 'the picture of an answer');
    return { rank: i + 1, name: path, id, labels, identifier, score, relevance };
  }

  private named(name: string): StoredPicture | undefined {
    this.byName ??= new Map(this.index.store.rows.map((picture) => [picture.path, picture]));
    return this.byName.get(name);
  }

  private rowOf(id: number): number | undefined {
    const { rows } = this.index.store;
    const row = placeOf(rows, id);
    return rows[row]?.id === id ? row : undefined;
  }
}

export const readingOf = ({ manifest, store }: Pick<Index, 'manifest' | 'store'>): Reading => ({
  sizes: { ...manifest.config.pictures, size: store.size },
  preprocessing: manifest.encoder?.preprocessing,
});

export const pictureOf = ({
  path,
  id,
  labels,
  captions = [],
  role,
  identifier = null,
}: Omit<StoredPicture, 'row' | 'identifier'> & { readonly identifier?: string | null }): IndexedPicture => ({
  ...{ name: path, id, labels, captions, role, identifier },
});
