import { nodeRuntime } from '@neurodex/autograd/node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { type PictureQuery, pictureQueries } from '../query/query.ts';
import { Validator } from './validator.ts';

const network = smallNetwork(4);
const { geometry, table, parameters } = network;
const options = { runtime: nodeRuntime(), geometry, table, search: { exactUpTo: 5000, beam: 20 } };
const BYTES = 16 * 16 * 3;

/** Catalogue pictures, then validation queries; all of one class, the queries of `foreign` of one that has none. */
function storeOf(catalogue: number, queries: number, foreign: (i: number) => boolean = () => false): PictureStore {
  const pictures = Array.from({ length: catalogue + queries }, (_, row): StoredPicture => {
    const role = row < catalogue ? 'catalogue' : 'validation';
    const label = role === 'validation' && foreign(row - catalogue) ? 'b' : 'a';
    return { row, id: row, path: `${row}.png`, labels: [label], role };
  });
  return {
    size: 16,
    ...partsOf(pictures),
    hasClasses: true,
    notices: [],
    skipped: [],
    pixels: new Uint8Array((catalogue + queries) * BYTES),
    ...noThumbnail,
  };
}

/** A system that gives the first rows to everyone, and what it was asked. */
function listening(store: PictureStore) {
  const asked: { row: number; k: number; query: PictureQuery }[] = [];
  vi.spyOn(DsiSystem.prototype, 'rank').mockImplementation(async (queries, k) =>
    pictureQueries(queries).map((query) => {
      asked.push({ row: query.pixels.byteOffset / BYTES, k, query });
      return store.catalogue.slice(0, k).map(({ row }) => ({ row, score: -row }));
    }),
  );
  return asked;
}

afterEach(() => void vi.restoreAllMocks());

describe('the queries of a validation', () => {
  it.each([
    [3, [0, 1, 2]],
    [512, Array.from({ length: 512 }, (_, i) => i)],
    [513, Array.from({ length: 512 }, (_, i) => Math.floor((i * 513) / 512))],
    [1024, Array.from({ length: 512 }, (_, i) => 2 * i)],
  ])('of a catalogue of %i pictures are at most 512, evenly spread', async (count, rows) => {
    const store = storeOf(count, 0);
    const asked = listening(store);
    const validator = new Validator({ ...options, store });
    // The first picture alone is answered with itself.
    expect(await validator.measure(parameters, { indexing: 1, retrieval: 1 })).toEqual({ 'IA@1': 1 / rows.length });
    expect(asked.map(({ row }) => row)).toEqual(rows);
  });

  it('are those that have something relevant, at most 512 of them', async () => {
    const store = storeOf(1, 1200, (i) => i % 2 === 0);
    const asked = listening(store);
    const validator = new Validator({ ...options, store });
    expect(await validator.measure(parameters, { indexing: 0, retrieval: 3 })).toEqual({ 'AP@10': 1 });
    // Of 600 queries in odd places.
    expect(asked.map(({ row }) => row)).toEqual(
      Array.from({ length: 512 }, (_, i) => 1 + 1 + 2 * Math.floor((i * 600) / 512)),
    );
  });

  it('are none where nothing is relevant to any, and none of a task that is not trained', async () => {
    const store = storeOf(2, 3, () => true);
    const asked = listening(store);
    const validator = new Validator({ ...options, store });
    expect(await validator.measure(parameters, { indexing: 0, retrieval: 1 })).toEqual({});
    expect(asked).toEqual([]);
  });
});

describe('queries in front of which an encoder stands', () => {
  it('are encoded once, those without a stored embedding alone', async () => {
    const embeddings = { encoder: 'x', read: (row: number) => Float32Array.of(row) } as never;
    const store = storeOf(2, 2);
    const views: PictureStore = { ...store, hasClasses: false };
    const encoded: number[] = [];
    const backbone = {
      sha256: 'abc',
      embed: async (queries: readonly PictureQuery[]) => {
        encoded.push(queries.length);
        return Float32Array.of(encoded.length);
      },
    } as unknown as QueryEncoder;

    const stored = listening(store);
    const known = new Validator({ ...options, store: { ...store, embeddings }, backbone });
    await known.measure(parameters, { indexing: 0, retrieval: 1 });
    expect(encoded).toEqual([]);
    expect(stored.map(({ query }) => [query.embedding?.producer, query.embedding?.read()[0]])).toEqual([
      ['x', 2],
      ['x', 3],
    ]);

    // The views of a flat folder have none.
    vi.restoreAllMocks();
    const asked = listening(views);
    const validator = new Validator({ ...options, store: views, backbone });
    for (let i = 0; i < 2; i++) await validator.measure(parameters, { indexing: 0, retrieval: 1 });
    expect(encoded).toEqual([1, 1]);
    expect(asked.map(({ query }) => [query.embedding?.producer, query.embedding?.read()[0]])).toEqual([
      ['abc', 1],
      ['abc', 2],
      ['abc', 1],
      ['abc', 2],
    ]);
  });
});

it('the system of a validator has the parameters that it is given', async () => {
  const picture = network.pictures(1);
  const queries: PictureQuery[] = [{ kind: 'picture', pixels: picture, thumbnail: () => noThumbnail.thumbnail(0) }];
  const validator = new Validator({ ...options, store: storeOf(1, 0) });
  const fixed = new DsiSystem({ ...options, parameters });
  const [expected] = await fixed.rank(queries, 4);
  const [found] = await validator.systemOf(parameters).rank(queries, 4);
  expect(found?.map(({ row }) => row)).toEqual(expected?.map(({ row }) => row));
  for (const [i, answer] of (expected ?? []).entries()) expect(found?.[i]?.score).toBeCloseTo(answer.score, 4);
  await fixed.close();
  await validator.close();
});
