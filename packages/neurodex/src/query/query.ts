import type { Picture } from '@neurodex/datasets/picture';

/** Every kind of query that a system may accept. */
export const QUERY_KINDS = ['picture'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

/** A picture in the sizes that systems read. */
export interface PictureQuery {
  readonly kind: 'picture';
  /** As the network reads it: uint8 RGB [Y,X,3]. */
  readonly pixels: Uint8Array;
  /** As the catalogue keeps it for people, and as the bag of visual words reads it; made when asked for. */
  thumbnail(): Promise<Picture>;
  /** What an encoder made of it, where that is stored. */
  readonly embedding?: StoredEmbedding;
}

export interface StoredEmbedding {
  /** SHA-256 of the encoder. */
  readonly producer: string;
  /** float32 [P,C] */
  read(): Float32Array;
}

/** What can be searched with. */
export type Query = PictureQuery;
