import { type ObjectStore, openStore } from '@neurodex/objects';
import { shardCache } from '../jobs/search-shards.ts';
import { OpenPlace } from '../shards/open-place.ts';
import type { OpenShards } from '../shards/open-shards.ts';
import { findRouter, ROUTER_KEY, readPlan, type ShardPlan } from '../shards/records.ts';
import { checkTrained } from '../shards/route-shards.ts';
import { isOfCatalogue, openCatalogue, type ShardCatalogue } from '../shards/shard-catalogue.ts';
import { CACHE_BYTES } from '../shards/sharded-index.ts';
import { SharedParts } from '../systems/shared-parts.ts';
import type { HostedVersion } from './hosted.ts';
import { HostedPictures } from './hosted-pictures.ts';
import { HostedShards } from './hosted-shards.ts';
import { ofNetwork } from './index-details.ts';
import type { Opener, OpenerOptions } from './opener.ts';
import { replacedPlace } from './ranked-versions.ts';
import { DEFAULT_SHARD_SETTINGS } from './shard-settings.ts';
import { threadRanker } from './thread-ranker.ts';
import { warnSometimes } from './warn-sometimes.ts';

/** Shards whose pictures are open at a time, to be shown. */
const MOST_CATALOGUES = 16;
/** Milliseconds between two looks at a store that is not a folder. */
const PAUSE = 5000;

interface SharedPictures {
  readonly place: OpenPlace;
  readonly catalogues: OpenShards<ShardCatalogue>;
}

/** Opens the versions of an index in shards. */
export class ShardsOpener implements Opener {
  readonly name: string;
  private readonly options: OpenerOptions;
  private readonly store: ObjectStore;
  private readonly plan: ShardPlan;
  private readonly stopping: AbortController;
  /** What versions leave to each other. */
  private readonly shared = new SharedParts();
  private readonly onFault: (reason: unknown) => void;
  private readonly onLost: (reason: unknown) => void;
  private seen: (HostedVersion & { readonly etag: string }) | undefined;
  private isLooking = false;
  private nextLook = 0;

  private constructor(options: OpenerOptions, store: ObjectStore, plan: ShardPlan, stopping: AbortController) {
    this.options = options;
    this.stopping = stopping;
    this.name = options.name;
    this.store = store;
    this.plan = plan;
    const { id, server } = options;
    this.onFault = warnSometimes(server.reporter, `${id}: pictures cannot be shown`);
    this.onLost = warnSometimes(server.reporter, `${id}: its router cannot be followed`);
  }

  /** @throws NeurodexError `shards-unplanned`, `store-*` */
  static async create(options: OpenerOptions): Promise<ShardsOpener> {
    const { name, server } = options;
    const { environment = {}, reporter } = server;
    const stopping = new AbortController();
    const store = await openStore(name, { environment, reporter, signal: stopping.signal });
    return new ShardsOpener(options, store, await readPlan(store), stopping);
  }

  /** The version that was seen last: a store may take its time. */
  async look(): Promise<HostedVersion | undefined> {
    if (!this.isLooking && performance.now() >= this.nextLook) void this.lookNow();
    return this.seen;
  }

  async open(digest: string | undefined): Promise<HostedShards> {
    const taken = await this.shared.take(
      'pictures',
      () => this.openPictures(),
      async ({ place, catalogues }) => {
        // What is still being copied from the store is of no more use.
        this.stopping.abort();
        await catalogues.close();
        await place.close();
      },
    );
    const closing: (() => Promise<void>)[] = [taken.giveBack];
    const release = async (): Promise<void> => {
      for (const close of closing.reverse()) await close();
    };
    try {
      return await this.openVersion(taken.part, digest, closing, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** @param closing what was opened adds what closes it @param release closes all of it */
  private async openVersion(
    { place, catalogues }: SharedPictures,
    digest: string | undefined,
    closing: (() => Promise<void>)[],
    release: () => Promise<void>,
  ): Promise<HostedShards> {
    const { id: index, isDefault, runtime, metrics, server } = this.options;
    const { limits, basePath, reporter } = server;
    const { record } = await checkTrained(place.store, place.plan);
    if (digest !== undefined && record.digest !== digest) throw replacedPlace(this.name);
    const before = this.served();
    const { index: base, close } = await place.base(record, runtime, reporter, { before: before?.base });
    closing.push(close);
    const { lookAtThumbnails } = before ?? (await ofNetwork(base));
    const ranker = before?.nextRanker({ digest: record.digest }) ?? this.startRanker(record.digest);
    closing.push(() => ranker.close());
    const common = { place, base, record, basePath };
    const pictures = new HostedPictures({ ...common, index, shards: catalogues, onFault: this.onFault });
    const hosted = new HostedShards(index, {
      ...{ ...common, pictures, ranker, lookAtThumbnails, release },
      ...{ isDefault, takesChanges: false, limits, onBatch: metrics.batch },
    });
    await hosted.warm(before === undefined);
    return hosted;
  }

  private async lookNow(): Promise<void> {
    this.isLooking = true;
    try {
      const found = await this.store.stat(ROUTER_KEY);
      if (found === undefined || found.etag === this.seen?.etag) return;
      const router = await findRouter(this.store, this.plan);
      if (router === undefined) return;
      const { digest, changes } = router.record;
      this.seen = { digest, created: this.plan.created, changes, etag: router.etag };
    } catch (error) {
      // The version that is served goes on.
      if (!this.stopping.signal.aborted) this.onLost(error);
    } finally {
      this.isLooking = false;
      this.nextLook = performance.now() + (/^[a-z0-9+.-]+:\/\//i.test(this.name) ? PAUSE : 0);
    }
  }

  private async openPictures(): Promise<SharedPictures> {
    const cache = shardCache(this.options.server.environment ?? {});
    const place = await OpenPlace.open({ store: this.store, cache, cacheBytes: CACHE_BYTES });
    const catalogues = place.shards({ most: MOST_CATALOGUES, open: openCatalogue, needs: isOfCatalogue });
    return { place, catalogues };
  }

  private startRanker(digest: string) {
    const { name: folder, id, metrics, onGone, server } = this.options;
    const { device, cores, reporter, ranker: make = threadRanker, shards = DEFAULT_SHARD_SETTINGS } = server;
    const environment = server.environment ?? {};
    const thread = { folder, device, threads: cores, sharded: { ...shards, id, environment }, digest };
    return make(thread, (message) => reporter.warn(`${id}: ${message}`), {
      onGone,
      onEvent: (event) => metrics.shards.told(id, event),
    });
  }

  private served(): HostedShards | undefined {
    const now = this.options.served();
    return now instanceof HostedShards ? now : undefined;
  }
}
