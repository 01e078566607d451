import { silentReporter } from '@neurodex/core';
import type { System } from '../query/system.ts';
import { countJudged, type EvaluationOptions, measureSystem, type SystemEvaluation } from './evaluate.ts';
import { drawQueries, PROTOCOLS, type ProtocolName } from './protocol.ts';
import { allIntervals, type Intervals, type Metrics, metricsOf, warnOfDepth } from './summary.ts';
import { openTrecFolder, writeTrec } from './trec-output.ts';

/** Systems side by side, over the same queries. What `evaluate --json` prints. */
export interface Comparison {
  /** N */
  readonly catalogue: number;
  /** Queries that were measured. */
  readonly queries: number;
  /** Queries left out because nothing in the catalogue is relevant to them. */
  readonly withoutRelevant: number;
  /** How queries were asked. */
  readonly protocol: ProtocolName;
  /** System → measure → its mean. */
  readonly systems: Metrics;
  /** System → measure → its interval. */
  readonly intervals: Intervals;
}

export interface ComparisonOptions extends EvaluationOptions {
  readonly systems: readonly System[];
  /** `full` by default. Its measures are measured unless others are asked for. */
  readonly protocol?: ProtocolName;
  /** Of the intervals and of the queries that a protocol draws; 0 by default. */
  readonly seed?: number;
  /** Folder for `qrels.txt` and one `run-<system>.txt` each; see `writeTrec`. */
  readonly trec?: string;
}

/**
 * Measure several systems on the same queries.
 * @throws NeurodexError as `evaluateSystem` and `writeTrec`
 */
export const evaluateSystems = async (options: ComparisonOptions): Promise<Comparison> =>
  (await evaluateInFull(options)).comparison;

/** `evaluateSystems`, with what is known of each query. */
export async function evaluateInFull({
  systems,
  trec,
  protocol: name = 'full',
  seed = 0,
  ...options
}: ComparisonOptions): Promise<{ comparison: Comparison; evaluations: readonly SystemEvaluation[] }> {
  const { store, reporter = silentReporter } = options;
  const protocol = PROTOCOLS[name];
  const { measures = protocol.measures } = options;
  const judged = countJudged(options.queries, reporter);
  const queries = drawQueries(options.queries, protocol, seed);
  const indexed = store.catalogue.length;
  warnOfDepth(measures, indexed, reporter);
  if (trec !== undefined)
    await openTrecFolder(
      trec,
      systems.map(({ name }) => name),
    );
  const evaluations: SystemEvaluation[] = [];
  for (const system of systems) {
    const evaluation = await measureSystem({ ...options, queries, measures, system, keepRankings: trec !== undefined });
    if (trec !== undefined) await writeTrec(trec, { catalogue: store, queries, evaluations: [evaluation] });
    // Rankings are large: one system's are let go before the next system is asked.
    evaluations.push({ ...evaluation, rankings: [] });
  }
  const comparison: Comparison = {
    catalogue: indexed,
    queries: Math.min(judged, queries.length),
    withoutRelevant: options.queries.length - judged,
    protocol: name,
    systems: metricsOf(evaluations),
    intervals: allIntervals(evaluations, seed),
  };
  return { comparison, evaluations };
}
