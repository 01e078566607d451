import type { Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import type { IndexManifest } from '../artifact/manifest.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { PictureQuery, QueryKind } from '../query/query.ts';
import type { System } from '../query/system.ts';
import type { SharedParts } from './shared-parts.ts';

/** Parts of an index that a build makes because a system needs them; the pictures are in every index. */
export type IndexPart = 'network' | 'vocabulary' | 'encoder';

/** What a system is opened with. */
export interface SystemContext {
  readonly artifact: IndexArtifact;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
  /** Sizes in which the network takes queries together (`DsiOptions.batches`). */
  readonly batches?: readonly number[] | undefined;
  /** What versions of the index have in common, where there are several. */
  readonly shared?: SharedParts | undefined;
  /** Told of words that are read to the token `read` of `tokens`; a warning by default. */
  readonly onLongText?: ((read: number, tokens: number) => void) | undefined;
  /** The encoder of the index; opened when first asked for, and closed with the index. */
  queryEncoder(): Promise<QueryEncoder>;
}

/** Makes what a column of the catalogue holds of pictures. */
export interface VectorMaker {
  /** One vector for each query. */
  of(queries: readonly PictureQuery[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** A column of vectors that a system keeps in the catalogue. */
export interface VectorColumn {
  readonly name: string;
  /** For pictures that come to an index. @throws NeurodexError `index-damaged` */
  maker(context: SystemContext): Promise<VectorMaker>;
}

/** All that distinguishes a system from the others. */
export interface SystemDeclaration {
  /** One line for help and docs. */
  readonly summary: string;
  /** What a score is. Higher is better for all of them. */
  readonly score: string;
  /** The score of a picture of which the system knows nothing; absent where every score says something. */
  readonly silentScore?: number;
  /** The queries that it takes in an index; others are refused, naming the systems that take them. */
  accepts(manifest: Pick<IndexManifest, 'text'>): readonly QueryKind[];
  /** What has to be built for it. */
  readonly needs: IndexPart | undefined;
  /** Every index has it, whether or not the index lists it: it is made of what the catalogue says. */
  readonly isImplied?: true;
  /** Its column of vectors, where it has one. */
  readonly column: VectorColumn | undefined;
  /** Bytes in memory that each query is compared with, where that is much: absent where it is little. */
  comparedBytes?(store: PictureStore): number;
  /** Whether an index holds what it is made of. */
  isStored(manifest: Pick<IndexManifest, 'model' | 'bovw' | 'encoder'>): boolean;
  /** @throws NeurodexError `index-damaged`, also when its parts do not belong together */
  open(context: SystemContext): Promise<System>;
}
