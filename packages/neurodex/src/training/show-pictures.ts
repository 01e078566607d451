import type { Embeddings } from '../catalogue/embeddings.ts';
import { showView, type View } from '../image/augment.ts';
import { pictureBytes } from '../image/picture.ts';

/** One picture of a batch: a row of the catalogue's pixels, and how it is changed; or a place in its embeddings. */
export interface Showing {
  readonly row: number;
  readonly view: View | null;
}

/** Pictures of a batch to be shown, in memory that threads share. */
export interface ShowTask {
  /** uint8 [B,Y,X,3], or the bytes of float32 [B,P,C] from an encoder */
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

/** What an encoder made of the pictures, and of views of them, in a file: read on the thread that has it open. */
export interface EmbeddingSource {
  readonly embeddings: Embeddings;
}

/** Writes the views of some pictures, or their embeddings, into their places of a batch. */
export function showPictures(source: PixelSource | EmbeddingSource, { pictures, first, showings }: ShowTask): void {
  if ('embeddings' in source) {
    const places = showings.map(({ row }) => row);
    source.embeddings.readInto(pictures, first, places);
    return;
  }
  const { size, pixels } = source;
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
