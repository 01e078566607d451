import type { Picture } from '@neurodex/datasets/picture';

/** Every kind of query that a system may accept. */
export const QUERY_KINDS = ['picture', 'text', 'composed'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

/** A picture in the sizes that systems read. */
export interface PictureQuery {
  readonly kind: 'picture';
  /** As the network reads it: uint8 RGB [Y,X,3]. */
  readonly pixels: Uint8Array;
  /** As the catalogue keeps it for people, and as the bag of visual words reads it; made when asked for. */
  thumbnail(): Promise<Picture>;
  /** As an encoder takes it that came with preprocessing, made of the picture itself (`preprocess`); else it is made of the thumbnail. */
  readonly encoderPixels?: () => Promise<Uint8Array>;
  /** What an encoder made of it, where that is stored. */
  readonly embedding?: StoredEmbedding;
}

export interface StoredEmbedding {
  /** SHA-256 of the encoder. */
  readonly producer: string;
  /** float32 [P,C] */
  read(): Float32Array;
}

/** Words, in any language. */
export interface TextQuery {
  readonly kind: 'text';
  /** As it was typed. */
  readonly text: string;
}

/** Pictures and words that are added to each other, or taken from each other (composed image retrieval, Vo et al. 2019). */
export interface ComposedQuery {
  readonly kind: 'composed';
  /** One or more; a weight below 0 takes its query away. */
  readonly parts: readonly { readonly query: PictureQuery | TextQuery; readonly weight: number }[];
}

/** What can be searched with. */
export type Query = PictureQuery | TextQuery | ComposedQuery;

export const isPicture = (query: Query): query is PictureQuery => query.kind === 'picture';

/** Queries that are pictures, for a system that takes no others. @throws RangeError for any other: `refuseUnaccepted` comes first */
export function pictureQueries(queries: readonly Query[]): readonly PictureQuery[] {
  if (!queries.every(isPicture)) throw new RangeError('only pictures can be asked here');
  return queries;
}
