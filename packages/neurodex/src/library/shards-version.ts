import type { Runtime } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import { contentKey, getContent, type ObjectStore } from '@neurodex/objects';
import { placeOf } from '../changes/rewrite-parts.ts';
import type { Selection } from '../jobs/answering.ts';
import { refuseOfShards } from '../jobs/search-shards.ts';
import { countParts, pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import type { Query, QueryKind } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import { pictureNumber, placeOfNumber, type Unit } from '../shards/changes/picture-numbers.ts';
import { mayHave, readFingerprints } from '../shards/fingerprints.ts';
import { LocalShards, openSearchable } from '../shards/local-shards.ts';
import { OpenPlace } from '../shards/open-place.ts';
import type { OpenShards } from '../shards/open-shards.ts';
import { readShardRecord } from '../shards/records.ts';
import { isOfCatalogue, openCatalogue, type ShardCatalogue } from '../shards/shard-catalogue.ts';
import { CACHE_BYTES, MOST_OPEN, routedShard, type ShardedAnswer, ShardedIndex } from '../shards/sharded-index.ts';
import { refuseUnaccepted, systemsFor } from '../systems/systems.ts';
import { pictureOf, readingOf } from './folder-version.ts';
import type { IndexedPicture, SearchAnswer } from './results.ts';
import type { PictureName } from './search-query.ts';
import type { Reading, StoredEntry, Version, VersionAnswers, VersionFacts, Versions } from './version.ts';

export interface ShardsOptions {
  readonly store: ObjectStore;
  readonly cache: string;
  readonly cacheBytes?: number | undefined;
  readonly mostOpen?: number | undefined;
  /** Shards that a query is sent to. */
  readonly asked?: number | undefined;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
}

/** The versions of an index in shards. They share the shards that are open. */
export class ShardsVersions implements Versions {
  private readonly options: ShardsOptions;
  private readonly place: OpenPlace;
  private readonly source: LocalShards;
  private readonly catalogues: OpenShards<ShardCatalogue>;

  private constructor(options: ShardsOptions, place: OpenPlace) {
    const { mostOpen: most = MOST_OPEN } = options;
    this.options = options;
    this.place = place;
    this.source = new LocalShards(place.shards({ most, open: openSearchable }));
    this.catalogues = place.shards({ most, open: openCatalogue, needs: isOfCatalogue });
  }

  /** @throws NeurodexError `shards-unplanned`, `store-*`, `output-unwritable`, `disk-full` */
  static async of(options: ShardsOptions): Promise<ShardsVersions> {
    const { store, cache, cacheBytes = CACHE_BYTES } = options;
    return new ShardsVersions(options, await OpenPlace.open({ store, cache, cacheBytes }));
  }

  async open(): Promise<Version> {
    const { runtime, reporter, asked } = this.options;
    const index = await ShardedIndex.of(this.place, this.source, { runtime, reporter, asked });
    return new ShardsVersion(index, this.options.store, this.catalogues);
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.catalogues.close();
    await this.place.close();
  }
}

class ShardsVersion implements Version {
  readonly facts: VersionFacts;
  readonly reading: Reading;
  private readonly index: ShardedIndex;
  private readonly store: ObjectStore;
  private readonly catalogues: OpenShards<ShardCatalogue>;

  constructor(index: ShardedIndex, store: ObjectStore, catalogues: OpenShards<ShardCatalogue>) {
    const { router, base, plan } = index;
    const { catalogue: _, ...queries } = countParts(base.store);
    this.index = index;
    this.store = store;
    this.catalogues = catalogues;
    this.facts = {
      digest: router.digest,
      created: plan.created,
      source: plan.dataset.source,
      counts: { ...queries, catalogue: router.shards.reduce((sum, { pictures }) => sum + pictures, 0) },
      systems: ['dsi'],
    };
    this.reading = readingOf(base);
  }

  systemsFor(kind: QueryKind): readonly SystemName[] {
    return systemsFor(kind, this.index.base.manifest).filter((system) => system === 'dsi');
  }

  async prepare(systems: readonly SystemName[]): Promise<void> {
    for (const system of systems) refuseOfShards({ system }, this.store.place);
    await this.index.base.system('dsi');
  }

  async answer(selection: Selection, queries: readonly Query[]): Promise<readonly VersionAnswers[]> {
    refuseOfShards(selection, this.store.place);
    refuseUnaccepted(selection.system, queries, this.index.base.manifest);
    const found = await this.index.rank(queries, selection.k);
    return found.map((answers) => ({
      none: null,
      nothingFound: false,
      answers: answers.map((each, i) => this.described(each, i)),
    }));
  }

  async find(which: PictureName): Promise<StoredEntry | undefined> {
    if ('name' in which) return await this.named(which.name);
    const { unit, id } = placeOfNumber(this.count, which.id);
    if (unit === 'sample') return this.entryOf(this.ofSample(({ rows }) => rows[placeOf(rows, id)], id));
    if (unit >= this.count) return undefined;
    const found = await this.catalogues.use(this.shard(unit), ({ store }) => store.rows[placeOf(store.rows, id)]);
    return found?.id === id ? this.entry(unit, found) : undefined;
  }

  async *pictures(): AsyncGenerator<IndexedPicture, void, undefined> {
    for (let shard = 0; shard < this.count; shard++) {
      const rows = await this.catalogues.use(this.shard(shard), ({ store }) => store.catalogue);
      for (const stored of rows) yield this.picture(shard, stored);
    }
    for (const stored of this.index.base.store.rows)
      if (stored.role !== 'catalogue') yield this.picture('sample', stored);
  }

  explain(): Promise<never> {
    throw new NeurodexError(
      'query-unsupported',
      `${this.store.place} is an index in shards, whose answers are not explained`,
      {
        hint: 'explain an answer of an index in a folder',
        details: { place: this.store.place },
      },
    );
  }

  close(): Promise<void> {
    return this.index.close();
  }

  private get count(): number {
    return this.index.router.shards.length;
  }

  private readonly shard = (shard: number) => routedShard(this.index.router, shard);

  private described({ shard, picture, score }: ShardedAnswer, i: number): SearchAnswer {
    const { id, path, labels, identifier } = picture;
    const number = pictureNumber(this.count, shard, id);
    return {
      ...{ rank: i + 1, name: path, id: number, labels, score },
      identifier: `${shard}/${identifier}`,
      relevance: null,
    };
  }

  private picture(unit: Unit, { id, identifier, ...stored }: StoredPicture): IndexedPicture {
    const named = identifier === undefined ? null : `${unit}/${identifier}`;
    return pictureOf({ ...stored, id: pictureNumber(this.count, unit, id), identifier: named });
  }

  /** A query of the sample; its catalogue pictures are in the shards. */
  private ofSample(
    find: (store: { rows: readonly StoredPicture[] }) => StoredPicture | undefined,
    id?: number,
  ): StoredPicture | undefined {
    const found = find(this.index.base.store);
    return found === undefined || found.role === 'catalogue' || (id !== undefined && found.id !== id)
      ? undefined
      : found;
  }

  private entryOf(stored: StoredPicture | undefined): StoredEntry | undefined {
    return stored === undefined ? undefined : this.entry('sample', stored);
  }

  private entry(unit: Unit, stored: StoredPicture): StoredEntry {
    const { base } = this.index;
    const use = <R>(work: (store: ShardCatalogue['store']) => Promise<R>): Promise<R> =>
      unit === 'sample' ? work(base.store) : this.catalogues.use(this.shard(unit), ({ store }) => work(store));
    return {
      picture: this.picture(unit, stored),
      // The shard need not stay open for as long as the query is looked at.
      query: () =>
        use(async (store) => {
          const thumbnail = await store.thumbnail(stored.row);
          const { pixels, ...query } = storedQuery(store, stored.row);
          const embedding = query.embedding?.read().slice();
          return {
            ...query,
            pixels: pixels.slice(),
            thumbnail: async () => thumbnail,
            ...(query.embedding && embedding ? { embedding: { ...query.embedding, read: () => embedding } } : {}),
          };
        }),
      thumbnail: () => use((store) => store.png(stored.row)),
      pixels: () => use(async (store) => ({ size: store.size, pixels: pixelsOf(store, stored.row).slice() })),
    };
  }

  /** Opens the shards alone that may have it, by their fingerprints. */
  private async named(name: string): Promise<StoredEntry | undefined> {
    const isIt = ({ path }: StoredPicture): boolean => path === name;
    const query = this.ofSample(({ rows }) => rows.find(isIt));
    if (query !== undefined) return this.entryOf(query);
    for (const [shard, entry] of this.index.router.shards.entries()) {
      const { fingerprints, pictures } = await readShardRecord(this.store, entry);
      const at = `${this.store.place}/${contentKey(fingerprints.sha256)}`;
      const prints = readFingerprints(await getContent(this.store, fingerprints), pictures, at);
      if (!mayHave(prints, { paths: name })) continue;
      const found = await this.catalogues.use(this.shard(shard), ({ store }) => store.catalogue.find(isIt));
      if (found !== undefined) return this.entry(shard, defined(found, 'a picture of a shard'));
    }
    return undefined;
  }
}
