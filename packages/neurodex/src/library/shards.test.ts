import { writeFileSync } from 'node:fs';
import { NeurodexError } from '@neurodex/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { searchIndex } from '../jobs/search.ts';
import { disc } from '../jobs/written-indexes.fixture.ts';
import { ServedPlace } from '../server/served-place.fixture.ts';
import { openIndex } from './open-index.ts';

let served: ServedPlace;
beforeAll(async () => {
  served = await ServedPlace.create();
  writeFileSync(served.at('cat.jpg'), await disc('#c00', 4));
}, 600_000);
afterAll(() => served?.remove());

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => expect.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NeurodexError)) throw error;
  return error.code;
};

it('searches an index in shards as the command line does, and gives its pictures by name and number', async () => {
  const { environment, place } = served;
  await using index = await openIndex(place, { environment, shards: { asked: ServedPlace.SHARDS, mostOpen: 1 } });
  expect(index.systems).toEqual(['dsi']);
  const { results } = await searchIndex({
    ...{ index: place, files: [served.at('cat.jpg')], k: 6, system: 'dsi', device: 'cpu', environment },
    ...{ asked: ServedPlace.SHARDS, reporter: { progress() {}, warn() {}, info() {} } },
  });
  const found = await index.search(served.at('cat.jpg'), { k: 6 });
  expect(found.answers.map(({ name }) => name)).toEqual(results[0]?.answers.map(({ picture }) => picture));
  expect(found.answers.map(({ identifier }) => identifier)).toEqual(
    results[0]?.answers.map(({ identifier }) => identifier),
  );
  for (const { name, id, labels, identifier } of found) {
    const picture = await index.picture({ id });
    expect(picture).toEqual({ name, id, labels, identifier, captions: [], role: 'catalogue' });
    expect(await index.picture({ name })).toEqual(picture);
    expect([...(await index.thumbnail({ name })).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
    expect((await index.search({ id }, { k: 1 })).answers[0]?.name).toBe(name);
  }
  const all = [];
  for await (const picture of index.pictures()) all.push(picture);
  expect(all.filter(({ role }) => role === 'catalogue')).toHaveLength(index.size);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const query = all.find(({ role }) => role === 'test');
  expect(await index.picture({ id: query?.id ?? -1 })).toEqual(query);
  expect(await index.picture({ name: 'nobody' })).toBeUndefined();
  expect(await index.picture({ id: 1_000_000 })).toBeUndefined();
});

it('changes shards, and searches them as they are then', async () => {
  const { environment } = served;
  await using index = await openIndex(served.copy('changed'), { environment, shards: { asked: ServedPlace.SHARDS } });
  const { size, digest } = index;
  const { added } = await index.add([{ name: 'new/cat.jpg', picture: served.at('cat.jpg'), labels: ['0'] }]);
  expect(added).toHaveLength(1);
  expect(index.size).toBe(size + 1);
  expect(index.digest).not.toBe(digest);
  expect((await index.search(served.at('cat.jpg'), { k: 1 })).answers[0]?.name).toBe('new/cat.jpg');
  await index.remove([{ name: 'new/cat.jpg' }]);
  expect(index.size).toBe(size);
});

it('says what an index in shards does not do', async () => {
  const { environment, place } = served;
  await using index = await openIndex(place, { environment });
  const picture = served.at('cat.jpg');
  expect(await codeOf(index.search(picture, { system: 'pixels' }))).toBe('system-missing');
  expect(await codeOf(index.search(picture, { minRelevance: 0.5 }))).toBe('relevance-unknown');
  expect(await codeOf(index.explain(picture))).toBe('query-unsupported');
  const operations = [
    () => index.duplicates(),
    () => index.settle(),
    () => index.calibrate(),
    () => index.update(served.at('source')),
    () => index.export({ out: { onnx: served.at('onnx') } }),
  ];
  for (const operation of operations) expect(await codeOf(operation())).toBe('usage');
  expect(await codeOf(openIndex(place, { environment, systems: ['bovw'] }))).toBe('system-missing');
});
