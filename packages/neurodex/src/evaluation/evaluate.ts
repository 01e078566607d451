import { type Catalogue, pixelsOf, type StoredPicture, withRole } from '../catalogue/catalogue.ts';
import { NeurodexError } from '../errors.ts';
import { type Reporter, silentReporter } from '../progress.ts';
import type { Answer, System } from '../retrieval/system.ts';
import { gradesIn, pathOf } from './documents.ts';
import type { EvaluationQuery } from './queries.ts';
import { rankAsTrec, type ScoredDocument } from './ranking.ts';
import { DEFAULT_MEASURES, type ParsedMeasure } from './registry.ts';
import { Tally } from './score-run.ts';

export interface EvaluationOptions {
  readonly catalogue: Catalogue;
  readonly queries: readonly EvaluationQuery[];
  readonly measures?: readonly ParsedMeasure[];
  /** Pictures that a system ranks at once. */
  readonly batchSize?: number;
  readonly reporter?: Reporter;
}

/** The whole catalogue ranked for one query, best first, in the order of `rankAsTrec`. */
export interface Ranking {
  readonly query: string;
  /** Catalogue rows (StoredPicture.row), int32 [N]. */
  readonly rows: Int32Array;
  /** float64 [N] */
  readonly scores: Float64Array;
}

/** What one system is worth. */
export interface SystemEvaluation {
  readonly system: string;
  /** Measure label → mean over its queries; the measures of the indexing task only for a system that memorises. */
  readonly figures: Readonly<Record<string, number>>;
  /** Measure label → query name (for the indexing task: path of the catalogue picture) → value. */
  readonly perQuery: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** In the order of the queries, those without a relevant picture included; empty unless asked for. */
  readonly rankings: readonly Ranking[];
}

export interface SystemOptions extends EvaluationOptions {
  readonly system: System;
  /** Rankings take 12 bytes per query and catalogue picture. */
  readonly keepRankings?: boolean;
}

/**
 * Measure one system. Every query is answered with a full ranking (k = N). A query to which nothing in the catalogue
 * is relevant counts in no measure, as trec_eval leaves out what nobody judged; it is warned about. Measures of the
 * indexing task show the catalogue pictures themselves to the system.
 * @throws NeurodexError `usage` when there is no query to measure, `index-damaged` when a score is not a number
 */
export async function evaluateSystem(options: SystemOptions): Promise<SystemEvaluation> {
  const { measures = DEFAULT_MEASURES, reporter = silentReporter } = options;
  if (measures.some(({ measure }) => measure.task === 'retrieval')) countJudged(options.queries, reporter);
  return await measureSystem(options);
}

/** `evaluateSystem` for queries that were looked at with `countJudged` before. */
export async function measureSystem({
  system,
  keepRankings = false,
  ...options
}: SystemOptions): Promise<SystemEvaluation> {
  const { catalogue, queries, measures = DEFAULT_MEASURES, batchSize = 32, reporter = silentReporter } = options;
  const wanted = measures.filter(({ measure }) => measure.task === 'retrieval' || system.memorises);
  const retrieval = wanted.filter(({ measure }) => measure.task === 'retrieval');
  const indexing = wanted.filter(({ measure }) => measure.task === 'indexing');
  const indexed = withRole(catalogue, 'catalogue');
  const total =
    (retrieval.length > 0 || keepRankings ? queries.length : 0) + (indexing.length > 0 ? indexed.length : 0);
  const progress = (done: number) => reporter.progress({ phase: 'evaluate', done, total, unit: 'queries' });
  const gradesOf = gradesIn(catalogue);
  const shared = { system, catalogue, batchSize };

  const retrieved = new Tally(retrieval);
  const rankings: Ranking[] = [];
  let done = 0;
  if (retrieval.length > 0 || keepRankings) {
    for await (const { query, ranking } of rankAll({ ...shared, queries, k: indexed.length })) {
      progress(++done);
      if (query.relevant.size > 0) {
        retrieved.add(query.name, {
          ranking: ranking.map(({ document }) => document),
          grades: gradesOf(query),
        });
      }
      if (!keepRankings) continue;
      rankings.push({
        query: query.name,
        rows: Int32Array.from(ranking, ({ row }) => row),
        scores: Float64Array.from(ranking, ({ score }) => score),
      });
    }
  }

  const memorised = new Tally(indexing);
  if (indexing.length > 0) {
    // No measure of this task looks further than its cut-off, and a search for few answers is far cheaper.
    const k = Math.min(indexed.length, Math.max(...indexing.map(({ cutoff }) => cutoff ?? indexed.length)));
    const themselves = indexed.map((picture) => itself(catalogue, picture));
    for await (const { query, ranking } of rankAll({ ...shared, queries: themselves, k })) {
      progress(++done);
      memorised.add(query.name, {
        ranking: ranking.map(({ document }) => document),
        grades: gradesOf(query),
      });
    }
  }

  const values = new Map([...retrieved.values(), ...memorised.values()]);
  const inOrder = wanted.flatMap(({ label }) => {
    const value = values.get(label);
    return value === undefined ? [] : [{ label, ...value }];
  });
  return {
    system: system.name,
    figures: Object.fromEntries(inOrder.map(({ label, mean }) => [label, mean])),
    perQuery: new Map(inOrder.map(({ label, perQuery }) => [label, perQuery])),
    rankings,
  };
}

/**
 * How many queries can be measured; warns of the others.
 * @throws NeurodexError `usage` when there is none
 */
export function countJudged(queries: readonly EvaluationQuery[], reporter: Reporter): number {
  const without = queries.filter(({ relevant }) => relevant.size === 0);
  const judged = queries.length - without.length;
  if (judged === 0) {
    throw new NeurodexError(
      'usage',
      queries.length === 0
        ? 'there is no query to measure: this split has no pictures'
        : `there is no query to measure: none of the ${queries.length} has a relevant picture in the catalogue`,
      { hint: 'measure another split, or build the index with a larger share of queries (split.*)' },
    );
  }
  if (without.length > 0) {
    const [first] = without;
    reporter.warn(
      `${without.length} of ${queries.length} queries have no relevant picture in the catalogue and are not measured, ` +
        `${first?.name} among them`,
      { queries: without.length },
    );
  }
  return judged;
}

interface RankedDocument extends ScoredDocument {
  readonly row: number;
}

/** Answers of a system in the order of `rankAsTrec`, query by query, asked for in batches. */
async function* rankAll({
  system,
  catalogue,
  queries,
  k,
  batchSize,
}: {
  readonly system: System;
  readonly catalogue: Catalogue;
  readonly queries: readonly EvaluationQuery[];
  readonly k: number;
  readonly batchSize: number;
}): AsyncGenerator<{ readonly query: EvaluationQuery; readonly ranking: readonly RankedDocument[] }> {
  for (let from = 0; from < queries.length; from += batchSize) {
    const batch = queries.slice(from, from + batchSize);
    const answered = await system.rank(batch, k);
    for (let i = 0; i < batch.length; i++) {
      const query = batch[i] as EvaluationQuery;
      yield { query, ranking: ranked(catalogue, system, query, answered[i] ?? []) };
    }
  }
}

function ranked(
  catalogue: Catalogue,
  system: System,
  query: EvaluationQuery,
  answered: readonly Answer[],
): RankedDocument[] {
  const seen = new Set<number>();
  for (const { row, score } of answered) {
    // A picture answered twice would count twice: a fault of the system, not of the user.
    if (seen.has(row)) throw new Error(`the system ${system.name} answered ${pathOf(catalogue, row)} twice`);
    seen.add(row);
    if (!Number.isNaN(score)) continue;
    throw new NeurodexError(
      'index-damaged',
      `the system ${system.name} gives ${pathOf(catalogue, row)} a score that is not a number for the query ${query.name}`,
      { hint: 'rebuild the index', details: { system: system.name, query: query.name } },
    );
  }
  return rankAsTrec(answered.map(({ row, score }) => ({ row, score, document: pathOf(catalogue, row) })));
}

const itself = (catalogue: Catalogue, { path, row }: StoredPicture): EvaluationQuery => ({
  name: path,
  pixels: pixelsOf(catalogue, row),
  thumbnail: () => catalogue.thumbnail(row),
  relevant: new Set([row]),
});
