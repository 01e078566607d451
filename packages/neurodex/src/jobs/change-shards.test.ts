import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { sealed } from '@neurodex/core/storage';
import { openFolder } from '@neurodex/datasets';
import { type ObjectStore, openStore } from '@neurodex/objects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArtifact } from '../artifact/index-artifact.ts';
import { removeFromShards } from '../shards/changes/remove-from-shards.ts';
import { ShardPlace } from '../shards/changes/shard-place.ts';
import { findRouter, readPlan, readShardRecord } from '../shards/records.ts';
import { routeShards } from '../shards/route-shards.ts';
import { ShardFolders } from '../shards/shard-folders.ts';
import { addToIndex, removeFromIndex, settle } from './change-index.ts';
import { planShards } from './plan-shards.ts';
import { searchIndex } from './search.ts';
import { runShards } from './shards.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

const COLOURS = ['#c00', '#0a0', '#00c', '#cc0'];
const [PICTURES, SHARDS, NEW] = [100, 3, 12];
const common = { reporter: silentReporter } as const;
const runtime = nodeRuntime({ device: 'cpu' });

let written: WrittenIndexes;
let ready: string;
let environment: Record<string, string | undefined>;
let count = 0;

const copyOf = (place: string): string => {
  const copy = written.at(`place-${count++}`);
  cpSync(place, copy, { recursive: true });
  return copy;
};
const options = (index: string) => ({ index, device: 'cpu', environment, ...common }) as const;
const add = async (index: string, folder: string) =>
  addToIndex({ ...options(index), pictures: await openFolder(written.at(folder)) });
const remove = (index: string, ...pictures: string[]) => removeFromIndex({ ...options(index), pictures });
const search = async (index: string, file: string, k = 3) =>
  (await searchIndex({ ...options(index), files: [written.at(file)], k, system: 'dsi', asked: SHARDS })).results[0]
    ?.answers ?? [];

/** Of every file of a place, but for locks. */
const contentsOf = (place: string): Map<string, Buffer> =>
  new Map(
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('.locks'))
      .map((path) => [path.slice(place.length + 1), readFileSync(path)]),
  );

async function routerOf(place: string) {
  const store = await openStore(place, { environment: process.env, reporter: silentReporter });
  const plan = await readPlan(store);
  const router = await findRouter(store, plan);
  if (router === undefined) throw new Error('no router');
  return { store, plan, router: router.record };
}

/** Paths in each shard, and in the index of the sample. */
async function pathsOf(place: string): Promise<Set<string>[]> {
  const { store, router } = await routerOf(place);
  const folders = await ShardFolders.open(store, written.at('look'), 1 << 30);
  const all: Set<string>[] = [];
  const files = [];
  for (const entry of router.shards) files.push((await readShardRecord(store, entry)).files);
  for (const each of [...files, router.base]) {
    const { folder, release } = await folders.folder(each);
    const artifact = await openArtifact(folder);
    artifact.trie();
    all.push(new Set(artifact.store.rows.map(({ path }) => path)));
    await artifact.close();
    await release();
  }
  await folders.close();
  return all;
}

beforeAll(async () => {
  written = await WrittenIndexes.create();
  environment = { ...process.env, NEURODEX_CACHE: written.at('cache') };
  const pictures: Record<string, Buffer> = {};
  const more: Record<string, Buffer> = {};
  for (let i = 0; i < PICTURES + NEW; i++) {
    const colour = i % COLOURS.length;
    const bytes = await disc(COLOURS[colour] ?? '', 3 * i + Math.floor(i / 7));
    if (i < PICTURES) pictures[`${colour}/${i}.png`] = bytes;
    // Others than those, also in the network's size.
    else more[`${colour}/new-${i}.png`] = await disc('#808', 5 * i);
  }
  const dataset = await written.draw('source', pictures);
  await written.draw('more', more);
  ready = written.at('ready');
  await planShards({
    ...{ dataset, config: SMALL_WRITE, systems: ['dsi'], seed: 1, shards: SHARDS, sample: 50, device: 'cpu' },
    ...{ environment: process.env, ...common, place: ready, work: `${ready}.plan` },
  });
  await runShards({ environment: process.env, ...common, place: ready, driver: 'local', workers: 2 });
}, 180_000);
afterAll(() => written.remove());

describe('pictures that come to shards', () => {
  it('are found by the next search, in the shard that is named, and the shards stay whole', async () => {
    const place = copyOf(ready);
    const before = await routerOf(place);
    const { added, known, failed, catalogue, changes } = await add(place, 'more');
    expect([known, failed]).toEqual([[], []]);
    expect(added.length).toBeGreaterThan(0);
    expect(new Set(added.map(({ id }) => id)).size).toBe(added.length);
    expect(catalogue).toBe(before.plan.catalogue + added.length);
    expect(changes).toMatchObject({ revision: 1, added: added.length, removed: 0 });
    for (const { picture, identifier } of added.slice(0, 3)) {
      const [first] = await search(place, join('more', picture));
      expect(first).toMatchObject({ picture, identifier });
    }
    const paths = await pathsOf(place);
    for (const { picture, identifier } of added) {
      expect(paths[Number(identifier.split('/')[0])]?.has(picture)).toBe(true);
    }
    const after = await routerOf(place);
    const touched = new Set(added.map(({ identifier }) => Number(identifier.split('/')[0])));
    for (const shard of before.router.shards.keys()) {
      const isSame = before.router.shards[shard]?.record.sha256 === after.router.shards[shard]?.record.sha256;
      expect(isSame).toBe(!touched.has(shard));
    }
  });

  it('are not added twice, nor under a name that is taken, in whatever shard', async () => {
    const place = copyOf(ready);
    await add(place, 'more');
    const again = await add(place, 'more');
    expect(again.added).toEqual([]);
    expect(again.known.every(({ picture, as }) => picture === as)).toBe(true);
    expect(again.changes.revision).toBe(1);
    const known = await add(place, 'source');
    // Copies of queries were left out of the shards, and are known as the queries.
    expect([known.added, known.failed]).toEqual([[], []]);
    expect(known.known).toHaveLength(PICTURES);
    await written.draw('renamed', { '0/0.png': await disc('#123456', 1) });
    await expect(add(place, 'renamed')).rejects.toMatchObject({ code: 'picture-changed' });
    const broken = { '0/0.png': await disc('#123456', 1), '0/broken.png': Buffer.from('no picture') };
    await written.draw('some', { ...broken, '1/fresh.png': await disc('#654321', 2) });
    const some = await add(place, 'some');
    expect(some.added.map(({ picture }) => picture)).toEqual(['1/fresh.png']);
    expect(new Map(some.failed.map(({ input, code }) => [input, code]))).toEqual(
      new Map([
        ['0/0.png', 'picture-changed'],
        ['0/broken.png', 'picture-not-an-image'],
      ]),
    );
  });
});

describe('pictures that leave shards', () => {
  it('are in no search, no file and no name any more, in no shard and not in the sample', async () => {
    const place = copyOf(ready);
    const paths = await pathsOf(place);
    const sample = paths.at(-1) ?? new Set();
    const both = [...(paths[0] ?? [])].find((path) => sample.has(path)) ?? '';
    const alone = [...(paths[1] ?? [])].find((path) => !sample.has(path)) ?? '';
    expect([both, alone]).not.toContain('');
    const pngs = (await pngsOf(place, [both, alone])).flat();
    // One for each shard, one in the sample, each also as it was planned.
    expect(pngs.length).toBe(3);
    expect(holders(place, [both, alone, ...pngs]).length).toBeGreaterThan(0);
    const { removed, changes } = await remove(place, both, alone);
    expect(removed.map(({ picture }) => picture)).toEqual([both, alone]);
    expect(changes).toMatchObject({ revision: 1, removed: 2, learned: 1 });
    expect(holders(place, [both, alone, ...pngs])).toEqual([]);
    // Nor in the copies that this machine has of the place.
    expect(holders(join(written.at('cache'), 'shards', 'objects'), pngs)).toEqual([]);
    const answers = await search(place, join('source', both), 30);
    expect(answers.map(({ picture }) => picture)).not.toContain(both);
    await expect(remove(place, both)).rejects.toMatchObject({ code: 'picture-unknown' });
  });

  it('are named by the number that an addition gave, and what comes later gets another one', async () => {
    const place = copyOf(ready);
    const { added } = await add(place, 'more');
    const [first] = added;
    const { removed } = await remove(place, String(first?.id));
    expect(removed).toEqual([{ id: first?.id, picture: first?.picture }]);
    const again = await add(place, 'more');
    expect(again.added.map(({ picture }) => picture)).toEqual([first?.picture]);
    expect(again.added[0]?.id).not.toBe(first?.id);
    await expect(remove(place, '999999999')).rejects.toMatchObject({ code: 'picture-unknown' });
  });

  it('all stay where one is not there, and where a shard would be empty', async () => {
    const place = copyOf(ready);
    const before = contentsOf(place);
    const [shard = new Set<string>()] = await pathsOf(place);
    await expect(remove(place, [...shard][0] ?? '', 'nowhere.png')).rejects.toMatchObject({ code: 'picture-unknown' });
    await expect(remove(place, ...shard)).rejects.toMatchObject({
      code: 'index-fixed',
      message: expect.stringContaining('shard 0'),
    });
    const after = contentsOf(place);
    before.delete('changing.json');
    after.delete('changing.json');
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  });
});

describe('a change', () => {
  it('is made by one process at a time', async () => {
    const place = copyOf(ready);
    const opened = await openPlace(place);
    await expect(add(place, 'more')).rejects.toMatchObject({ code: 'run-locked' });
    await opened.close();
    expect((await add(place, 'more')).added.length).toBeGreaterThan(0);
  });

  it('that was cut off is cleared away by the next one, and refused when it comes after all', async () => {
    const place = copyOf(ready);
    const dead = await openPlace(place);
    // It has put an object, and was not heard of for a day.
    const orphan = 'ab'.repeat(32);
    writeFileSync(join(place, 'objects', orphan), 'left behind');
    await forgetHolder(place, [orphan]);
    const [shard = new Set<string>()] = await pathsOf(place);
    const { changes } = await remove(place, [...shard][0] ?? '');
    expect(changes).toMatchObject({ revision: 2, removed: 1 });
    expect(existsSync(join(place, 'objects', orphan))).toBe(false);
    const late = dead.change(new Map([[1, { add: [], remove: [await anyId(dead, 1)] }]]));
    await expect(late).rejects.toMatchObject({ code: 'run-locked' });
    await dead.close();
    expect((await routerOf(place)).router.changes).toMatchObject({ revision: 2, removed: 1 });
  });

  it('is whole or nothing wherever it is cut off, and leaves nothing behind', async () => {
    const objectsAt = (place: string) => readdirSync(join(place, 'objects')).sort();
    const paths = await pathsOf(ready);
    const picture = [...(paths[0] ?? [])].find((path) => paths.at(-1)?.has(path)) ?? '';
    const removal = async (place: string, store: ObjectStore) => {
      const opened = await openPlace(place, store);
      try {
        await removeFromShards(opened, [picture]);
      } finally {
        await opened.close();
      }
    };
    const whole = copyOf(ready);
    await removal(whole, await storeAt(whole));
    const outcomes = new Set<string>();
    for (let writes = 0; ; writes++) {
      const place = copyOf(ready);
      const isDone = await removal(place, dying(await storeAt(place), writes)).then(
        () => true,
        () => false,
      );
      if (isDone) break;
      await forgetHolder(place);
      await (await openPlace(place)).close();
      const isGone = (await pathsOf(place)).every((each) => !each.has(picture));
      outcomes.add(isGone ? 'gone' : 'there');
      expect(objectsAt(place)).toEqual(objectsAt(isGone ? whole : ready));
      rmSync(place, { recursive: true });
    }
    expect([...outcomes].sort()).toEqual(['gone', 'there']);
  }, 300_000);

  it('is in the records that a router is made of again', async () => {
    const place = copyOf(ready);
    await add(place, 'more');
    const { store, router } = await routerOf(place);
    rmSync(join(place, 'router.json'));
    const { record } = await routeShards(store);
    expect(record.shards.map(({ record: each }) => each)).toEqual(router.shards.map(({ record: each }) => each));
    expect(record.cells).toEqual(router.cells);
  });

  it('is refused of a place that is not finished, and of a lease that is damaged', async () => {
    const place = copyOf(ready);
    rmSync(join(place, 'router.json'));
    rmSync(join(place, 'shards', '00001.json'));
    await expect(add(place, 'more')).rejects.toMatchObject({ code: 'shards-unfinished' });
    const damaged = copyOf(ready);
    writeFileSync(join(damaged, 'changing.json'), '{}');
    await expect(add(damaged, 'more')).rejects.toMatchObject({ code: 'index-damaged' });
    await expect(settle(options(ready))).rejects.toMatchObject({
      code: 'index-missing',
      message: expect.stringContaining('is an index in shards'),
    });
  });
});

const storeAt = (place: string): Promise<ObjectStore> => openStore(place, { environment: process.env, ...common });

const openPlace = async (place: string, store?: ObjectStore): Promise<ShardPlace> =>
  ShardPlace.open({
    ...{ store: store ?? (await storeAt(place)), runtime, ...common },
    ...{ cache: written.at('cache'), cacheBytes: 1 << 30 },
  });

/** Whoever changes a place was not heard of for a day. */
async function forgetHolder(place: string, objects?: readonly string[]): Promise<void> {
  const path = join(place, 'changing.json');
  if (!existsSync(path)) return;
  const { digest: _, ...facts } = JSON.parse(readFileSync(path, 'utf8'));
  const renewed = new Date(Date.now() - 86_400_000).toISOString();
  writeFileSync(path, sealed({ ...facts, renewed, objects: objects ?? facts.objects }));
}

/** A store that takes so many writes and deletions, as if the process were killed behind them. */
function dying(store: ObjectStore, writes: number): ObjectStore {
  let left = writes;
  const live = (): void => {
    if (left-- <= 0) throw new Error('killed');
  };
  return {
    place: store.place,
    get: (key, range) => store.get(key, range),
    stat: (key) => store.stat(key),
    list: (prefix) => store.list(prefix),
    download: (key, path) => store.download(key, path),
    async put(key, content, options) {
      live();
      return await store.put(key, content, options);
    },
    async delete(key) {
      live();
      await store.delete(key);
    },
  };
}

const anyId = (place: ShardPlace, shard: number): Promise<number> =>
  place.reading(shard, ({ store }) => store.rows[0]?.id ?? Number.NaN);

/** The stored thumbnails of pictures, wherever they are. */
async function pngsOf(place: string, paths: readonly string[]): Promise<Buffer[][]> {
  const { store, router } = await routerOf(place);
  const folders = await ShardFolders.open(store, written.at('look'), 1 << 30);
  const found: Buffer[][] = paths.map(() => []);
  const files = [router.base];
  for (const entry of router.shards) files.push((await readShardRecord(store, entry)).files);
  for (const each of files) {
    const { folder, release } = await folders.folder(each);
    const artifact = await openArtifact(folder);
    for (const { path, row } of artifact.store.rows) {
      const at = paths.indexOf(path);
      if (at >= 0) found[at]?.push(Buffer.from(await artifact.store.png(row)));
    }
    await artifact.close();
    await release();
  }
  await folders.close();
  return found;
}

/** Files of a place that hold any of some bytes. */
const holders = (place: string, wanted: readonly (string | Buffer)[]): string[] =>
  [...contentsOf(place)].flatMap(([file, bytes]) => (wanted.some((each) => bytes.includes(each)) ? [file] : []));
