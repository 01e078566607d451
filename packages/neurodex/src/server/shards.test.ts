import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { readPicture } from '@neurodex/datasets/image';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { placeOfNumber } from '../shards/changes/picture-numbers.ts';
import { ShardedIndex } from '../shards/sharded-index.ts';
import type { SearchResponse } from './api/schemas.ts';
import { neurodexClient } from './client.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { serve } from './serve.ts';
import { makeIndex, serveForTest, type TestServerOptions } from './served.fixture.ts';
import { ServedPlace } from './served-place.fixture.ts';
import type { Serving } from './start-server.ts';

/** An index in shards that one server serves, beside an index in a folder. */

// Several servers start in one test.
vi.setConfig({ testTimeout: 240_000 });

let served: ServedPlace;
let index: ShardedIndex;
let server: Serving;
let folder: string;
const faults: string[] = [];
const PATHS = ['0/0.png', '1/7.png', '2/32.png', '5/119.png'];

const start = (place: string, options: TestServerOptions = {}) =>
  serveForTest([place], { environment: served.environment, faults, ...options });
const client = () => neurodexClient({ server: server.address });

beforeAll(async () => {
  served = await ServedPlace.create();
  folder = await makeIndex(served.at('folders'), 'shapes', { systems: ['dsi'] });
  server = await serveForTest([served.place, folder], {
    environment: served.environment,
    faults,
    shards: { urls: [], asked: 2, timeout: 60 },
  });
  index = await ShardedIndex.open({
    store: await served.store(),
    cache: served.at('cache', 'shards'),
    runtime: nodeRuntime({ device: 'cpu' }),
    asked: 2,
  });
}, 300_000);
afterAll(async () => {
  await server?.stop();
  await index?.close();
  await served?.remove();
});

/** What the index itself answers. */
async function expected(bytes: Buffer, k: number) {
  const { store, manifest } = index.base;
  const { pictures } = manifest.config;
  const { picture, thumbnail } = await readPicture(bytes, { ...pictures, size: store.size, name: 'a query' });
  const query = {
    kind: 'picture',
    pixels: picture.pixels,
    thumbnail: async () => {
      throw new Error(`${thumbnail.length} bytes that nobody looks at`);
    },
  } as const;
  const [answers = []] = await index.rank([query], k);
  return answers.map(({ score, picture: { path }, shard }) => [path, shard, score] as const);
}

const shardOf = (id: string) => placeOfNumber(ServedPlace.SHARDS, Number(id.slice('photos.'.length))).unit;
const found = ({ results }: SearchResponse) =>
  (results[0]?.answers ?? []).map(({ picture, score }) => [picture.name, shardOf(picture.id), score] as const);

describe('a server of an index in shards', () => {
  it('answers as the index does, by bytes, by a picture of it and by words', async () => {
    for (const path of PATHS) {
      const bytes = await served.picture(path);
      const answer = await client().search(new Uint8Array(bytes), { k: 7 });
      expect(answer).toMatchObject({ index: 'photos', partial: false, results: [{ system: 'dsi', none: null }] });
      expect(answer.results).toHaveLength(1);
      const wanted = await expected(bytes, 7);
      expect(found(answer).map(([name, shard]) => [name, shard])).toEqual(wanted.map(([name, shard]) => [name, shard]));
      for (const [i, [, , score]] of found(answer).entries()) expect(score).toBeCloseTo(wanted[i]?.[2] ?? NaN, 4);
      const first = defined(answer.results[0]?.answers[0], 'an answer').picture;
      const again = await client().search({ picture: first.id }, { k: 3 });
      expect(again.query).toMatchObject({ picture: first.id, labels: first.labels });
      expect(found(again)[0]?.[0]).toBe(first.name);
    }
    const words = await client().search({ text: 'a red disc' }, { k: 4 });
    expect(words.results[0]?.answers).toHaveLength(4);
    expect(words.query.text).toBe('a red disc');
  });

  it('answers those who come together as it answers each alone', async () => {
    const queries = await Promise.all([...PATHS, ...PATHS].map((path) => served.picture(path)));
    const answers = await Promise.all(queries.map((bytes) => client().search(new Uint8Array(bytes), { k: 5 })));
    for (const [i, answer] of answers.entries()) {
      const wanted = await expected(defined(queries[i], 'a query'), 5);
      expect(found(answer).map(([name]) => name)).toEqual(wanted.map(([name]) => name));
    }
  });

  it('says what it is, and serves an index in a folder beside it', async () => {
    const [photos, shapes] = await client().indexes();
    expect(photos).toMatchObject({
      ...{ id: 'photos', name: 'photos', default: true, systems: ['dsi'], textSystems: ['dsi'], writable: false },
      catalogue: index.plan.catalogue,
    });
    expect(shapes).toMatchObject({ id: 'shapes', default: false });
    const details = await client().index('photos');
    expect(details).toMatchObject({ patchesPerSide: null, relevance: null, seed: 1 });
    expect(JSON.stringify(details)).not.toContain(served.at());
    const query = new Uint8Array(await served.picture('0/0.png'));
    const other = await client().search(query, { index: 'shapes', k: 2 });
    expect(other).toMatchObject({ index: 'shapes', partial: false });
    // A picture of the one as a query of the other.
    const of = defined((await client().search(query, { k: 1 })).results[0]?.answers[0], 'an answer').picture;
    expect((await client().search({ picture: of.id }, { index: 'shapes', k: 2 })).query.picture).toBe(of.id);
  });

  it('lists its pictures page by page, each once, and the queries of the sample', async () => {
    const { catalogue, queries } = await client().index('photos');
    const count = queries.train + queries.validation + queries.test;
    const ids = new Set<string>();
    const names = new Set<string>();
    for (let offset = 0; offset < catalogue; offset += 17) {
      const page = await client().pictures('photos', { role: 'catalogue', offset, limit: 17 });
      expect(page).toMatchObject({ total: catalogue, offset, labels: [] });
      expect(page.pictures).toHaveLength(Math.min(17, catalogue - offset));
      for (const { id, name, role } of page.pictures) {
        expect(role).toBe('catalogue');
        ids.add(id);
        names.add(name);
      }
    }
    expect([ids.size, names.size]).toEqual([catalogue, catalogue]);
    const all = await client().pictures('photos', { limit: 500 });
    expect(all.total).toBe(catalogue + count);
    expect(new Set(all.pictures.map(({ id }) => id)).size).toBe(catalogue + count);
    const tests = await client().pictures('photos', { role: 'test' });
    expect(tests.pictures).toHaveLength(queries.test);
    const [query] = tests.pictures;
    const answer = await client().search({ picture: defined(query, 'a test query').id }, { k: 3 });
    expect(answer.query.picture).toBe(query?.id);
    expect(found(answer)).toHaveLength(3);
    await expect(client().pictures('photos', { label: '1' })).rejects.toMatchObject({ code: 'parameter-invalid' });
  });

  it('shows each picture by its id, with addresses that may be kept', async () => {
    const { pictures, total } = await client().pictures('photos', { limit: 500 });
    for (const listed of [pictures[0], pictures[Math.floor(total / 2)], pictures[total - 1]]) {
      const picture = defined(listed, 'a picture');
      expect(await client().picture('photos', picture.id)).toEqual(picture);
      const image = await fetch(`${server.address}${picture.image}`);
      expect(image.headers.get('cache-control')).toContain('immutable');
      const { width, format } = await sharp(Buffer.from(await image.arrayBuffer())).metadata();
      expect([width, format]).toEqual([30, 'png']);
      expect((await client().bytes(picture.thumbnail)).size).toBeGreaterThan(50);
    }
    for (const id of ['photos.99999', 'photos.3', `photos.${4 * 10 ** 14 + 1}`, 'photos.x']) {
      const known = pictures.some((picture) => picture.id === id);
      const asked = client().picture('photos', id);
      if (known) expect((await asked).id).toBe(id);
      else await expect(asked).rejects.toMatchObject({ code: 'picture-unknown' });
    }
  });

  it('refuses what it cannot do, and says why', async () => {
    const query = new Uint8Array(await served.picture('0/0.png'));
    await expect(client().report('photos')).rejects.toMatchObject({ code: 'report-impossible' });
    await expect(client().search(query, { minRelevance: 0.5 })).rejects.toMatchObject({ code: 'parameter-invalid' });
    await expect(client().search(query, { system: ['pixels'] })).rejects.toMatchObject({ code: 'parameter-invalid' });
    const writing = await start(served.place, { writeToken: 'write' });
    const writer = neurodexClient({ server: writing.address, token: 'write' });
    const { pictures } = await writer.pictures('photos');
    await expect(writer.removePicture('photos', pictures[0]?.id ?? '')).rejects.toMatchObject({ code: 'index-fixed' });
    await writing.stop();
  });

  it('answers clients of the Open Inference Protocol', async () => {
    const data = [(await served.picture('0/0.png')).toString('base64')];
    const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data }];
    const response = await fetch(`${server.address}/v2/models/photos/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs, parameters: { k: 3 }, outputs: [{ name: 'names' }] }),
    });
    const { parameters, outputs } = JSON.parse(await response.text());
    expect(parameters).toEqual({ system: 'dsi', partial: false });
    const answer = await client().search(new Uint8Array(await served.picture('0/0.png')), { k: 3 });
    expect(outputs[0].data).toEqual(found(answer).map(([name]) => name));
  });

  it('is not started with settings of shards where none are served', async () => {
    const options = {
      ...{ indexes: [folder], port: 0, host: '127.0.0.1', cors: [], allowHosts: [], limits: DEFAULT_LIMITS },
      ...{ device: 'cpu' as const, workers: 1, open: false, reporter: silentReporter },
    };
    for (const [shards, flag] of [
      [{ urls: ['http://127.0.0.1:9'], timeout: 2 }, '--shard-url'],
      [{ urls: [], asked: 3, timeout: 2 }, '--shards'],
    ] as const) {
      const starting = serve({ ...options, shards });
      await expect(starting).rejects.toMatchObject({ code: 'usage' });
      await expect(starting).rejects.toThrow(flag);
    }
  });

  it('has told the operator of nothing', () => {
    expect(faults).toEqual([]);
  });
});
