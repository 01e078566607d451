import type { Role } from '@neurodex/datasets';
import type { Selection } from '../jobs/answering.ts';
import type { Explanation } from '../jobs/attention.ts';
import type { Preprocessing } from '../query/preprocessing.ts';
import type { PictureQuery, Query, QueryKind } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import type { IndexedPicture, PicturePixels, SearchAnswer } from './results.ts';
import type { PictureName } from './search-query.ts';

/** What is known of a version of an index. */
export interface VersionFacts {
  readonly digest: string;
  readonly created: string;
  readonly source: string;
  readonly counts: Readonly<Record<Role, number>>;
  readonly systems: readonly SystemName[];
}

/** How pictures are read that are searched with. */
export interface Reading {
  readonly sizes: { readonly size: number; readonly thumbnail: number; readonly maxPixels: number };
  readonly preprocessing: Preprocessing | undefined;
}

/** A picture of a version, and what can be had of it. */
export interface StoredEntry {
  readonly picture: IndexedPicture;
  query(): Promise<PictureQuery>;
  /** PNG */
  thumbnail(): Promise<Uint8Array>;
  pixels(): Promise<PicturePixels>;
}

export interface VersionAnswers {
  readonly none: number | null;
  readonly nothingFound: boolean;
  readonly answers: readonly SearchAnswer[];
}

/** One version of an index, of a folder or of a place of shards, as the library searches it. */
export interface Version {
  readonly facts: VersionFacts;
  readonly reading: Reading;
  /** Those that take a kind of query, the default first. */
  systemsFor(kind: QueryKind): readonly SystemName[];
  /** Loads what systems need. @throws NeurodexError `system-missing`, `index-damaged` */
  prepare(systems: readonly SystemName[]): Promise<void>;
  /** Answers queries together. @throws NeurodexError as `answering` */
  answer(selection: Selection, queries: readonly Query[]): Promise<readonly VersionAnswers[]>;
  find(which: PictureName): Promise<StoredEntry | undefined>;
  pictures(): AsyncIterable<IndexedPicture>;
  /** Where the network looked. @param identifier that of the best answer by default @throws NeurodexError */
  explain(query: PictureQuery, identifier: string | undefined): Promise<Explanation>;
  close(): Promise<void>;
}

/** Where versions come from. */
export interface Versions {
  /** The version that is there now. */
  open(): Promise<Version>;
  close(): Promise<void>;
}
