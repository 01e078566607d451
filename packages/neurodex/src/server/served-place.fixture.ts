import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { type ObjectStore, openStore } from '@neurodex/objects';
import { removeFromIndex } from '../jobs/change-index.ts';
import { planShards } from '../jobs/plan-shards.ts';
import { runShardTask } from '../jobs/shards.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from '../jobs/written-indexes.fixture.ts';
import { OpenPlace } from '../shards/open-place.ts';
import { checkTrained } from '../shards/route-shards.ts';
import { openCatalogue } from '../shards/shard-catalogue.ts';
import { CACHE_BYTES, routedShard } from '../shards/sharded-index.ts';

const COLOURS = ['#c00', '#0a0', '#00c', '#cc0', '#0cc', '#c0c'];
const PICTURES = 120;

/** A small index in shards that is ready to be served. */
export class ServedPlace {
  static readonly SHARDS = 3;
  /** With the folder of the cache. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly place: string;
  private readonly written: WrittenIndexes;

  private constructor(written: WrittenIndexes) {
    this.written = written;
    this.place = written.at('photos');
    this.environment = { ...process.env, NEURODEX_CACHE: written.at('cache') };
  }

  static async create(seed = 1): Promise<ServedPlace> {
    const written = await WrittenIndexes.create();
    const pictures: Record<string, Buffer> = {};
    for (let i = 0; i < PICTURES; i++) {
      const colour = i % COLOURS.length;
      pictures[`${colour}/${i}.png`] = await disc(COLOURS[colour] ?? '', 3 * i + Math.floor(i / 7));
    }
    const served = new ServedPlace(written);
    const { place } = served;
    const common = { environment: process.env, reporter: silentReporter, place } as const;
    await planShards({
      ...{ dataset: await written.draw('source', pictures), config: SMALL_WRITE, systems: ['dsi'], seed },
      ...{ shards: ServedPlace.SHARDS, sample: 60, device: 'cpu', work: `${place}.plan`, ...common },
    });
    for (let shard = 0; shard < ServedPlace.SHARDS; shard++) {
      await runShardTask({ ...common, task: { kind: 'train', shard } });
    }
    await runShardTask({ ...common, task: { kind: 'route' } });
    return served;
  }

  at(...path: readonly string[]): string {
    return this.written.at(...path);
  }

  store(place: string = this.place): Promise<ObjectStore> {
    return openStore(place, { environment: process.env, reporter: silentReporter });
  }

  /** Another place with the same objects, whose id is the same. */
  copy(name: string): string {
    const place = this.written.at(name, 'photos');
    cpSync(this.place, place, { recursive: true });
    return place;
  }

  /** A picture file of the source. */
  picture(path: string): Promise<Buffer> {
    return readFile(join(this.written.at('source'), path));
  }

  /** Changes a place, whose shard then has one picture less. @returns the name of that picture */
  async removePicture(index: string, shard: number): Promise<string> {
    const store = await this.store(index);
    const place = await OpenPlace.open({ store, cache: this.written.at('changing'), cacheBytes: CACHE_BYTES });
    const { record } = await checkTrained(store, place.plan);
    const shards = place.shards({ most: 1, open: openCatalogue });
    const path = await shards.use(routedShard(record, shard), ({ pictureOf }) => pictureOf(0).path);
    await shards.close();
    await place.close();
    const environment = { ...process.env, NEURODEX_CACHE: this.written.at('changing') };
    await removeFromIndex({ index, pictures: [path], device: 'cpu', environment, reporter: silentReporter });
    return path;
  }

  remove(): Promise<void> {
    return this.written.remove();
  }
}
