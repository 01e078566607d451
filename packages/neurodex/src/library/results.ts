import type { Role } from '@neurodex/datasets';
import type { SystemName } from '../query/system.ts';
import type { SearchQuery } from './search-query.ts';

/** A picture of an index. */
export interface IndexedPicture {
  /** Its path relative to the source; no other picture of the index has it. */
  readonly name: string;
  /** Its number for as long as it is in the index; no other picture gets it. */
  readonly id: number;
  /** Its classes; none in a flat folder. */
  readonly labels: readonly string[];
  /** Sentences that describe it, where the data set had some. */
  readonly captions: readonly string[];
  /** Whether searches find it (`catalogue`), or it is a query that the index was trained or measured with. */
  readonly role: Role;
  /** The tokens that the network writes for it; null for a query. */
  readonly identifier: string | null;
}

/** One answer to a query. */
export interface SearchAnswer {
  /** Its place in the ranking, from 1. */
  readonly rank: number;
  /** The name of the picture: its path relative to the source. */
  readonly name: string;
  /** The number of the picture. */
  readonly id: number;
  /** The classes of the picture. */
  readonly labels: readonly string[];
  /** The tokens that the network writes for it. */
  readonly identifier: string;
  /** Of the system that answered; higher is better. Of `dsi` it is a log-probability, of the others a similarity. */
  readonly score: number;
  /** Estimated probability that it is relevant, 0 … 1; null where answers to such queries are not calibrated. */
  readonly relevance: number | null;
}

/**
 * The answers to one query, the best first: a loop over it gives them one by one.
 *
 * @typeParam Query the query, as it was given
 */
export interface SearchResult<Query extends SearchQuery = SearchQuery> extends Iterable<SearchAnswer> {
  /** The query, as it was given. */
  readonly query: Query;
  /** Best first. Empty where nothing matches, most likely, unless `all` was asked for. */
  readonly answers: readonly SearchAnswer[];
  /** Which system answered. */
  readonly system: SystemName;
  /** Probability that nothing in the catalogue is relevant; null where nobody knows. */
  readonly none: number | null;
  /** Whether the likeliest outcome is that nothing is relevant. */
  readonly nothingFound: boolean;
}

/** A picture of the index in a form that pages can show, or that programs can compute with. */
export interface PicturePixels {
  /** Edge of the square picture. */
  readonly size: number;
  /** uint8 RGB [size, size, 3], row by row. */
  readonly pixels: Uint8Array;
}

/** A warning of an index that is open. */
export interface IndexWarning {
  /** A sentence. */
  readonly message: string;
  /** The figures and names that are in the message. */
  readonly details: Readonly<Record<string, string | number>>;
}

/** How many pictures an index has of each kind. */
export interface QueryCounts {
  /** Queries that the network learned from. */
  readonly train: number;
  /** Queries that decided when to stop, and what scores mean. */
  readonly validation: number;
  /** Queries that are kept for measuring. */
  readonly test: number;
}
