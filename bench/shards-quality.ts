import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, mapValues } from '@neurodex/core';
import { z } from 'zod';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { type ShardedAnswer, ShardedIndex } from '../packages/neurodex/src/shards/sharded-index.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { storeIn } from './shards-store.ts';
import { median } from './statistics.ts';

const K = 10;
/** Rounds in which all sides are timed in turn, and searches of each side in each round, one by one. */
const [ROUNDS, TIMED] = [10, 30];

export const qualitySchema = z.object({ 'P@10': z.number(), 'Success@10': z.number() });
export type Quality = z.infer<typeof qualitySchema>;

/** How well an index answers queries by their classes. */
function qualityOf(labels: readonly string[], found: readonly (readonly string[])[]): Quality {
  const right = found.map((answers, i) => answers.filter((label) => label === labels[i]).length);
  return {
    'P@10': right.reduce((sum, n) => sum + n / K, 0) / labels.length,
    'Success@10': right.filter((n) => n > 0).length / labels.length,
  };
}

export const shardedSchema = qualitySchema.extend({
  /** Share of queries whose best shard by exhaustive search is among those that are asked. */
  routed: z.number(),
});
export type ShardedQuality = z.infer<typeof shardedSchema>;

async function openSharded(place: string, cache: string, asked: number): Promise<ShardedIndex> {
  return await ShardedIndex.open({ store: await storeIn(place), cache, runtime: nodeRuntime(), asked });
}

/** Of an index in shards, that asks so many of them. */
export async function measureSharded(place: string, cache: string, asked: number): Promise<ShardedQuality> {
  const index = await openSharded(place, cache, asked);
  const all = await openSharded(place, cache, index.plan.shards.length);
  try {
    const queries = queriesOf(index.base.store, 'test');
    const labels = index.base.store.queries('test').map((picture) => picture.labels[0] ?? '');
    const found = await index.rank(queries, K);
    const truth = await all.rank(queries, 1);
    const states = await defined((await index.base.system('dsi')).statesOf, 'states')(queries);
    const routed = truth.filter(([best], query) =>
      index.route(states, query, asked).includes(best?.shard ?? -1),
    ).length;
    const named = found.map((answers) => answers.map(({ picture }: ShardedAnswer) => picture.labels[0] ?? ''));
    return { ...qualityOf(labels, named), routed: routed / queries.length };
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
    const named = found.map((answers) => answers.map(({ row }) => index.store.rows[row]?.labels[0] ?? ''));
    return qualityOf(labels, named);
  } finally {
    await index.close();
  }
}

/** Milliseconds of a query, the median of queries that are asked one by one. */
export const timesSchema = z.object({ sharded: z.number(), single: z.number(), small: z.number() });
export type QueryTimes = z.infer<typeof timesSchema>;

/** The sides are timed in turn, so that other work on the machine affects all of them alike. */
export async function measureTimes(
  { place, cache, asked }: { readonly place: string; readonly cache: string; readonly asked: number },
  folders: { readonly single: string; readonly small: string },
): Promise<QueryTimes> {
  const sharded = await openSharded(place, cache, asked);
  const single = await openIndex(folders.single, nodeRuntime());
  const small = await openIndex(folders.small, nodeRuntime());
  try {
    const queries = queriesOf(sharded.base.store, 'test');
    const sides = { sharded, single: await single.system('dsi'), small: await small.system('dsi') };
    const times: Record<keyof typeof sides, number[]> = { sharded: [], single: [], small: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['sharded', 'single', 'small'] as const) {
        for (let i = 0; i < TIMED; i++) {
          const query = defined(queries[(round * TIMED + i) % queries.length], 'a query');
          const began = performance.now();
          await sides[name].rank([query], K);
          times[name].push(performance.now() - began);
        }
      }
    }
    return mapValues(times, median);
  } finally {
    await small.close();
    await single.close();
    await sharded.close();
  }
}
