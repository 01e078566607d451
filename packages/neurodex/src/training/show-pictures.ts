import { showView } from '../image/augment.ts';
import { pictureBytes } from '../image/picture.ts';
import type { Showing } from './examples.ts';

/** Pictures of a batch to be shown, in memory that threads share. */
export interface ShowTask {
  /** uint8 [B,Y,X,3] */
  readonly pictures: Uint8Array;
  /** Place of the first of `showings` in the batch. */
  readonly first: number;
  readonly showings: readonly Showing[];
}

/** What every task needs, given to a thread once. */
export interface PixelSource {
  /** Edge of a picture. */
  readonly size: number;
  /** uint8 [rows,Y,X,3] */
  readonly pixels: Uint8Array;
}

/** Writes the views of some pictures into their places of a batch. */
export function showPictures({ size, pixels }: PixelSource, { pictures, first, showings }: ShowTask): void {
  const bytes = pictureBytes(size);
  showings.forEach(({ row, view }, i) => {
    const place = first + i;
    showView(
      pixels.subarray(row * bytes, (row + 1) * bytes),
      pictures.subarray(place * bytes, (place + 1) * bytes),
      size,
      view,
    );
  });
}
