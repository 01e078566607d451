import { expect, it } from 'vitest';
import { countParts, type PictureStore, partsOf, pixelsOf, type StoredPicture } from './picture-store.ts';

const rows = (['test', 'catalogue', 'train', 'catalogue', 'test', 'catalogue'] as const).map(
  (role, row): StoredPicture => ({ row, id: row, path: `${row}.png`, labels: [], role }),
);
const places = (pictures: readonly StoredPicture[]): number[] => pictures.map(({ row }) => row);

it('the rows of each role are a part, in row order; a role that nobody plays is empty', () => {
  const parts = partsOf(rows);
  expect(parts.rows).toBe(rows);
  expect(places(parts.catalogue)).toEqual([1, 3, 5]);
  expect(places(parts.queries('test'))).toEqual([0, 4]);
  expect(places(parts.queries('train'))).toEqual([2]);
  expect(parts.queries('validation')).toEqual([]);
  expect(partsOf([])).toMatchObject({ rows: [], catalogue: [] });
});

it('parts are counted by role', () => {
  expect(countParts(partsOf(rows))).toEqual({ catalogue: 3, train: 1, validation: 0, test: 2 });
  expect(countParts(partsOf([{ row: 0, id: 0, path: 'a', labels: [], role: 'validation' }]))).toEqual({
    catalogue: 0,
    train: 0,
    validation: 1,
    test: 0,
  });
});

it('the pixels of a row are a view of its bytes, and of no others', () => {
  const pixels = Uint8Array.from({ length: 3 * 27 }, (_, i) => i);
  const store = { size: 3, pixels } as unknown as PictureStore;
  const second = pixelsOf(store, 1);
  expect([...second]).toEqual(Array.from({ length: 27 }, (_, i) => 27 + i));
  expect(second.buffer).toBe(pixels.buffer);
});
