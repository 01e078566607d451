import type { Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { measureSystem } from '../evaluation/evaluate.ts';
import { queriesOf } from '../evaluation/queries.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import type { Index } from '../systems/open-index.ts';
import type { StoredModel } from './models.ts';

const MEASURE = parseMeasure('AP@10');
/** The first that has a query with a relevant picture. */
const SPLITS = ['test', 'validation'] as const;

/** What storing the weights in fewer bits does to the answers. */
export interface QuantizationError {
  /** What was measured. */
  readonly measure: string;
  /** Of those queries. */
  readonly split: 'test' | 'validation';
  /** That were asked. */
  readonly queries: number;
  /** With the weights as they were trained. */
  readonly original: number;
  /** With the weights as they are stored. */
  readonly exported: number;
  /** original − exported: above 0, something is lost. */
  readonly loss: number;
}

/** Ranks the same queries with both. @returns null where the index has no query to measure on */
export async function quantizationError(
  index: Index,
  { original, model: exported, table }: StoredModel,
  runtime: Runtime,
  reporter: Reporter,
): Promise<QuantizationError | null> {
  const { store, manifest } = index;
  for (const split of SPLITS) {
    const queries = queriesOf(store, split).filter(({ relevant }) => relevant.size > 0);
    if (queries.length === 0) continue;
    const backbone = await index.backbone();
    const figure = async (model: DsiModel): Promise<number> => {
      const system = new DsiSystem({ runtime, table, search: manifest.config.retrieval, backbone, ...model });
      try {
        const { metrics } = await measureSystem({ system, store, queries, measures: [MEASURE], reporter });
        return metrics[MEASURE.label] ?? Number.NaN;
      } finally {
        await system.close();
      }
    };
    const [before, after] = [await figure(original), await figure(exported)];
    return {
      measure: MEASURE.label,
      split,
      queries: queries.length,
      original: before,
      exported: after,
      loss: before - after,
    };
  }
  return null;
}
