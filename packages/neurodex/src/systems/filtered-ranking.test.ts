import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import type { Query } from '../query/query.ts';
import { isAmong, type RowMask } from '../query/row-mask.ts';
import type { System } from '../query/system.ts';
import { ApproximateVectorSearch } from './approximate-search.ts';
import { Bm25System } from './bm25-system.ts';
import { BovwSystem } from './bovw-system.ts';
import type { HistogramDescriber } from './histogram-describer.ts';
import { PixelsSystem } from './pixels-system.ts';
import { asQueries } from './queries.fixture.ts';
import { ExactVectorSearch, normalised, type VectorSearch } from './vector-search.ts';

/*
 * Every system ranks some pictures as it ranks all, without the others: the same order, the same scores, and what says nothing last.
 */
const [COUNT, SIZE, LENGTH] = [60, 4, 5];
const BYTES = SIZE * SIZE * 3;
const random = Random.seeded(7);
const WORDS = ['red', 'dog', 'barn', 'snow', 'a'];
const pictures = Array.from(
  { length: COUNT },
  (_, row): StoredPicture => ({
    row,
    id: row,
    path: `${row}.png`,
    labels: [],
    captions: [Array.from({ length: row % 4 }, () => WORDS[random.integer(WORDS.length)] ?? '').join(' ')],
    role: row % 3 === 0 ? 'test' : 'catalogue',
    identifier: `${row}`,
  }),
);
const pixels = new Uint8Array(COUNT * BYTES);
random.fillBytes(pixels);
const store: PictureStore = {
  size: SIZE,
  ...partsOf(pictures),
  ...{ hasClasses: true, notices: [], skipped: [], pixels },
  ...noThumbnail,
};
const pictureQuery = asQueries(pixels.slice(0, BYTES), BYTES);

/** Histograms of which every sixth is empty, and a query of the same kind. */
async function bovw(make: (unit: Float32Array) => Promise<VectorSearch>, query: readonly number[]): Promise<System> {
  const vectors = Float32Array.from({ length: store.catalogue.length * LENGTH }, (_, i) =>
    Math.floor(i / LENGTH) % 6 === 2 ? 0 : random.integer(4) + 1,
  );
  const describer = {
    length: LENGTH,
    histograms: async () => Float32Array.from(query),
    close: async () => {},
  } as unknown as HistogramDescriber;
  const search = await make(normalised(vectors, LENGTH));
  return new BovwSystem({ pictures: store.catalogue, vectors, search, weight: (same) => same, describer });
}

const text: readonly Query[] = [{ kind: 'text', text: 'a red dog' }];
const cases: readonly (readonly [string, () => Promise<System>, readonly Query[]])[] = [
  ['pixels', async () => new PixelsSystem(store), pictureQuery],
  ['bm25', async () => new Bm25System(store), text],
  [
    'bovw, compared exactly',
    () => bovw(async (unit) => new ExactVectorSearch(unit, LENGTH), [1, 2, 3, 4, 5]),
    pictureQuery,
  ],
  [
    'bovw, compared approximately',
    () => bovw((unit) => ApproximateVectorSearch.build(unit, LENGTH), [1, 2, 3, 4, 5]),
    pictureQuery,
  ],
  [
    'bovw, of a query without keypoints',
    () => bovw(async (unit) => new ExactVectorSearch(unit, LENGTH), [0, 0, 0, 0, 0]),
    pictureQuery,
  ],
];

function maskOf(share: number): RowMask {
  const bytes = Uint8Array.from(pictures, ({ role }) => Number(role === 'catalogue' && random.uniform() < share));
  return { bytes, count: bytes.reduce((sum, bit) => sum + bit, 0) };
}

describe.each(cases)('a ranking of some pictures by %s', (_, open, queries) => {
  it.each([0, 0.1, 0.5, 1])('is the ranking of all without the others: a share of %d', async (share) => {
    const system = await open();
    const [all = []] = await system.rank(queries, COUNT);
    expect(all).toHaveLength(store.catalogue.length);
    const mask = maskOf(share);
    const expected = all.filter(({ row }) => isAmong(mask, row));
    for (const k of [1, 3, COUNT]) expect((await system.rank(queries, k, mask))[0]).toEqual(expected.slice(0, k));
    await system.close();
  });
});
