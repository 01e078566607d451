import type { Runtime } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, type NeurodexError } from '@neurodex/core';
import { openIndex } from '../systems/open-index.ts';
import { Follower } from './follow.ts';
import { Host } from './host.ts';
import { HostedIndex, idsOf } from './hosted-index.ts';
import type { Metrics } from './metrics.ts';
import type { ServerOptions } from './server-options.ts';
import { threadRanker } from './thread-ranker.ts';

/** Opens the indexes of a server, and the versions that take their places. */
export class Hosting {
  private readonly options: ServerOptions;
  private readonly metrics: Metrics;
  private readonly onGone: (error: NeurodexError) => void;
  private readonly runtime: Runtime;
  readonly ids: readonly string[];
  private host: Host | undefined;

  /** @param onGone told when an index that is served can answer no searches any more */
  constructor(options: ServerOptions, metrics: Metrics, onGone: (error: NeurodexError) => void) {
    this.options = options;
    this.metrics = metrics;
    this.onGone = onGone;
    this.runtime = nodeRuntime({ device: options.device, threads: options.cores });
    this.ids = idsOf(options.indexes);
  }

  /** @throws NeurodexError of the indexes */
  async openAll(): Promise<Host> {
    const { indexes, reporter } = this.options;
    const hosted: HostedIndex[] = [];
    try {
      for (const place of indexes.keys()) {
        hosted.push(await this.open(place));
        reporter.progress({ phase: 'load', done: place + 1, total: indexes.length, unit: 'indexes' });
      }
    } catch (error) {
      for (const one of hosted) await one.close();
      throw error;
    }
    this.host = new Host(hosted);
    return this.host;
  }

  follow(host: Host): Follower {
    const { indexes, reporter, lookEvery } = this.options;
    return new Follower({
      host,
      folders: indexes,
      open: (place, digest) => this.open(place, digest),
      onReplaced: ({ id, card }) => reporter.info(`${id} was replaced: version ${card.version} is served now`),
      onWarning: (message) => reporter.warn(message),
      ...(lookEvery === undefined ? {} : { pause: lookEvery }),
    });
  }

  /**
   * An index that is ready to answer.
   * @param place among the folders @param digest of the version that it must be
   * @throws NeurodexError of the index
   */
  private async open(place: number, digest?: string): Promise<HostedIndex> {
    const {
      indexes,
      device,
      cores,
      limits,
      reporter,
      basePath,
      writeToken,
      ranker: make = threadRanker,
    } = this.options;
    const folder = defined(indexes[place], 'the folder of an index');
    const id = defined(this.ids[place], `the id of ${folder}`);
    const index = await openIndex(folder, this.runtime, reporter, { digest, before: this.host?.indexes[place]?.index });
    const served = this.host?.indexes[place];
    const before = served?.isOfBuild(index.manifest) === true ? served : undefined;
    const version = { digest: index.manifest.digest };
    const thread = { folder, device, threads: cores, ...version };
    const start = () =>
      make(thread, (message) => reporter.warn(`${id}: ${message}`), {
        // What was replaced is not missed.
        onGone: (error) => {
          const now = this.host?.indexes[place];
          if (now === undefined || now.isOfBuild(index.manifest)) this.onGone(error);
        },
      });
    const ranker = before?.nextRanker(version) ?? start();
    try {
      const isDefault = place === 0;
      const onBatch = this.metrics.batch;
      const hosted = await HostedIndex.open(id, index, ranker, {
        isDefault,
        before,
        takesChanges: writeToken !== undefined,
        limits,
        basePath,
        onBatch,
      });
      await hosted.warm(before === undefined);
      return hosted;
    } catch (error) {
      await ranker.close();
      await index.close();
      throw error;
    }
  }
}
