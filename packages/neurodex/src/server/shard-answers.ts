import { NeurodexError } from '@neurodex/core';
import type { ShardAnswers } from '../shards/shard-source.ts';
import { ApiError } from './api/problems.ts';
import type { ShardQuestion } from './hosted.ts';
import type { Ranker } from './ranker.ts';

/** Errors of what a shard is read from: the server cannot help them, and its log says more. */
export const isOfStore = (error: unknown): error is NeurodexError =>
  error instanceof NeurodexError &&
  /^(store|object|index|cache|disk|output|shards)-/.test(error.code) &&
  error.code !== 'index-replaced';

/** Answers another server. @throws ApiError `shards-mixed`, `shards-unavailable` */
export async function answerShard(ranker: Ranker, question: ShardQuestion): Promise<readonly ShardAnswers[]> {
  if (ranker.searchShard === undefined) throw new TypeError('there are no shards to search');
  try {
    return await ranker.searchShard(question);
  } catch (error) {
    if (!isOfStore(error)) throw error;
    const { shard } = question;
    if (error.code === 'shards-mixed') {
      throw new ApiError('shards-mixed', `the record is none of shard ${shard} of the plan that is served here`, {
        hint: 'serve one place on all servers',
        cause: error,
      });
    }
    throw new ApiError('shards-unavailable', `shard ${shard} cannot be read now (${error.code})`, {
      hint: 'try again, or ask another server',
      retryAfter: 2,
      cause: error,
    });
  }
}
