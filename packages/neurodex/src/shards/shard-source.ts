import type { ContentDigest } from '@neurodex/objects';
import type { Answer } from '../query/answers.ts';

/** A shard as a router has it. */
export interface RoutedShard {
  /** Its number. */
  readonly shard: number;
  readonly pictures: number;
  /** Its record, which is never written over: it names one version of the shard. */
  readonly record: ContentDigest;
}

/** What is known of a picture of a shard. */
export interface ShardPicture {
  /** Its number for as long as it is in the shard. */
  readonly id: number;
  /** Path relative to the source. */
  readonly path: string;
  readonly labels: readonly string[];
  /** The tokens that name it within its shard. */
  readonly identifier: string;
  /** SHA-256 of the file that it is stored in: changes when the picture does. */
  readonly stored: string;
}

export interface FoundInShard extends Answer {
  readonly picture: ShardPicture;
}

/** What one shard answers to one query. */
export interface ShardAnswers {
  /** log Σ exp(τ·x·h) over the pictures of the shard. */
  readonly logSum: number;
  /** Best first, with log P(id | q, shard). */
  readonly answers: readonly FoundInShard[];
}

/** Whatever searches shards: this process, or servers. */
export interface ShardSource {
  /**
   * @param states of the queries, unit vectors, float32 [B, D] @param k answers to each, 1 or more
   * @param shares of the shards that a query is sent to, the probability of this one: so much of the beam is its; all of it by default
   * @returns what the shard answers to each query
   * @throws NeurodexError why the shard does not answer
   */
  search(
    shard: RoutedShard,
    states: Float32Array,
    k: number,
    shares?: readonly number[],
  ): Promise<readonly ShardAnswers[]>;
  /** The thumbnail of a row, PNG, where the source has the pictures themselves. @throws NeurodexError why it cannot be read */
  thumbnail?(shard: RoutedShard, row: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
