import { noThumbnail } from '../catalogue/no-thumbnail.fixture.ts';
import type { QueryPicture } from './system.ts';

/** Pictures that lie one after another, as queries without thumbnails. @param bytes of one picture */
export const asQueries = (pictures: Uint8Array, bytes: number): QueryPicture[] =>
  Array.from({ length: pictures.length / bytes }, (_, i) => ({
    pixels: pictures.subarray(i * bytes, (i + 1) * bytes),
    thumbnail: () => noThumbnail.thumbnail(i),
  }));
