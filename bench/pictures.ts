import { Random } from '@neurodex/autograd';
import { type PictureStore, partsOf, type StoredPicture } from '../packages/neurodex/src/pictures/picture-store.ts';

/** A catalogue of noise in memory: `catalogue` pictures and as many training queries, two of each to a class. */
export function noiseCatalogue(pictures: number, size: number): PictureStore {
  const rows: StoredPicture[] = [];
  const digits = String(pictures - 1).length;
  for (let i = 0; i < 2 * pictures; i++) {
    const label = `class ${Math.floor((i % pictures) / 2)}`;
    const identifier = i < pictures ? { identifier: String(i).padStart(digits, '0') } : {};
    const role = i < pictures ? 'catalogue' : 'train';
    rows.push({ row: i, id: i, path: `${i}.png`, labels: [label], role, ...identifier });
  }
  const pixels = new Uint8Array(new SharedArrayBuffer(rows.length * size * size * 3));
  Random.seeded(1).fillBytes(pixels);
  return {
    size,
    ...partsOf(rows),
    hasClasses: true,
    notices: [],
    skipped: [],
    pixels,
    thumbnail: (row) => Promise.reject(new Error(`noise has no thumbnail of row ${row}`)),
  };
}
