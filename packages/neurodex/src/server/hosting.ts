import type { Runtime } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, type NeurodexError } from '@neurodex/core';
import { isPlaceOfShards } from '../jobs/place-of-shards.ts';
import { Follower } from './follow.ts';
import { Host } from './host.ts';
import type { Hosted } from './hosted.ts';
import { idsOf } from './hosted-index.ts';
import { IndexOpener } from './index-opener.ts';
import type { Metrics } from './metrics.ts';
import type { Opener, OpenerOptions } from './opener.ts';
import type { HostingSettings } from './server-options.ts';
import { ShardsOpener } from './shards-opener.ts';

/** Opens the indexes of a server, and the versions that take their places. */
export class Hosting {
  private readonly options: HostingSettings;
  private readonly metrics: Metrics;
  private readonly onGone: (error: NeurodexError) => void;
  private readonly runtime: Runtime;
  readonly ids: readonly string[];
  private host: Host | undefined;
  /** In the order of the indexes. */
  private readonly openers: Opener[] = [];

  /** @param onGone told when an index that is served can answer no searches any more */
  constructor(options: HostingSettings, metrics: Metrics, onGone: (error: NeurodexError) => void) {
    this.options = options;
    this.metrics = metrics;
    this.onGone = onGone;
    this.runtime = nodeRuntime({ device: options.device, threads: options.cores });
    this.ids = idsOf(options.indexes);
  }

  /** @throws NeurodexError of the indexes */
  async openAll(): Promise<Host> {
    const { indexes, reporter } = this.options;
    const hosted: Hosted[] = [];
    try {
      for (const [place, name] of indexes.entries()) {
        const opener = await this.openerOf(place, name);
        this.openers.push(opener);
        hosted.push(await opener.open(undefined));
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
    const { reporter, lookEvery } = this.options;
    return new Follower({
      host,
      places: this.openers,
      open: (place, digest) => defined(this.openers[place], 'what opens an index').open(digest),
      onReplaced: ({ id, card }) => reporter.info(`${id} was replaced: version ${card.version} is served now`),
      onWarning: (message) => reporter.warn(message),
      ...(lookEvery === undefined ? {} : { pause: lookEvery }),
    });
  }

  private async openerOf(place: number, name: string): Promise<Opener> {
    const options: OpenerOptions = {
      server: this.options,
      name,
      id: defined(this.ids[place], `the id of ${name}`),
      isDefault: place === 0,
      runtime: this.runtime,
      metrics: this.metrics,
      served: () => this.host?.indexes[place],
      onGone: this.onGone,
    };
    return (await isPlaceOfShards(name)) ? await ShardsOpener.create(options) : new IndexOpener(options);
  }
}
