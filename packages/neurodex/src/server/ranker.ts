import type { DigitAttention } from '../retrieval/attention.ts';
import type { Answer, SystemName } from '../retrieval/system.ts';

/** A query on its way to a system: what `QueryPicture` is, as plain data that threads can be sent. */
export interface PlainQuery {
  /** uint8 RGB [size, size, 3] */
  readonly pixels: Uint8Array;
  /** The picture as the catalogue would keep it, PNG; only for those who look at it (`NEEDS_THUMBNAIL`). */
  readonly thumbnail: Uint8Array | undefined;
}

/** Systems that look at more than the network's pixels. */
export const NEEDS_THUMBNAIL: { readonly [Name in SystemName]: boolean } = {
  dsi: false,
  bovw: true,
  pixels: false,
  encoder: true,
};

/** Ranks the catalogue of one index, somewhere else than on the thread that serves. */
export interface Ranker {
  rank(system: SystemName, queries: readonly PlainQuery[], k: number): Promise<Answer[][]>;
  /** How dsi writes the identifiers of catalogue pictures, and what it looks at, in a picture uint8 [Y,X,3]. */
  explain(pixels: Uint8Array, identifiers: readonly string[]): Promise<DigitAttention[][]>;
  close(): Promise<void>;
}
