import type { Catalogue } from './catalogue.ts';

/** For catalogues whose thumbnails no test looks at. */
export const noThumbnail: Pick<Catalogue, 'thumbnail'> = {
  thumbnail: (row) => Promise.reject(new Error(`there is no thumbnail of row ${row}`)),
};
