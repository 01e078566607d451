import { expect, it } from 'vitest';
import { type PictureStore, partsOf } from './picture-store.ts';
import { storedQuery } from './stored-query.ts';

const pixels = Uint8Array.from({ length: 3 * 12 }, (_, i) => i);
const asked: number[] = [];
const store: PictureStore = {
  size: 2,
  ...partsOf([]),
  hasClasses: true,
  notices: [],
  skipped: [],
  pixels,
  thumbnail: async (row) => {
    asked.push(row);
    return { size: 1, pixels: Uint8Array.of(row, row, row) };
  },
};

it('is a row of the pixels, and its thumbnail when that is asked for', async () => {
  const query = storedQuery(store, 1);
  expect([...query.pixels]).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  expect(asked).toEqual([]);
  expect((await query.thumbnail()).pixels).toEqual(Uint8Array.of(1, 1, 1));
  expect(query).not.toHaveProperty('embedding');
});

it('has the embedding that is stored of it, with the encoder that made it', () => {
  const embeddings = { encoder: 'abc', read: (row: number) => Float32Array.of(row, 0.5) };
  const { embedding } = storedQuery({ ...store, embeddings } as unknown as PictureStore, 2);
  expect(embedding?.producer).toBe('abc');
  expect(embedding?.read()).toEqual(Float32Array.of(2, 0.5));
});
