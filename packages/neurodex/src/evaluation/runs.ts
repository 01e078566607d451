import {
  type FailedInput,
  failedInput,
  NeurodexError,
  type Reporter,
  silentReporter,
  tooFewLeft,
  withFailed,
} from '@neurodex/core';
import { DEFAULT_MEASURES, type ParsedMeasure } from './registry.ts';
import { scoreRun } from './score-run.ts';
import { allIntervals, type Intervals, type Measured, type Metrics, measuredRun, metricsOf } from './summary.ts';
import { type Qrels, type Run, shownName } from './trec-read.ts';

export interface RunsOptions {
  readonly qrels: Qrels;
  /** For messages. */
  readonly qrelsFile: string;
  /** By the names that they have in the result. */
  readonly runs: ReadonlyMap<string, Run>;
  /** Runs that could not be read. */
  readonly failed?: readonly FailedInput[];
  readonly measures?: readonly ParsedMeasure[];
  readonly seed?: number;
  readonly reporter?: Reporter;
}

/** Runs side by side. What `evaluate --run … --qrels … --json` prints. */
export interface RunsComparison {
  /** Judged queries, all of which count. */
  readonly queries: number;
  /** Those of them for which nothing is judged relevant; every measure of theirs is 0. */
  readonly withoutRelevant: number;
  readonly systems: Metrics;
  readonly intervals: Intervals;
  /** Runs that cannot be judged, and why. */
  readonly failed?: readonly FailedInput[];
}

/**
 * Judge runs that anything may have made, as `trec_eval -c` does: every judged query counts, one that a run does not
 * answer as zero. What the files leave open is warned about. A run that cannot be judged leaves the others as they are.
 * @throws NeurodexError `usage` for measures of the indexing task, `trec-malformed` when the judgements are none, or no
 *   run is left
 */
export function evaluateRuns({
  qrels,
  qrelsFile,
  runs,
  failed: before = [],
  measures = DEFAULT_MEASURES.filter(({ measure }) => measure.task === 'retrieval'),
  seed = 0,
  reporter = silentReporter,
}: RunsOptions): { comparison: RunsComparison; measured: readonly Measured[] } {
  refuseIndexing(measures);
  if (qrels.size === 0) throw nothing(qrelsFile, 'holds no judgement', 'lines are "query 0 document grade"');
  let withoutRelevant = 0;
  for (const [, grades] of qrels) if (![...grades.values()].some((grade) => grade > 0)) withoutRelevant++;
  if (withoutRelevant > 0) {
    reporter.warn(
      `${withoutRelevant} of ${qrels.size} queries have no relevant document in ${qrelsFile} and count as 0`,
    );
  }
  const measured: Measured[] = [];
  const failed = [...before];
  for (const [name, run] of runs) {
    try {
      checkRun(name, run, qrels, qrelsFile, reporter);
      measured.push(measuredRun(name, scoreRun(qrels, run, measures)));
    } catch (error) {
      failed.push(failedInput(name, error));
    }
  }
  if (measured.length === 0) throw tooFewLeft(failed);
  const comparison: RunsComparison = {
    queries: qrels.size,
    withoutRelevant,
    systems: metricsOf(measured),
    intervals: allIntervals(measured, seed),
    ...withFailed(failed),
  };
  return { comparison, measured };
}

function checkRun(name: string, run: Run, qrels: Qrels, qrelsFile: string, reporter: Reporter): void {
  if (run.size === 0) throw nothing(name, 'holds no answer', 'lines are "query Q0 document rank score tag"');
  const judged = [...run.keys()].filter((query) => qrels.has(query)).length;
  for (const query of run.keys()) {
    if (!qrels.has(query)) continue;
    run.refuseTwice?.(query);
    qrels.refuseTwice?.(query);
  }
  if (judged === 0) {
    const [ours] = run.keys();
    const [theirs] = qrels.keys();
    throw nothing(
      name,
      `answers none of the queries that ${qrelsFile} judges`,
      `queries must have the same names in both: here ${shown(ours)}, there ${shown(theirs)}`,
    );
  }
  const unanswered = qrels.size - judged;
  if (unanswered > 0)
    reporter.warn(`${name}: ${unanswered} of ${qrels.size} judged queries not answered, counted as 0`);
  const unjudged = run.size - judged;
  if (unjudged > 0)
    reporter.warn(`${name}: ${unjudged} of ${run.size} answered queries not judged in ${qrelsFile}, not counted`);
}

function refuseIndexing(measures: readonly ParsedMeasure[]): void {
  const found = measures.find(({ measure }) => measure.task === 'indexing');
  if (found === undefined) return;
  throw new NeurodexError('usage', `${found.label} is of the indexing task, and a run holds answers to queries only`, {
    hint: `leave out ${found.label}, or evaluate the index itself`,
    details: { measure: found.label },
  });
}

const shown = (name = ''): string => JSON.stringify(shownName(name));

const nothing = (file: string, what: string, hint: string): NeurodexError =>
  new NeurodexError('trec-malformed', `${file} ${what}`, { hint, details: { file } });
