import { basename, resolve } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { FINE_BATCHES } from '../dsi/search/batch-sizes.ts';
import type { QueryKind } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import type { OpenPlace } from '../shards/open-place.ts';
import type { RouterRecord } from '../shards/records.ts';
import type { Index } from '../systems/open-index.ts';
import { systemsFor } from '../systems/systems.ts';
import { ApiError } from './api/problems.ts';
import type { IndexCard, IndexDetails, PictureFacts, PicturePage } from './api/schemas.ts';
import type { Batcher, Waiting } from './batcher.ts';
import { batcherOf } from './batching.ts';
import type { FoundPicture, Hosted, HostedRanking, HostedShard, HostedVersion, Page, Reading } from './hosted.ts';
import type { HostingOptions } from './hosted-index.ts';
import type { HostedPictures } from './hosted-pictures.ts';
import { detailsOf, nameOf, readingOf } from './index-details.ts';
import { VERSION_LENGTH } from './picture-facts.ts';
import type { PlainQuery, Ranker, Ranking, RankVersion } from './ranker.ts';
import { answerShard } from './shard-answers.ts';

export interface HostedShardsOptions extends Omit<HostingOptions, 'device'> {
  readonly place: OpenPlace;
  /** The index of the sample. */
  readonly base: Index;
  readonly record: RouterRecord;
  readonly ranker: Ranker;
  readonly pictures: HostedPictures;
  readonly lookAtThumbnails: ReadonlySet<SystemName>;
  /** Closes all that was opened for it. */
  readonly release: () => Promise<void>;
}

const SYSTEM = 'dsi';

/** One version of an index in shards as it is served. Its rows are the numbers of its pictures. */
export class HostedShards implements Hosted {
  readonly id: string;
  readonly version: HostedVersion;
  readonly card: IndexCard;
  readonly details: IndexDetails;
  readonly reading: Reading;
  readonly judging = { judge: () => undefined, knowsNone: false, readers: [] } as const;
  readonly lookAtThumbnails: ReadonlySet<SystemName>;
  readonly shards: HostedShard;
  readonly systems = [SYSTEM] as const;
  private readonly options: HostedShardsOptions;
  private readonly batcher: Batcher<PlainQuery, Ranking>;

  constructor(id: string, options: HostedShardsOptions) {
    const { place, base, record, ranker } = options;
    const { plan } = place;
    this.id = id;
    this.options = options;
    this.version = { digest: record.digest, created: plan.created, changes: record.changes };
    this.reading = readingOf(base);
    this.lookAtThumbnails = options.lookAtThumbnails;
    this.batcher = batcherOf(SYSTEM, { ...options, id, alone: false });
    this.card = this.cardOf();
    this.details = { ...this.card, ...detailsOf(base, { patchesPerSide: null, relevance: null }) };
    this.shards = {
      width: plan.width,
      count: plan.shards.length,
      search: (question) => answerShard(ranker, question),
    };
  }

  get base(): Index {
    return this.options.base;
  }

  has(system: SystemName): boolean {
    return system === SYSTEM;
  }

  systemsFor(kind: QueryKind): readonly SystemName[] {
    return systemsFor(kind, this.options.base.manifest).filter((system) => system === SYSTEM);
  }

  refuseUnaccepted(system: SystemName, kind: QueryKind): void {
    if (this.systemsFor(kind).includes(system)) return;
    throw new NeurodexError('query-unsupported', `the index ${this.id} takes no such queries`, {
      hint: 'GET /v1/indexes says what answers pictures, and what answers words',
      details: { system, kind },
    });
  }

  announce(): () => void {
    return this.batcher.announce();
  }

  queues(): { index: string; system: SystemName; waiting: number }[] {
    return [{ index: this.id, system: SYSTEM, waiting: this.batcher.waiting }];
  }

  /** @throws ApiError `shards-unavailable` where no shard answered; as `Batcher.ask` */
  async rank(_system: SystemName, query: PlainQuery, k: number, waiting: Waiting): Promise<HostedRanking> {
    const { answers, sharded } = await this.batcher.ask(query, k, waiting);
    const { pictures = [], leftOut = 0 } = sharded ?? {};
    if (answers.length === 0 && leftOut > 0) throw noneAnswered(this.id);
    const facts = new Map<number, PictureFacts>();
    for (const [i, { row }] of answers.entries()) {
      const picture = pictures[i];
      if (picture !== undefined) facts.set(row, this.options.pictures.factsOf(row, picture));
    }
    return { answers, none: undefined, partial: leftOut > 0, facts };
  }

  async none(): Promise<undefined> {
    return undefined;
  }

  async explain(): Promise<[]> {
    return [];
  }

  async picture(row: number): Promise<PictureFacts | undefined> {
    return (await this.find(row))?.facts;
  }

  find(number: number): Promise<FoundPicture | undefined> {
    return this.options.pictures.find(number);
  }

  pictures(page: Page): Promise<PicturePage> {
    return this.options.pictures.page(page);
  }

  // Nothing is removed here.
  hide(): void {}

  show(): void {}

  hidden(): readonly number[] {
    return [];
  }

  hideAs(): void {}

  checkWritable(): void {
    throw new ApiError('index-fixed', `pictures of ${this.id}, an index in shards, are not changed over HTTP`, {
      hint: 'change it where it lies, with neurodex add and neurodex remove: the server follows',
    });
  }

  checkMeasurable(): void {
    throw new ApiError('report-impossible', `${this.id} is an index in shards, which the server does not measure`);
  }

  /** What ranks another version of the same plan, where it can be had more cheaply than anew. */
  nextRanker(version: RankVersion): Ranker | undefined {
    return this.options.ranker.next?.(version);
  }

  /** Has the network, and the shards that are likely to answer a picture, loaded. @param isFirst as of `HostedIndex.warm` */
  async warm(isFirst: boolean): Promise<void> {
    const { size } = this.reading;
    const thumbnail = await this.options.base.store.png(0);
    const query: PlainQuery = { pixels: new Uint8Array(size * size * 3), thumbnail, row: undefined };
    for (const queries of isFirst ? FINE_BATCHES : [1]) {
      await this.options.ranker.rank(SYSTEM, Array<PlainQuery>(queries).fill(query), 1);
    }
  }

  close(): Promise<void> {
    return this.options.release();
  }

  private cardOf(): IndexCard {
    const { place, record, isDefault, pictures } = this.options;
    const { plan, store } = place;
    return {
      id: this.id,
      name: basename(resolve(store.place)),
      default: isDefault,
      systems: [...this.systems],
      textSystems: [...this.systemsFor('text')],
      version: record.digest.slice(0, VERSION_LENGTH),
      changes: { ...record.changes },
      writable: false,
      catalogue: pictures.catalogue,
      queries: pictures.queries,
      created: plan.created,
      dataset: { name: plan.dataset.name, source: nameOf(plan.dataset.source) },
    };
  }
}

const noneAnswered = (id: string): ApiError =>
  new ApiError('shards-unavailable', `no shard of ${id} that was asked answered`, {
    hint: 'try again',
    retryAfter: 2,
  });
