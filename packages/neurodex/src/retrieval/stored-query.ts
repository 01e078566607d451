import { type Catalogue, pixelsOf } from '../catalogue/catalogue.ts';
import type { QueryPicture } from './system.ts';

/** A picture of the catalogue's folder as a query, with its embedding where that is stored. */
export function storedQuery(catalogue: Catalogue, row: number): QueryPicture {
  const { embeddings } = catalogue;
  return {
    pixels: pixelsOf(catalogue, row),
    thumbnail: () => catalogue.thumbnail(row),
    ...(embeddings === undefined
      ? {}
      : { stored: { encoder: embeddings.encoder, embedding: () => embeddings.read(row) } }),
  };
}
