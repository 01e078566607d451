import type { Reporter } from '@neurodex/core';
import { measureRelevance } from '../evaluation/calibration/measure-relevance.ts';
import type { RelevanceMeasures } from '../evaluation/calibration/relevance-measures.ts';
import type { EvaluationQuery } from '../evaluation/queries.ts';
import type { SystemName } from '../query/system.ts';
import type { Index } from '../systems/open-index.ts';
import { warnIfStale } from './stale-relevance.ts';

/** By system; those whose answers to such queries are calibrated. */
export type SystemsRelevance = { readonly [Name in SystemName]?: RelevanceMeasures };

/**
 * Measures the probabilities that systems of an index give to their answers.
 * @param queries all pictures, or all words
 * @returns null where no answers to such queries are calibrated @throws NeurodexError as `Index.judge`
 */
export async function measureProbabilities(
  index: Index,
  names: readonly SystemName[],
  queries: readonly EvaluationQuery[],
  reporter: Reporter,
): Promise<SystemsRelevance | null> {
  const [first] = queries;
  if (first === undefined) return null;
  const judges = await Promise.all(
    names.map(async (name) => {
      const judge = await index.judge(name);
      return judge?.judges(first) === true ? [{ name, judge }] : [];
    }),
  );
  const calibrated = judges.flat();
  if (calibrated.length > 0) await warnIfStale(index, reporter);
  const total = calibrated.length * queries.length;
  const found: { [Name in SystemName]?: RelevanceMeasures } = {};
  for (const [i, { name, judge }] of calibrated.entries()) {
    const measured = await measureRelevance(judge, queries, {
      catalogue: index.store.catalogue.length,
      onProgress: (done) =>
        reporter.progress({ phase: 'relevance', done: i * queries.length + done, total, unit: 'queries' }),
    });
    if (measured !== undefined) found[name] = measured;
  }
  return calibrated.length === 0 ? null : found;
}
