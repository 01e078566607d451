import type { Runtime } from '@neurodex/autograd';
import { evenly } from '@neurodex/core';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { Memory } from '../dsi/model/memory.ts';
import type { PrefixTable } from '../dsi/model/prefix-table.ts';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { evaluateSystem } from '../evaluation/evaluate.ts';
import { type PictureEvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import type { System } from '../query/system.ts';
import type { Metrics } from './early-stopping.ts';
import { MOST_VALIDATED } from './most-validated.ts';
import type { BatchMix } from './plan.ts';

/** Measures the network while it is trained: IA@1 on catalogue pictures, AP@10 on validation queries. */
export class Validator {
  private readonly system: DsiSystem;
  private readonly store: PictureStore;
  private queries: readonly PictureEvaluationQuery[];
  private readonly indexed: readonly PictureEvaluationQuery[];
  private readonly backbone: QueryEncoder | undefined;
  private parameters: Float32Array = new Float32Array();

  constructor(options: {
    runtime: Runtime;
    geometry: Geometry;
    table: PrefixTable;
    store: PictureStore;
    search: Config['retrieval'];
    /** The encoder in front of the network, where it has one. */
    backbone?: QueryEncoder | undefined;
    /** Of a network whose output is one. */
    memory?: Memory | undefined;
  }) {
    const { store, ...rest } = options;
    this.backbone = options.backbone;
    this.system = new DsiSystem({ ...rest, parameters: () => this.parameters });
    this.store = store;
    this.indexed = evenly(store.catalogue, MOST_VALIDATED).map(({ path, row }) => ({
      name: path,
      ...storedQuery(store, row),
      relevant: new Set([row]),
    }));
    this.queries = evenly(
      queriesOf(store, 'validation').filter(({ relevant }) => relevant.size > 0),
      MOST_VALIDATED,
    );
  }

  /** Metrics of the tasks that the phase trains. */
  async measure(parameters: Float32Array, mix: BatchMix): Promise<Metrics> {
    this.parameters = parameters;
    const metrics: Record<string, number> = {};
    if (this.backbone !== undefined) this.queries = await embedded(this.queries, this.backbone);
    if (mix.retrieval > 0 && this.queries.length > 0) metrics['AP@10'] = await this.metric(this.queries, 'AP@10');
    // A catalogue picture's only right answer is itself: indexing accuracy is success.
    if (mix.indexing > 0) metrics['IA@1'] = await this.metric(this.indexed, 'Success@1');
    return metrics;
  }

  /** The system with these parameters, until the next measurement. */
  systemOf(parameters: Float32Array): System {
    this.parameters = parameters;
    return this.system;
  }

  private async metric(queries: readonly PictureEvaluationQuery[], measure: string): Promise<number> {
    const { metrics } = await evaluateSystem({
      system: this.system,
      store: this.store,
      queries,
      measures: [parseMeasure(measure)],
    });
    return metrics[measure] ?? 0;
  }

  close(): Promise<void> {
    return this.system.close();
  }
}

/** Queries that are views of pictures have no embedding yet: they are ranked many times, and encoded once. */
async function embedded(
  queries: readonly PictureEvaluationQuery[],
  backbone: QueryEncoder,
): Promise<PictureEvaluationQuery[]> {
  const known: PictureEvaluationQuery[] = [];
  for (const query of queries) {
    if (query.embedding !== undefined) {
      known.push(query);
      continue;
    }
    const values = await backbone.embed([query]);
    known.push({ ...query, embedding: { producer: backbone.sha256, read: () => values } });
  }
  return known;
}
