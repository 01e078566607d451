import { NeurodexError } from '@neurodex/core';
import { FINE_BATCHES, fillingBatch } from '../dsi/search/batch-sizes.ts';
import type { SystemName } from '../query/system.ts';
import { Batcher, type BatcherOptions } from './batcher.ts';
import type { Limits } from './limits.ts';
import type { PlainQuery, Ranker, Ranking } from './ranker.ts';

export interface BatchingOptions {
  readonly limits: Pick<Limits, 'batch' | 'batchWindow'>;
  readonly onBatch: (index: string, system: SystemName, queries: number, seconds: number) => void;
}

/** How batches leave for what ranks them. */
type Departure = Pick<BatcherOptions<PlainQuery, Ranking>, 'lanes' | 'fill'>;

/** One batch is computed while the answers of the other are put in order, or its pictures decoded. */
const OVERLAPPING: Departure = { lanes: 2 };

/**
 * Of a network that computes alone on its thread. Two batches there take turns, and both are answered when the second one is; and a
 * place that nobody takes costs as much as one that is taken.
 */
const FULL_IN_TURN: Departure = { lanes: 1, fill: (queries) => fillingBatch(queries, FINE_BATCHES) };

/** @param alone whether nothing but the processor computes the network of dsi, and no encoder in front of it */
export function batcherOf(
  system: SystemName,
  { id, ranker, onBatch, limits, alone }: BatchingOptions & Batched & { readonly id: string },
): Batcher<PlainQuery, Ranking> {
  return new Batcher({
    ...batching(limits),
    ...(system === 'dsi' && alone ? FULL_IN_TURN : OVERLAPPING),
    run: (queries, k) => ranker.rank(system, queries, k),
    onBatch: (queries, seconds) => onBatch(id, system, queries, seconds),
  });
}

interface Batched {
  readonly ranker: Ranker;
  readonly alone: boolean;
}

/** Of how likely nothing is relevant to pictures. */
export const nonesBatcher = ({
  limits,
  ranker,
}: BatchingOptions & Pick<Batched, 'ranker'>): Batcher<PlainQuery, number | undefined> =>
  new Batcher({ ...batching(limits), lanes: OVERLAPPING.lanes, run: (queries) => ranker.nones(queries) });

const batching = ({ batch, batchWindow }: BatchingOptions['limits']) => ({
  size: batch,
  window: batchWindow,
  isOfQuery,
});

/** Nobody is refused for what another one asked. */
const isOfQuery = (error: unknown): boolean =>
  error instanceof NeurodexError && /^(query|text|filter)-/.test(error.code);
