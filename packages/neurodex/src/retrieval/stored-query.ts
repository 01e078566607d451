import { type Catalogue, pixelsOf } from '../catalogue/catalogue.ts';
import type { Query } from '../query/query.ts';

/** A picture of the catalogue's folder as a query, with its embedding where that is stored. */
export function storedQuery(catalogue: Catalogue, row: number): Query {
  const { embeddings } = catalogue;
  return {
    kind: 'picture',
    pixels: pixelsOf(catalogue, row),
    thumbnail: () => catalogue.thumbnail(row),
    ...(embeddings === undefined
      ? {}
      : { embedding: { producer: embeddings.encoder, read: () => embeddings.read(row) } }),
  };
}
