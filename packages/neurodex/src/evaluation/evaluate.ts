import { NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import type { System } from '../query/system.ts';
import { gradesIn, pathOf } from './documents.ts';
import type { EvaluationQuery, PictureEvaluationQuery } from './queries.ts';
import { type RankedRows, rankAll } from './rank-rows.ts';
import { DEFAULT_MEASURES, type ParsedMeasure } from './registry.ts';
import { type MeasureValues, Tally } from './score-run.ts';

export interface EvaluationOptions {
  readonly store: PictureStore;
  readonly queries: readonly EvaluationQuery[];
  readonly measures?: readonly ParsedMeasure[];
  /** Pictures that a system ranks at once. */
  readonly batchSize?: number;
  readonly reporter?: Reporter;
  /** Told of every ranking as it is made, of queries without a relevant picture too; keeping them all takes much room. */
  readonly onRanking?: (system: string, query: EvaluationQuery, ranking: RankedRows) => void;
}

/** The whole catalogue ranked for one query, best first, in the order of `rankAsTrec`. */
export interface Ranking extends RankedRows {
  readonly query: string;
}

/** What one system is worth. */
export interface SystemEvaluation {
  readonly system: string;
  /** Measure label → mean over its queries; the measures of the indexing task only for a system that memorises. */
  readonly metrics: Readonly<Record<string, number>>;
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
 * Measure one system. Every query is answered with a full ranking (k = N), by a system that memorises with no more than the
 * measures look at: it then searches as it does for people. A query to which nothing in the catalogue
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
  const { store, queries, measures = DEFAULT_MEASURES, batchSize = 32, reporter = silentReporter, onRanking } = options;
  const wanted = measures.filter(({ measure }) => measure.task === 'retrieval' || system.memorises);
  const retrieval = wanted.filter(({ measure }) => measure.task === 'retrieval');
  const indexing = wanted.filter(({ measure }) => measure.task === 'indexing');
  const indexed = store.catalogue;
  const total =
    (retrieval.length > 0 || keepRankings ? queries.length : 0) + (indexing.length > 0 ? indexed.length : 0);
  const progress = (done: number) => reporter.progress({ phase: 'evaluate', done, total, unit: 'queries' });
  const gradesOf = gradesIn(store);
  const documents = ({ rows }: RankedRows): string[] => Array.from(rows, (row) => pathOf(store, row));
  const shared = { system, catalogue: store, batchSize };

  const retrieved = new Tally(retrieval);
  const rankings: Ranking[] = [];
  let done = 0;
  if (retrieval.length > 0 || keepRankings) {
    const isWhole = keepRankings || onRanking !== undefined || !system.memorises;
    const k = isWhole ? indexed.length : furthest(retrieval, indexed.length);
    for await (const { query, ranking } of rankAll({ ...shared, queries, k })) {
      progress(++done);
      onRanking?.(system.name, query, ranking);
      if (query.relevant.size > 0) {
        retrieved.add(query.name, { ranking: documents(ranking), grades: gradesOf(query) });
      }
      if (keepRankings) rankings.push({ query: query.name, ...ranking });
    }
  }

  const memorised = new Tally(indexing);
  if (indexing.length > 0) {
    const k = furthest(indexing, indexed.length);
    const themselves = indexed.map((picture) => itself(store, picture));
    for await (const { query, ranking } of rankAll({ ...shared, queries: themselves, k })) {
      progress(++done);
      memorised.add(query.name, { ranking: documents(ranking), grades: gradesOf(query) });
    }
  }

  const values = new Map([...retrieved.values(), ...memorised.values()]);
  return { system: system.name, ...inOrder(wanted, values), rankings };
}

/** No measure looks further than its cut-off, and a search for few answers is far cheaper. */
const furthest = (measures: readonly ParsedMeasure[], N: number): number =>
  Math.min(N, Math.max(0, ...measures.map(({ cutoff }) => cutoff ?? N)));

/** Figures in the order in which their measures were asked for. */
function inOrder(
  measures: readonly ParsedMeasure[],
  values: ReadonlyMap<string, MeasureValues>,
): Pick<SystemEvaluation, 'metrics' | 'perQuery'> {
  const figures = measures.flatMap(({ label }) => {
    const value = values.get(label);
    return value === undefined ? [] : [{ label, ...value }];
  });
  return {
    metrics: Object.fromEntries(figures.map(({ label, mean }) => [label, mean])),
    perQuery: new Map(figures.map(({ label, perQuery }) => [label, perQuery])),
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

const itself = (store: PictureStore, { path, row }: StoredPicture): PictureEvaluationQuery => ({
  name: path,
  ...storedQuery(store, row),
  relevant: new Set([row]),
});
