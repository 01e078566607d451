import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import type { Answer } from '../query/answers.ts';
import type { SystemName } from '../query/system.ts';
import type { ShardAnswers, ShardPicture } from '../shards/shard-source.ts';
import type { ShardQuestion } from './hosted.ts';

/** A query on its way to a system: what `Query` is, as plain data that threads can be sent. */
export interface PlainQuery {
  /** uint8 RGB [size, size, 3] */
  readonly pixels: Uint8Array;
  /** The picture as the catalogue would keep it, PNG; undefined where no system that is asked looks at it. */
  readonly thumbnail: Uint8Array | undefined;
  /** The file of the picture, where an encoder that is asked makes its own of it; undefined elsewhere. */
  readonly file?: Uint8Array | undefined;
  /** Of a picture of the same index, of which the catalogue knows the rest. */
  readonly row: number | undefined;
  /** Words beside the picture, or in its place. */
  readonly words?: QueryWords | undefined;
  /** Only pictures that a filter takes (`filter/`). */
  readonly where?: string | undefined;
  /** Whether it is to be said, too, how likely nothing is relevant to it: for that, what the network sees is looked at once more. */
  readonly none?: boolean | undefined;
}

/** What a system answers to one query. */
export interface Ranking {
  /** Best first. */
  readonly answers: readonly Answer[];
  /** Probability that nothing in the catalogue is relevant; undefined where nobody asked, or nobody knows. */
  readonly none: number | undefined;
  /** Of an index in shards, whose rows are numbers of pictures. */
  readonly sharded?: ShardedPart | undefined;
}

/** What else is known of answers of shards. */
export interface ShardedPart {
  /** Of the answers, in their order. */
  readonly pictures: readonly ShardPicture[];
  /** How many shards were asked and did not answer. */
  readonly leftOut: number;
}

/** The words of a query, as `normaliseText` leaves them. */
export interface QueryWords {
  /** In place of a picture; undefined where there is one. */
  readonly text: string | undefined;
  readonly plus: readonly string[];
  readonly minus: readonly string[];
}

/** A version of the index. It is opened for the first request that names it. */
export interface RankVersion {
  /** Of the version that the server opened: a thread that is started again later opens no other. */
  readonly digest: string;
}

/** Ranks the catalogue of one index, somewhere else than on the thread that serves. */
export interface Ranker {
  rank(system: SystemName, queries: readonly PlainQuery[], k: number): Promise<Ranking[]>;
  /** Probabilities that nothing in the catalogue is relevant, for pictures that neither dsi nor the encoder is asked for. */
  nones(queries: readonly PlainQuery[]): Promise<(number | undefined)[]>;
  /** How dsi writes the identifiers of catalogue pictures, and what it looks at. */
  explain(query: PlainQuery, identifiers: readonly string[]): Promise<TokenAttention[][]>;
  /** The answers of one shard to states, for another server; absent where there are no shards. */
  searchShard?(question: ShardQuestion): Promise<readonly ShardAnswers[]>;
  /** Ranks another version of the same build, with what the two have in common. */
  next?(version: RankVersion): Ranker;
  close(): Promise<void>;
}
