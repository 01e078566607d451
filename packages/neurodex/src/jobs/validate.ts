import type { Runtime } from '@neurodex/autograd';
import { type Catalogue, withRole } from '../catalogue/catalogue.ts';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { evaluateSystem } from '../evaluation/evaluate.ts';
import { type EvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import type { Trie } from '../identifiers/trie.ts';
import { DsiSystem } from '../retrieval/dsi.ts';
import type { QueryEncoder } from '../retrieval/query-encoder.ts';
import { storedQuery } from '../retrieval/stored-query.ts';
import type { System } from '../retrieval/system.ts';
import type { Metrics } from '../training/early-stopping.ts';
import type { BatchMix } from '../training/plan.ts';

/** Pictures looked at per task: enough to choose by, few enough that looking costs little beside training. */
const MOST = 512;

/** Measures the network while it is trained: IA@1 on catalogue pictures, AP@10 on validation queries. */
export class Validator {
  private readonly system: DsiSystem;
  private readonly catalogue: Catalogue;
  private queries: readonly EvaluationQuery[];
  private readonly indexed: readonly EvaluationQuery[];
  private readonly encoder: QueryEncoder | undefined;
  private parameters = new Float32Array();

  constructor(options: {
    runtime: Runtime;
    geometry: Geometry;
    trie: Trie;
    catalogue: Catalogue;
    search: Config['retrieval'];
    /** In front of the network, where its stem is `encoder`. */
    encoder?: QueryEncoder | undefined;
  }) {
    const { catalogue, encoder, ...rest } = options;
    this.encoder = encoder;
    const inFront = encoder === undefined ? {} : { encoder };
    this.system = new DsiSystem({ ...rest, ...inFront, parameters: () => this.parameters });
    this.catalogue = catalogue;
    this.indexed = spread(withRole(catalogue, 'catalogue')).map(({ path, row }) => ({
      name: path,
      ...storedQuery(catalogue, row),
      relevant: new Set([row]),
    }));
    this.queries = spread(queriesOf(catalogue, 'validation').filter(({ relevant }) => relevant.size > 0));
  }

  /** Figures of the tasks that the phase trains. */
  async measure(parameters: Float32Array, mix: BatchMix): Promise<Metrics> {
    this.parameters = parameters as Float32Array<ArrayBuffer>;
    const figures: Record<string, number> = {};
    if (this.encoder !== undefined) this.queries = await embedded(this.queries, this.encoder);
    if (mix.retrieval > 0 && this.queries.length > 0) figures['AP@10'] = await this.figure(this.queries, 'AP@10');
    // A catalogue picture's only right answer is itself: indexing accuracy is success.
    if (mix.indexing > 0) figures['IA@1'] = await this.figure(this.indexed, 'Success@1');
    return figures;
  }

  /** The system with these parameters, until the next measurement. */
  systemOf(parameters: Float32Array): System {
    this.parameters = parameters as Float32Array<ArrayBuffer>;
    return this.system;
  }

  private async figure(queries: readonly EvaluationQuery[], measure: string): Promise<number> {
    const { figures } = await evaluateSystem({
      system: this.system,
      catalogue: this.catalogue,
      queries,
      measures: [parseMeasure(measure)],
    });
    return figures[measure] ?? 0;
  }

  close(): Promise<void> {
    return this.system.close();
  }
}

/** Queries that are views of pictures have no embedding yet: they are looked at many times, and encoded once. */
async function embedded(queries: readonly EvaluationQuery[], encoder: QueryEncoder): Promise<EvaluationQuery[]> {
  const known: EvaluationQuery[] = [];
  for (const query of queries) {
    if (query.stored !== undefined) {
      known.push(query);
      continue;
    }
    const values = await encoder.embed([query]);
    known.push({ ...query, stored: { encoder: encoder.sha256, embedding: () => values } });
  }
  return known;
}

/** At most MOST of them, evenly spread. */
function spread<T>(items: readonly T[]): T[] {
  if (items.length <= MOST) return [...items];
  return Array.from({ length: MOST }, (_, i) => items[Math.floor((i * items.length) / MOST)] as T);
}
