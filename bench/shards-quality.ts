import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { z } from 'zod';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { type ShardedAnswer, ShardedIndex } from '../packages/neurodex/src/shards/sharded-index.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { median } from './statistics.ts';

const K = 10;
/** Searches that are timed one by one. */
const TIMED = 200;

export const qualitySchema = z.object({ 'P@10': z.number(), 'Success@10': z.number(), queryMs: z.number() });
export type Quality = z.infer<typeof qualitySchema>;

/** How well an index answers queries by their classes, and how fast one at a time. */
function qualityOf(labels: readonly string[], found: readonly (readonly string[])[], queryMs: number): Quality {
  const right = found.map((answers, i) => answers.filter((label) => label === labels[i]).length);
  return {
    'P@10': right.reduce((sum, n) => sum + n / K, 0) / labels.length,
    'Success@10': right.filter((n) => n > 0).length / labels.length,
    queryMs,
  };
}

async function medianMs<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (const item of items) {
    const began = performance.now();
    await work(item);
    times.push(performance.now() - began);
  }
  return median(times);
}

export const shardedSchema = qualitySchema.extend({
  /** Share of queries whose best shard by exhaustive search is among those that are asked. */
  routed: z.number(),
});
export type ShardedQuality = z.infer<typeof shardedSchema>;

/** Of an index in shards, that asks so many of them. */
export async function measureSharded(place: string, cache: string, asked: number): Promise<ShardedQuality> {
  const store = await openStore(place, { environment: process.env, reporter: silentReporter });
  const open = (count: number) => ShardedIndex.open({ store, cache, runtime: nodeRuntime(), asked: count });
  const index = await open(asked);
  const all = await open(index.plan.shards.length);
  try {
    const queries = queriesOf(index.base.store, 'test');
    const labels = index.base.store.queries('test').map((picture) => picture.labels[0] ?? '');
    const found = await index.rank(queries, K);
    const truth = await all.rank(queries, 1);
    const states = await defined((await index.base.system('dsi')).statesOf, 'states')(queries);
    const routed = truth.filter(([best], query) =>
      index.route(states, query, asked).includes(best?.shard ?? -1),
    ).length;
    const queryMs = await medianMs(queries.slice(0, TIMED), (query) => index.rank([query], K));
    const named = found.map((answers) => answers.map(({ picture }: ShardedAnswer) => picture.labels[0] ?? ''));
    return { ...qualityOf(labels, named, queryMs), routed: routed / queries.length };
  } finally {
    await all.close();
    await index.close();
  }
}

/** Of one index. */
export async function measureSingle(folder: string): Promise<Quality> {
  const index = await openIndex(folder, nodeRuntime());
  try {
    const dsi = await index.system('dsi');
    const queries = queriesOf(index.store, 'test');
    const labels = index.store.queries('test').map((picture) => picture.labels[0] ?? '');
    const found = await dsi.rank(queries, K);
    const queryMs = await medianMs(queries.slice(0, TIMED), (query) => dsi.rank([query], K));
    const named = found.map((answers) => answers.map(({ row }) => index.store.rows[row]?.labels[0] ?? ''));
    return qualityOf(labels, named, queryMs);
  } finally {
    await index.close();
  }
}
