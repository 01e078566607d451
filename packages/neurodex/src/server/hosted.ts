import type { Role } from '@neurodex/datasets';
import type { ContentDigest } from '@neurodex/objects';
import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import type { QueryKind } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import type { ShardAnswers } from '../shards/shard-source.ts';
import type { IndexCard, IndexDetails, PictureFacts, PicturePage } from './api/schemas.ts';
import type { Waiting } from './batcher.ts';
import type { Judging } from './judging.ts';
import type { PlainQuery, Ranking } from './ranker.ts';

/** What a system answers to one query. */
export interface HostedRanking extends Pick<Ranking, 'answers' | 'none'> {
  /** Whether a part of the catalogue did not answer. */
  readonly partial?: boolean | undefined;
  /** What is known of the pictures of the answers, by row, where that came with them. */
  readonly facts?: ReadonlyMap<number, PictureFacts> | undefined;
}

/** What tells versions of an index apart. */
export interface HostedVersion {
  readonly digest: string;
  /** Of the build, which all versions that came of it share. */
  readonly created: string;
  readonly changes?: { readonly revision: number } | undefined;
}

/** What pictures that are asked are made into. */
export interface Reading {
  /** Edge of a picture as the network sees it, in pixels. */
  readonly size: number;
  /** Edge of a picture as it is stored, in pixels. */
  readonly thumbnail: number;
  /** Of a picture that is decoded. */
  readonly maxPixels: number;
  /** Whether an encoder makes its own of the file. */
  readonly needsFile: boolean;
}

/** A picture of what is hosted, as it was found by its number. */
export interface FoundPicture {
  /** Its place in this version. */
  readonly row: number;
  readonly facts: PictureFacts;
  /** Of the file that it is stored in: changes when the picture does. */
  readonly digest: string;
  /** As it is stored, PNG. */
  image(): Promise<Uint8Array>;
  /** The picture as a query of its own index, and the rows that are known to be relevant to it; null where nobody knows. */
  asked(): Promise<{ readonly query: PlainQuery; readonly relevant: ReadonlySet<number> | null }>;
}

export interface Page {
  readonly role?: Role | undefined;
  readonly label?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** What is searched by states, for another server. */
export interface ShardQuestion {
  readonly shard: number;
  /** The version of the shard. */
  readonly record: ContentDigest;
  /** Unit vectors, float32 [B, D]. */
  readonly states: Float32Array<ArrayBuffer>;
  readonly k: number;
  /** Of each query: `ShardSource.search`. */
  readonly shares?: readonly number[] | undefined;
}

/** Shards, for servers that front this one. */
export interface HostedShard {
  /** D */
  readonly width: number;
  /** S */
  readonly count: number;
  /** @throws ApiError `shards-mixed`, `shards-unavailable` */
  search(question: ShardQuestion): Promise<readonly ShardAnswers[]>;
}

/** One version of what is served under an id: an index, or an index in shards. */
export interface Hosted {
  readonly id: string;
  readonly version: HostedVersion;
  readonly card: IndexCard;
  readonly details: IndexDetails;
  readonly reading: Reading;
  /** What is known of the relevance of answers. */
  readonly judging: Pick<Judging, 'judge' | 'knowsNone' | 'readers'>;
  /** Systems that look at more of a query than the network's pixels. */
  readonly lookAtThumbnails: ReadonlySet<SystemName>;
  /** Undefined for one that is not in shards. */
  readonly shards: HostedShard | undefined;
  /** What it answers with where a picture is asked for. */
  readonly systems: readonly SystemName[];
  has(system: SystemName): boolean;
  /** Its systems that take a kind of query. */
  systemsFor(kind: QueryKind): readonly SystemName[];
  /** @throws NeurodexError `query-unsupported` */
  refuseUnaccepted(system: SystemName, kind: QueryKind): void;
  /** Says that a query of a system will come; call what is returned when it has, or never will. @throws RangeError for a system that it does not have */
  announce(system: SystemName): () => void;
  /** Queries that wait, by system. */
  queues(): { index: string; system: SystemName; waiting: number }[];
  /** The best answers of a system, without pictures that are hidden. @throws as `Batcher.ask` */
  rank(system: SystemName, query: PlainQuery, k: number, waiting: Waiting): Promise<HostedRanking>;
  /** Probability that nothing is relevant to a picture; undefined where nobody knows. @throws as `Batcher.ask` */
  none(query: PlainQuery, waiting: Waiting): Promise<number | undefined>;
  /** How dsi writes the identifiers of catalogue pictures, and what it looks at. */
  explain(query: PlainQuery, identifiers: readonly string[]): Promise<TokenAttention[][]>;
  /** Undefined for a row that it does not have, or hides. */
  picture(row: number): Promise<PictureFacts | undefined>;
  /** Undefined where it has no picture with this number, or hides it. */
  find(number: number): Promise<FoundPicture | undefined>;
  /** In the order of the rows. @throws ApiError `parameter-invalid` */
  pictures(page: Page): Promise<PicturePage>;
  /** A picture is to be removed: from now on nobody sees it. @param picture its number */
  hide(picture: number): void;
  /** It could not be removed. */
  show(picture: number): void;
  /** Numbers of the pictures that it hides. */
  hidden(): readonly number[];
  /** What the version before hides, this one hides as well, where it still has it. */
  hideAs(before: Pick<Hosted, 'version' | 'hidden'>): void;
  /** @throws ApiError `index-fixed` */
  checkWritable(): void;
  /** @throws ApiError `report-impossible` */
  checkMeasurable(): void;
  close(): Promise<void>;
}
