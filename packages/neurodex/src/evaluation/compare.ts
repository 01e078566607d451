import { withRole } from '../catalogue/catalogue.ts';
import { silentReporter } from '../progress.ts';
import type { System } from '../retrieval/system.ts';
import { countJudged, type EvaluationOptions, measureSystem } from './evaluate.ts';
import { writeTrec } from './trec-output.ts';

/** Systems side by side, over the same queries. What `evaluate --json` prints. */
export interface Comparison {
  /** N */
  readonly catalogue: number;
  /** Queries that were measured. */
  readonly queries: number;
  /** System → measure label → figure. */
  readonly systems: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * Measure several systems on the same queries.
 * @throws NeurodexError as `evaluateSystem` and `writeTrec`
 */
export async function evaluateSystems({
  systems,
  trec,
  ...options
}: EvaluationOptions & {
  readonly systems: readonly System[];
  /** Folder for `qrels.txt` and one `run-<system>.txt` each; see `writeTrec`. */
  readonly trec?: string;
}): Promise<Comparison> {
  const { catalogue, queries, reporter = silentReporter } = options;
  const judged = countJudged(queries, reporter);
  const figures: Record<string, Readonly<Record<string, number>>> = {};
  for (const system of systems) {
    const evaluation = await measureSystem({ ...options, system, keepRankings: trec !== undefined });
    figures[system.name] = evaluation.figures;
    if (trec !== undefined) await writeTrec(trec, { catalogue, queries, evaluations: [evaluation] });
  }
  return { catalogue: withRole(catalogue, 'catalogue').length, queries: judged, systems: figures };
}
