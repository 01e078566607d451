import type { PictureStore } from './picture-store.ts';

/** For catalogues whose thumbnails no test looks at. */
export const noThumbnail: Pick<PictureStore, 'thumbnail'> = {
  thumbnail: (row) => Promise.reject(new Error(`there is no thumbnail of row ${row}`)),
};
