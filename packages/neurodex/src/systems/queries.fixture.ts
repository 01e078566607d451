import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import type { PictureQuery } from '../query/query.ts';

/** Pictures that lie one after another, as queries without thumbnails. @param bytes of one picture */
export const asQueries = (pictures: Uint8Array, bytes: number): PictureQuery[] =>
  Array.from({ length: pictures.length / bytes }, (_, i) => ({
    kind: 'picture',
    pixels: pictures.subarray(i * bytes, (i + 1) * bytes),
    thumbnail: () => noThumbnail.thumbnail(i),
  }));
