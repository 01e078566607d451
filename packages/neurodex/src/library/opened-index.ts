import { availableParallelism } from 'node:os';
import type { Device } from '@neurodex/autograd';
import { NeurodexError, type Reporter } from '@neurodex/core';
import { inOrder } from '@neurodex/core/storage';
import type { Dataset } from '@neurodex/datasets';
import pLimit from 'p-limit';
import { parseMeasure } from '../evaluation/registry.ts';
import { isOfQuery } from '../jobs/answering.ts';
import type { Explanation } from '../jobs/attention.ts';
import {
  addToIndex,
  type CalibratedAnswers,
  type ChangeOptions,
  calibrate,
  type RemovedPictures,
  removeFromIndex,
  type SettledIndex,
  settle,
  type UpdatedIndex,
  updateIndex,
} from '../jobs/change-index.ts';
import { evaluateIndex, type IndexEvaluation } from '../jobs/evaluate-index.ts';
import { type ExportSummary, exportIndex } from '../jobs/export-index.ts';
import { type FoundDuplicates, findDuplicates } from '../jobs/find-duplicates.ts';
import { PRESETS } from '../presets/presets.ts';
import type { SystemName } from '../query/system.ts';
import { unlessAborted } from './aborted.ts';
import type { Index } from './index-interface.ts';
import type {
  Abortable,
  AddOptions,
  DuplicatesOptions,
  Environment,
  EvaluateOptions,
  ExplainOptions,
  ExportOptions,
  NewPicture,
  PicturesFrom,
  SearchManyOptions,
  SearchOptions,
  ShardOptions,
  SourceOptions,
  UpdateOptions,
} from './index-options.ts';
import type { Job } from './job.ts';
import type { LiveVersions } from './live-versions.ts';
import { openPicturesFrom, sourcePictures } from './open-pictures.ts';
import { type QueryReader, readPictureQuery, readQuery } from './read-query.ts';
import type { IndexedPicture, PicturePixels, QueryCounts, SearchResult } from './results.ts';
import { plainJob } from './run-job.ts';
import type { PictureName, PictureSource, SearchQuery } from './search-query.ts';
import { FoundAnswers, selectionOf } from './selection.ts';
import type { StoredEntry, Version, VersionFacts } from './version.ts';

/** Queries of `searchMany` that are read or answered ahead of the one whose turn it is. */
const AHEAD = 64;

export interface OpenedOptions {
  readonly location: string;
  readonly device: Device;
  readonly environment: Environment;
  readonly shards: ShardOptions;
  /** Whether it is an index in shards. */
  readonly inShards: boolean;
  readonly versions: LiveVersions;
}

/** An index of the library: searches of the version that is open, and the jobs of the command line. */
export class OpenedIndex implements Index {
  readonly location: string;
  private readonly options: OpenedOptions;
  private readonly versions: LiveVersions;
  /** Pictures are decoded on every core, and no more at a time: they are large. */
  private readonly reading = pLimit(availableParallelism());

  constructor(options: OpenedOptions) {
    this.location = options.location;
    this.options = options;
    this.versions = options.versions;
  }

  get digest(): string {
    return this.facts.digest;
  }

  get created(): string {
    return this.facts.created;
  }

  get source(): string {
    return this.facts.source;
  }

  get size(): number {
    return this.facts.counts.catalogue;
  }

  get queries(): QueryCounts {
    const { train, validation, test } = this.facts.counts;
    return { train, validation, test };
  }

  get systems(): readonly SystemName[] {
    return this.facts.systems;
  }

  private get facts(): VersionFacts {
    return this.versions.version.facts;
  }

  async search<Query extends SearchQuery>(query: Query, options: SearchOptions = {}): Promise<SearchResult<Query>> {
    const { signal } = options;
    const select = selectionOf(options);
    signal?.throwIfAborted();
    const searching = this.versions.use(async (held) => {
      const { version, gatherer } = held;
      const asked = await this.reading(() => {
        signal?.throwIfAborted();
        return readQuery(query, readerOf(version, this.location));
      });
      const selection = select(version.systemsFor(asked.kind)[0]);
      const answer = (queries: readonly (typeof asked)[]) => version.answer(selection, queries);
      const found = await gatherer.ask(JSON.stringify(selection), asked, answer, signal);
      return new FoundAnswers(query, selection.system, found);
    });
    return await unlessAborted(signal, searching);
  }

  async *searchMany<Query extends SearchQuery>(
    queries: Iterable<Query> | AsyncIterable<Query>,
    options: SearchManyOptions<Query> = {},
  ): AsyncGenerator<SearchResult<Query>, void, undefined> {
    const { onFailed } = options;
    const ask = async (query: Query) => {
      try {
        return { found: await this.search(query, options) };
      } catch (error) {
        if (onFailed === undefined || !isOfThisQuery(error)) throw error;
        return { query, error };
      }
    };
    for await (const each of inOrder(queries, AHEAD, ask)) {
      if ('found' in each) yield each.found;
      else onFailed?.(each.query, each.error);
    }
  }

  async explain(query: PictureSource, { identifier, signal }: ExplainOptions = {}): Promise<Explanation> {
    signal?.throwIfAborted();
    const explaining = this.versions.use(async ({ version }) => {
      const asked = await readPictureQuery(query, readerOf(version, this.location));
      signal?.throwIfAborted();
      return await this.versions.computing(() => version.explain(asked, identifier));
    });
    return await unlessAborted(signal, explaining);
  }

  async *pictures(): AsyncGenerator<IndexedPicture, void, undefined> {
    const held = this.versions.hold();
    try {
      yield* held.version.pictures();
    } finally {
      await held.giveBack();
    }
  }

  async picture(which: PictureName): Promise<IndexedPicture | undefined> {
    return (await this.versions.use(({ version }) => version.find(which)))?.picture;
  }

  thumbnail(which: PictureName): Promise<Uint8Array> {
    return this.withEntry(which, (entry) => entry.thumbnail());
  }

  pixels(which: PictureName): Promise<PicturePixels> {
    return this.withEntry(which, (entry) => entry.pixels());
  }

  async labels(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for await (const { labels, role } of this.pictures()) {
      if (role === 'catalogue') for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  add(pictures: readonly (string | URL | NewPicture)[] | PicturesFrom, { labels = [], signal }: AddOptions = {}) {
    return this.change(signal, async (options) => {
      const given = isList(pictures) ? sourcePictures(pictures, labels) : await this.open(pictures, {}, options);
      return await addToIndex({ ...options, pictures: given });
    });
  }

  remove(pictures: readonly PictureName[], { signal }: Abortable = {}): Job<RemovedPictures> {
    return this.change(signal, async (options) => {
      const names: string[] = [];
      for (const which of pictures) names.push((await this.entry(this.versions.version, which)).picture.name);
      return await removeFromIndex({ ...options, pictures: names });
    });
  }

  update(source: PicturesFrom, { dryRun = false, signal, ...given }: UpdateOptions = {}): Job<UpdatedIndex> {
    return this.change(signal, async (options) => {
      this.refuseShards('updated from a source', 'add pictures to it, and remove others');
      return await updateIndex({ ...options, dataset: await this.open(source, given, options), dryRun });
    });
  }

  calibrate({ signal }: Abortable = {}): Job<CalibratedAnswers> {
    return this.change(signal, async (options) => {
      this.refuseShards('calibrated', 'search it without a relevance');
      return await calibrate(options);
    });
  }

  settle({ signal }: Abortable = {}): Job<SettledIndex> {
    return this.change(signal, async (options) => {
      this.refuseShards('settled', 'plan its shards anew with `neurodex shards plan`');
      return await settle(options);
    });
  }

  evaluate({ signal, measures, split = 'test', ...given }: EvaluateOptions = {}): Job<IndexEvaluation> {
    const { location: index, device, environment, shards } = this.options;
    const { asked } = shards;
    return this.beside(signal, (reporter) =>
      evaluateIndex({
        ...given,
        ...{ index, device, environment, split, asked, signal, reporter },
        measures: measures?.map(parseMeasure),
      }),
    );
  }

  duplicates({ kinds, page, signal }: DuplicatesOptions = {}): Job<FoundDuplicates> {
    const { location: path } = this;
    return this.beside(signal, async (reporter) => {
      this.refuseShards('searched for duplicates', 'look for them in the source of its pictures');
      return await findDuplicates({
        ...{ path, sourceFlags: [], reporter, signal, open: () => Promise.reject(gone(path)) },
        ...(kinds === undefined ? {} : { kinds }),
        ...(page === undefined ? {} : { out: page }),
      });
    });
  }

  export({
    out,
    precision = 'float32',
    k = 10,
    withEncoder = false,
    force = false,
    signal,
  }: ExportOptions): Job<ExportSummary> {
    const { location: index, device } = this.options;
    return this.beside(signal, async (reporter) => {
      this.refuseShards('exported', 'export an index in a folder');
      return await exportIndex({
        ...{ index, device, out, precision, k, withEncoder, force, reporter },
        ...(signal === undefined ? {} : { signal }),
      });
    });
  }

  refresh(): Promise<boolean> {
    return this.versions.refresh();
  }

  close(): Promise<void> {
    return this.versions.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws NeurodexError `usage` for an index in shards */
  private refuseShards(what: string, hint: string): void {
    if (!this.options.inShards) return;
    throw new NeurodexError('usage', `${this.location} is an index in shards, which is not ${what}`, {
      hint,
      details: { place: this.location },
    });
  }

  private async withEntry<T>(which: PictureName, work: (entry: StoredEntry) => Promise<T>): Promise<T> {
    return await this.versions.use(async ({ version }) => work(await this.entry(version, which)));
  }

  /** @throws NeurodexError `picture-unknown` */
  private async entry(version: Version, which: PictureName): Promise<StoredEntry> {
    return await readerOf(version, this.location).entry(which);
  }

  private async open(
    source: PicturesFrom,
    given: SourceOptions,
    { reporter, signal }: ChangeOptions,
  ): Promise<Dataset> {
    const { environment } = this.options;
    const opening = { config: PRESETS.default, seed: 0, environment, reporter, signal };
    return (await openPicturesFrom(source, given, opening)).dataset;
  }

  /** A job that makes another version of the index, which is searched from then on. */
  private change<T>(signal: AbortSignal | undefined, work: (options: ChangeOptions) => Promise<T>): Job<T> {
    const { location: index, device, environment } = this.options;
    return plainJob(signal, (reporter) =>
      this.versions.change(() => work({ index, device, environment, reporter, signal })),
    );
  }

  /** A job that reads the index. */
  private beside<T>(signal: AbortSignal | undefined, work: (reporter: Reporter) => Promise<T>): Job<T> {
    return plainJob(signal, (reporter) => this.versions.beside(() => work(reporter)));
  }
}

const readerOf = (version: Version, location: string): QueryReader => ({
  reading: version.reading,
  async entry(which) {
    const found = await version.find(which);
    if (found !== undefined) return found;
    const [called, details] =
      'name' in which ? [which.name, { picture: which.name }] : [`with the id ${which.id}`, { id: which.id }];
    throw new NeurodexError('picture-unknown', `${location} has no picture ${called}`, {
      hint: 'name it as a search does, or by its id',
      details,
    });
  },
});

/** Array.isArray does not tell a readonly array from others. */
const isList = (
  pictures: readonly (string | URL | NewPicture)[] | PicturesFrom,
): pictures is readonly (string | URL | NewPicture)[] => Array.isArray(pictures);

/** Whether the other queries may be answered. */
const isOfThisQuery = (error: unknown): error is NeurodexError =>
  isOfQuery(error) || (error instanceof NeurodexError && error.code === 'query-unsupported');

const gone = (location: string): NeurodexError =>
  new NeurodexError('index-missing', `${location} holds no index any more`, {
    hint: 'close this one, and open it where it is now',
    details: { path: location },
  });
