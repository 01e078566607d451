import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { sealed } from '@neurodex/core/storage';
import type { Dataset } from '@neurodex/datasets';
import { openStore } from '@neurodex/objects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArtifact } from '../artifact/index-artifact.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import type { PictureQuery } from '../query/query.ts';
import { PLAN_KEY, readPlan, type ShardRecord, shardKey } from '../shards/records.ts';
import { ShardFolders } from '../shards/shard-folders.ts';
import { ShardedIndex } from '../shards/sharded-index.ts';
import { trainShard } from '../shards/train-shard.ts';
import { evaluateIndex, evaluateTexts } from './evaluate-index.ts';
import { type PlanShardsOptions, planShards } from './plan-shards.ts';
import { searchIndex } from './search.ts';
import { runShards, runShardTask, shardsStatus } from './shards.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

const COLOURS = ['#c00', '#0a0', '#00c', '#cc0', '#0cc', '#c0c'];
const PICTURES = 150;
const SHARDS = 3;
const common = { environment: process.env, reporter: silentReporter } as const;
const runtime = nodeRuntime({ device: 'cpu' });

let written: WrittenIndexes;
let dataset: Dataset;
let planned: string;
let ready: string;
let count = 0;

const copyOf = (place: string): string => {
  const copy = written.at(`place-${count++}`);
  cpSync(place, copy, { recursive: true });
  return copy;
};
const plan = (place: string, options: Partial<PlanShardsOptions> = {}) =>
  planShards({
    ...{ dataset, config: SMALL_WRITE, systems: ['dsi'], seed: 1, shards: SHARDS, sample: 60, device: 'cpu' },
    ...{ ...common, place, work: `${place}.plan`, ...options },
  });
/** Keys and contents, but for the checkpoints. */
const contentsOf = (place: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('.locks') && !path.includes('.partial'))
      .map((path) => [path.slice(place.length), readFileSync(path).toString('base64')])
      .sort(),
  );
beforeAll(async () => {
  written = await WrittenIndexes.create();
  const pictures: Record<string, Buffer> = {};
  for (let i = 0; i < PICTURES; i++) {
    const colour = i % COLOURS.length;
    pictures[`${colour}/${i}.png`] = await disc(COLOURS[colour] ?? '', 3 * i + Math.floor(i / 7));
  }
  pictures['0/broken.png'] = Buffer.from('no picture');
  dataset = await written.draw('source', pictures);
  planned = written.at('planned');
  await plan(planned);
  ready = copyOf(planned);
  await runShards({ ...common, place: ready, driver: 'local', workers: 2 });
}, 120_000);
afterAll(() => written.remove());

describe('a plan', () => {
  it('has every picture in one shard, but for queries and what cannot be read', async () => {
    const status = await shardsStatus({ ...common, place: planned });
    const store = await openStore(planned, common);
    const { shards, skipped } = await readPlan(store);
    expect(shards).toHaveLength(SHARDS);
    expect(skipped.pictures).toBe(1);
    const folder = written.at('base');
    const queries = await baseQueries(ready, folder);
    const inShards = status.shards.reduce((sum, { pictures }) => sum + pictures, 0);
    expect(inShards).toBe(PICTURES - queries);
    expect(Math.max(...status.shards.map(({ pictures }) => pictures))).toBeLessThanOrEqual(
      Math.ceil((1.25 * PICTURES) / SHARDS),
    );
    expect(status).toMatchObject({ searchable: false, catalogue: inShards });
  });

  it('is the same when it is asked for again, and another one is refused', async () => {
    const place = copyOf(planned);
    expect(await plan(place)).toMatchObject({ planned: false });
    await expect(plan(place, { shards: 2 })).rejects.toMatchObject({ code: 'shards-taken' });
    await expect(plan(place, { seed: 2 })).rejects.toMatchObject({ code: 'shards-taken' });
  });

  it('goes on where it was stopped, to the same shards', async () => {
    const place = written.at(`place-${count++}`);
    const stopping = new AbortController();
    const reporter = {
      ...silentReporter,
      progress: ({ phase }: { readonly phase: string }) => {
        if (phase === 'shards') stopping.abort();
      },
    };
    await expect(plan(place, { reporter, signal: stopping.signal })).rejects.toMatchObject({ code: 'interrupted' });
    await expect(plan(place, { shards: 2 })).rejects.toMatchObject({ code: 'shards-taken' });
    expect(await plan(place)).toMatchObject({ planned: true });
    const of = async (at: string) => (await readPlan(await openStore(at, common))).shards;
    // The network that both share was trained twice, from one seed.
    expect(await of(place)).toEqual(await of(planned));
  });

  it('refuses a folder to work in that holds something else, and a network that writes token by token', async () => {
    const place = written.at(`place-${count++}`);
    await expect(plan(place, { work: written.at('source') })).rejects.toMatchObject({ code: 'output-exists' });
    const config = { ...SMALL_WRITE, training: { ...SMALL_WRITE.training, plan: 'joint' as const } };
    await expect(plan(place, { config })).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

/** Queries of the index of the sample. */
async function baseQueries(place: string, cache: string): Promise<number> {
  const index = await ShardedIndex.open({ store: await openStore(place, common), cache, runtime });
  const { rows, catalogue } = index.base.store;
  await index.close();
  return rows.length - catalogue.length;
}

describe('shards', () => {
  it('are the same bytes whoever makes them, and however often', async () => {
    const place = copyOf(planned);
    for (const shard of [2, 0, 1]) {
      expect(await runShardTask({ ...common, place, task: { kind: 'train', shard } })).toMatchObject({ done: true });
    }
    expect(await runShardTask({ ...common, place, task: { kind: 'train', shard: 1 } })).toMatchObject({ done: false });
    expect(await runShardTask({ ...common, place, task: { kind: 'route' } })).toMatchObject({ done: true });
    expect(contentsOf(place)).toEqual(contentsOf(ready));
  });

  it('are made once where two workers make one at a time', async () => {
    const place = copyOf(planned);
    const store = await openStore(place, common);
    const one = () => trainShard({ store, shard: 0, runtime, reporter: silentReporter });
    const made = await Promise.all([one(), one()]);
    expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(made[0]?.record).toEqual(made[1]?.record);
  });

  it('go on from the clusters that a worker had found before it was killed', async () => {
    const place = copyOf(planned);
    const store = await openStore(place, common);
    const stopping = new AbortController();
    const reporter = {
      ...silentReporter,
      progress: ({ phase }: { readonly phase: string }) => {
        if (phase === 'shard') stopping.abort();
      },
    };
    const first = trainShard({ store, shard: 1, runtime, reporter, signal: stopping.signal });
    // The last word of a shard comes after its last look at the signal.
    await first.catch(() => {});
    rmSync(join(place, shardKey(1)), { force: true });
    const phases = new Set<string>();
    const told = { ...silentReporter, progress: ({ phase }: { readonly phase: string }) => void phases.add(phase) };
    const { record } = await trainShard({ store, shard: 1, runtime, reporter: told });
    expect([...phases]).toEqual(['shard']);
    expect(JSON.parse(readFileSync(join(ready, shardKey(1)), 'utf8'))).toEqual(record);
  });

  it('are complete indexes, each with its own pictures', async () => {
    const store = await openStore(ready, common);
    const { catalogue } = await readPlan(store);
    const folders = await ShardFolders.open(store, written.at('whole'), 1 << 30);
    const paths = new Set<string>();
    for (const { shard, pictures } of (await shardsStatus({ ...common, place: ready })).shards) {
      const { folder, release } = await folders.folder(recordOf(ready, shard).files);
      const artifact = await openArtifact(folder);
      expect(artifact.store.catalogue).toHaveLength(pictures);
      for (const { path } of artifact.store.catalogue) paths.add(path);
      await artifact.close();
      await release();
    }
    await folders.close();
    expect(paths.size).toBe(catalogue);
  });

  it('are not taken from another plan, another version, or where there are none', async () => {
    const task = { kind: 'train', shard: 0 } as const;
    await expect(runShardTask({ ...common, place: written.at('source'), task })).rejects.toMatchObject({
      code: 'shards-unplanned',
    });
    await expect(runShardTask({ ...common, place: planned, task: { ...task, shard: 3 } })).rejects.toMatchObject({
      code: 'shard-unknown',
    });
    const older = copyOf(planned);
    changeJson(join(older, PLAN_KEY), (value) => ({ ...value, neurodex: '0.0.1' }));
    await expect(runShardTask({ ...common, place: older, task })).rejects.toMatchObject({ code: 'shards-version' });
    const newer = copyOf(planned);
    changeJson(join(newer, PLAN_KEY), (value) => ({ ...value, version: 99 }));
    await expect(runShardTask({ ...common, place: newer, task })).rejects.toMatchObject({ code: 'index-newer' });
    const mixed = copyOf(ready);
    changeJson(join(mixed, PLAN_KEY), (value) => ({ ...value, seed: 5 }));
    await expect(shardsStatus({ ...common, place: mixed })).rejects.toMatchObject({ code: 'shards-mixed' });
  });

  it('are refused where an object is lost or has other bytes', async () => {
    const lost = copyOf(planned);
    const { shards } = await readPlan(await openStore(lost, common));
    const object = join(lost, 'objects', defined(shards[0], 'a shard').content.sha256);
    const task = { kind: 'train', shard: 0 } as const;
    const bytes = readFileSync(object);
    rmSync(object);
    await expect(runShardTask({ ...common, place: lost, task })).rejects.toMatchObject({ code: 'object-missing' });
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(object, bytes);
    await expect(runShardTask({ ...common, place: lost, task })).rejects.toMatchObject({ code: 'object-damaged' });
  });
});

/** Rewrites a record, which is sealed anew. */
function changeJson(path: string, change: (value: Record<string, unknown>) => Record<string, unknown>): void {
  writeFileSync(path, sealed(change(JSON.parse(readFileSync(path, 'utf8')))));
}

const queryAt = ({ base: { store } }: ShardedIndex, place: number): PictureQuery => {
  const picture = defined(
    store.queries('test')[place] ?? store.queries('validation')[place] ?? store.rows[place],
    'a picture',
  );
  return { kind: 'picture', pixels: pixelsOf(store, picture.row), thumbnail: () => store.thumbnail(picture.row) };
};

describe('a search of shards', () => {
  it('finds what comparing a state with all pictures finds, with probabilities that add up to 1', async () => {
    const store = await openStore(ready, common);
    const cache = written.at('cache');
    const index = await ShardedIndex.open({ store, cache, runtime, asked: SHARDS });
    const { temperature, width, catalogue } = index.plan;
    const folders = await ShardFolders.open(store, cache, 1 << 30);
    for (let place = 0; place < 5; place++) {
      const query = queryAt(index, place);
      const [answers = []] = await index.rank([query], catalogue);
      expect(answers).toHaveLength(catalogue);
      expect(answers.reduce((sum, { score }) => sum + Math.exp(score), 0)).toBeCloseTo(1, 4);
      const state = await defined((await index.base.system('dsi')).statesOf, 'states')([query]);
      const products = new Map<string, number>();
      for (let shard = 0; shard < SHARDS; shard++) {
        const { folder, release } = await folders.folder(recordOf(ready, shard).files);
        const artifact = await openArtifact(folder);
        const states = defined(artifact.store.states(), 'states');
        for (const { row, path } of artifact.store.catalogue) {
          let product = 0;
          for (let d = 0; d < width; d++) product += (states[row * width + d] ?? NaN) * (state[d] ?? NaN);
          products.set(path, product);
        }
        await artifact.close();
        await release();
      }
      const total = Math.log([...products.values()].reduce((sum, value) => sum + Math.exp(temperature * value), 0));
      for (const { picture, score } of answers)
        expect(score).toBeCloseTo(temperature * defined(products.get(picture.path), picture.path) - total, 3);
      expect(answers.map(({ score }) => score)).toEqual(answers.map(({ score }) => score).sort((a, b) => b - a));
    }
    await folders.close();
    await index.close();
  });

  it('finds the same where only one shard is open at a time, and in a cache that holds few', async () => {
    const store = await openStore(ready, common);
    const options = { store, runtime, asked: SHARDS };
    const all = await ShardedIndex.open({ ...options, cache: written.at('cache') });
    const query = queryAt(all, 1);
    const expected = await all.rank([query], 9);
    const bytes = (files: ShardRecord['files']) => files.reduce((sum, file) => sum + file.bytes, 0);
    const largest = Math.max(...Array.from({ length: SHARDS }, (_, shard) => bytes(recordOf(ready, shard).files)));
    const cacheBytes = bytes(all.plan.base) + largest;
    await all.close();
    for (const limits of [{ mostOpen: 1 }, { cacheBytes }]) {
      const few = await ShardedIndex.open({ ...options, ...limits, cache: written.at(`few-${count++}`) });
      expect(await few.rank([query], 9)).toEqual(expected);
      expect(await few.rank([query], 9)).toEqual(expected);
      await few.close();
    }
    const none = ShardedIndex.open({ ...options, cacheBytes: 100, cache: written.at('none') });
    await expect(none).rejects.toMatchObject({ code: 'cache-full' });
  });

  it('is what the command does, by pictures and by words, and says what it cannot do', async () => {
    const environment = { ...process.env, NEURODEX_CACHE: written.at('command-cache') };
    const options = {
      index: ready,
      files: [join(written.at('source'), '0/0.png')],
      k: 4,
      system: 'dsi',
      device: 'cpu',
    } as const;
    const { results } = await searchIndex({ ...options, environment, reporter: silentReporter });
    expect(results[0]?.answers).toHaveLength(4);
    expect(results[0]?.answers[0]).toMatchObject({ rank: 1, picture: '0/0.png', label: '0', relevance: null });
    expect(results[0]?.answers[0]?.identifier).toMatch(/^[0-2]\/[0-9.]+$/);
    const more = { ...options, environment, reporter: silentReporter };
    const { pictures } = await searchIndex({ ...more, pictures: true });
    expect(pictures?.[0]?.answers).toHaveLength(4);
    // The first answer is the query itself, and the same picture is shown of both.
    expect(pictures?.[0]?.answers[0]).toEqual(pictures?.[0]?.query);
    await expect(searchIndex({ ...more, system: 'pixels' })).rejects.toMatchObject({ code: 'system-missing' });
    await expect(searchIndex({ ...more, minRelevance: 0.5 })).rejects.toMatchObject({ code: 'relevance-unknown' });
    await expect(searchIndex({ ...more, index: planned })).rejects.toMatchObject({ code: 'shards-unfinished' });
  });
});

describe('measures of shards', () => {
  it('are those of what a search finds', async () => {
    const environment = { ...process.env, NEURODEX_CACHE: written.at('measured') };
    const options = { index: ready, split: 'test', device: 'cpu', environment, reporter: silentReporter } as const;
    const measures = ['P@5', 'IA@1'].map(parseMeasure);
    const { catalogue, queries, systems, relevance } = await evaluateIndex({ ...options, asked: SHARDS, measures });
    const store = await openStore(ready, common);
    const index = await ShardedIndex.open({ store, cache: written.at('cache'), runtime, asked: SHARDS });
    const { store: base } = index.base;
    const asked = base.queries('test');
    const answered = await index.rank(
      asked.map(
        ({ row }): PictureQuery => ({
          ...{ kind: 'picture', pixels: pixelsOf(base, row), thumbnail: () => base.thumbnail(row) },
        }),
      ),
      5,
    );
    const shares = answered.map(
      (answers, i) => answers.filter(({ picture }) => picture.labels[0] === asked[i]?.labels[0]).length / 5,
    );
    expect([catalogue, queries, relevance]).toEqual([index.plan.catalogue, asked.length, undefined]);
    expect(systems.dsi?.['P@5']).toBeCloseTo(shares.reduce((a, b) => a + b, 0) / asked.length, 10);
    // The state of a picture is nearest to itself, where no other picture has the same.
    expect(systems.dsi?.['IA@1']).toBeGreaterThan(0.9);
    await index.close();
    await expect(evaluateIndex({ ...options, systems: ['pixels'] })).rejects.toMatchObject({ code: 'system-missing' });
    await expect(evaluateIndex({ ...options, queries: 'all' })).rejects.toMatchObject({ code: 'usage' });
    await expect(evaluateTexts(options)).rejects.toMatchObject({ code: 'usage' });
  });
});

const recordOf = (place: string, shard: number) =>
  JSON.parse(readFileSync(join(place, shardKey(shard)), 'utf8')) as ShardRecord;
