import { existsSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PLAN_KEY, ROUTER_KEY } from '../packages/neurodex/src/shards/records.ts';
import { VERSION } from '../packages/neurodex/src/version.ts';
import { fashionFolder } from './fashion-files.ts';
import { KeptResults, type KeptSettings } from './kept-results.ts';
import type { Machine } from './machine.ts';
import { type Disturbances, type DisturbedRun, disturbedSchema, NONE, runDisturbed } from './shards-disturbed.ts';
import { type Log, type Planned, planIn, plannedSchema, QUERIES, singleIndex, sourceOf } from './shards-inputs.ts';
import {
  measureSharded,
  measureSingle,
  measureTimes,
  qualitySchema,
  shardedSchema,
  timesSchema,
} from './shards-quality.ts';
import { measureReplicas, type ReplicaTraffic, trafficSchema } from './shards-replicas.ts';
import type { Found, FoundQuality } from './shards-targets.ts';
import { aloneSchema, copyOf, type Ran, ranSchema, runAlone, runKilling } from './shards-work.ts';

export interface ShardsSettings {
  readonly pictures: number;
  readonly shards: number;
  /** Pictures that the shared network learns from, and its steps. */
  readonly sample: number;
  readonly steps: number;
  readonly kills: number;
  /** Seconds for which the store fails. */
  readonly outage: number;
  /** Pictures of the index that a larger one is compared with. */
  readonly reference: number;
  /** An index of all pictures that is there. */
  readonly single: string | undefined;
  /** Shards that a query is sent to. */
  readonly asked: number;
  readonly out: string;
}

/** Pictures of an index where a query takes the time of the network alone, and steps that are enough for that. */
export const SMALL = 1000;
const SMALL_STEPS = 50;
/** Of Redis. */
export const RESTARTS = 2;
/** Seconds between two kills, at least: a worker has to start. */
const LEAST_SPACING = 0.5;

/** Seconds between two kills on average, so that all of them fall into a run that would take so long undisturbed. */
const spacingOf = (seconds: number, kills: number): number => Math.max(LEAST_SPACING, seconds / Math.max(1, kills));

/** The parts of the benchmark. What one has made or measured stays in a folder, and is used again by the others and by the next run. */
export class ShardsParts {
  private readonly settings: ShardsSettings;
  private readonly folder: string;
  private readonly kept: KeptResults;
  /** What all results depend on, beside the name of the folder. */
  private readonly common: KeptSettings;
  private readonly log: Log;

  constructor(settings: ShardsSettings, { cpu, cores }: Machine, log: Log) {
    const { pictures, shards, sample, steps, out } = settings;
    this.settings = settings;
    this.folder = join(out, [pictures, shards, sample, steps].join('-'));
    this.kept = new KeptResults(join(this.folder, 'results'), log);
    this.common = { version: VERSION, cpu, cores };
    this.log = log;
  }

  async plan(): Promise<Planned> {
    const place = this.at('planned');
    return await this.kept.of(
      'plan',
      { schema: plannedSchema, settings: this.common, isThere: () => existsSync(join(place, PLAN_KEY)) },
      async () => await planIn(await this.source(this.settings.pictures), place, this.settings, this.log),
    );
  }

  /** One worker, two workers, and two workers that are killed, with the local driver. */
  async work(): Promise<Found['work']> {
    const { shards } = await this.plan();
    const { kills } = this.settings;
    const alone = await this.kept.of('alone', { schema: aloneSchema, settings: this.common }, () =>
      this.inCopy('alone', (place) => runAlone(place, shards.length)),
    );
    const together = await this.together();
    const settings = { ...this.common, kills };
    const killed = await this.kept.of('killed', { schema: ranSchema, settings }, () =>
      this.inCopy('killed', (place) => {
        return runKilling(place, { kills, spacing: spacingOf(together.seconds, kills) }, this.log);
      }),
    );
    return { alone, together, killed };
  }

  /** Two workers that take tasks from a queue in Redis, undisturbed and disturbed. @param redis the program */
  async redis(redis: string): Promise<Found['redis']> {
    await this.plan();
    const run = (disturbances: Disturbances): Promise<DisturbedRun> =>
      runDisturbed(this.at('planned'), disturbances, { redis, log: this.log });
    const undisturbed = await this.kept.of(
      'redis-undisturbed',
      { schema: disturbedSchema, settings: this.common },
      () => run(NONE),
    );
    const { kills, outage } = this.settings;
    const disturbed = await this.kept.of(
      'redis-disturbed',
      { schema: disturbedSchema, settings: { ...this.common, kills, outage, restarts: RESTARTS } },
      () =>
        run({
          ...{ kills, outage, restarts: RESTARTS, within: undisturbed.checkpointCpuSeconds },
          spacing: spacingOf(undisturbed.seconds, kills),
        }),
    );
    return { undisturbed, disturbed };
  }

  async quality(): Promise<FoundQuality> {
    const { asked, reference, steps } = this.settings;
    await this.plan();
    await this.together();
    const sharded = await this.kept.of('sharded', { schema: shardedSchema, settings: { ...this.common, asked } }, () =>
      measureSharded(this.at('undisturbed'), this.at('cache'), asked),
    );
    const given = this.settings.single ?? null;
    const single = await this.kept.of(
      'single',
      { schema: qualitySchema, settings: { ...this.common, given } },
      async () => await measureSingle(await this.single()),
    );
    const its = { ...this.common, pictures: reference };
    return {
      ...{ sharded, single },
      reference: await this.kept.of('reference', { schema: qualitySchema, settings: its }, async () =>
        measureSingle(await this.indexOf(reference, steps)),
      ),
      milliseconds: await this.kept.of(
        'milliseconds',
        { schema: timesSchema, settings: { ...this.common, asked, given } },
        async () => {
          const folders = { single: await this.single(), small: await this.indexOf(SMALL, SMALL_STEPS) };
          return await measureTimes({ place: this.at('undisturbed'), cache: this.at('cache'), asked }, folders);
        },
      ),
    };
  }

  async replicas(): Promise<ReplicaTraffic> {
    const given = this.settings.single ?? null;
    return await this.kept.of(
      'replicas',
      { schema: trafficSchema, settings: { ...this.common, given } },
      async () => await measureReplicas(await this.single(), join(await this.testSource(), 'test')),
    );
  }

  /** Two undisturbed workers with the local driver: their shards are searched. */
  private async together(): Promise<Ran> {
    const place = this.at('undisturbed');
    return await this.kept.of(
      'together',
      { schema: ranSchema, settings: this.common, isThere: () => existsSync(join(place, ROUTER_KEY)) },
      () => runKilling(copyOf(this.at('planned'), place), { kills: 0, spacing: 1 }, this.log),
    );
  }

  /** An index of some pictures. */
  private async indexOf(pictures: number, steps: number): Promise<string> {
    return await singleIndex(await this.source(pictures), this.at(`index-${pictures}-${steps}`), steps, this.log);
  }

  /** The index of all pictures. */
  private async single(): Promise<string> {
    const { single, pictures, steps } = this.settings;
    if (single !== undefined) return resolve(single);
    return await this.indexOf(pictures, steps);
  }

  private async source(pictures: number): Promise<string> {
    const folder = join(this.settings.out, 'sources', String(pictures));
    await mkdir(folder, { recursive: true });
    return await sourceOf(folder, pictures);
  }

  /** Pictures as files, whatever the size of the catalogue. */
  private async testSource(): Promise<string> {
    const folder = join(this.settings.out, 'sources', String(SMALL));
    await fashionFolder(folder, SMALL, QUERIES);
    return join(folder, 'pictures');
  }

  /** Works on a copy of the plan, which is removed when its records are known. */
  private async inCopy<T>(name: string, work: (place: string) => Promise<T>): Promise<T> {
    const place = copyOf(this.at('planned'), this.at(name));
    const result = await work(place);
    rmSync(place, { recursive: true, force: true });
    return result;
  }

  private readonly at = (name: string): string => join(this.folder, name);
}
