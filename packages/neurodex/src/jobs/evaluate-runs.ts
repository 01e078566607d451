import type { Reporter } from '@neurodex/core';
import { type FailedInput, failedInput, NeurodexError } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import { evaluateRuns, type RunsComparison } from '../evaluation/runs.ts';
import { type Qrels, type Run, readQrels, readRun } from '../evaluation/trec-read.ts';

/** A file by the name under which its figures are printed. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

export interface EvaluateRunsOptions {
  readonly qrels: NamedFile;
  readonly runs: readonly NamedFile[];
  readonly measures?: readonly ParsedMeasure[];
  /** Of the intervals; 0 by default. */
  readonly seed?: number;
  readonly reporter: Reporter;
}

/**
 * Judges TREC runs, whoever made them. One that cannot be judged is in `failed`, as long as another can.
 * @throws NeurodexError `source-missing`, `source-unusable`, `trec-malformed`, `usage`
 */
export async function judgeRuns({ qrels, runs, ...options }: EvaluateRunsOptions): Promise<RunsComparison> {
  const read = await readRuns(qrels, runs, options.reporter);
  return evaluateRuns({ ...options, qrelsFile: qrels.name, ...read }).comparison;
}

/** @throws NeurodexError of the judgements, `usage` for a run that is named twice */
export async function readRuns(
  qrels: NamedFile,
  runs: readonly NamedFile[],
  reporter: Reporter,
): Promise<{ qrels: Qrels; runs: Map<string, Run>; failed: readonly FailedInput[] }> {
  runs.forEach(({ name }, i) => {
    refuseTwice(
      name,
      runs.slice(0, i).some((other) => other.name === name),
    );
  });
  const warn = (message: string): void => reporter.warn(message);
  await refuseSpecialFile(qrels.path);
  const judgements = await readQrels(qrels.path, { warn });
  const read = new Map<string, Run>();
  const failed: FailedInput[] = [];
  for (const { name, path } of runs) {
    try {
      read.set(name, await readRun(path, { warn }));
    } catch (error) {
      failed.push(failedInput(name, error));
    }
  }
  return { qrels: judgements, runs: read, failed };
}

/** @throws NeurodexError `usage` */
export function refuseTwice(name: string, twice: boolean): void {
  if (!twice) return;
  throw new NeurodexError('usage', `${name} is named twice`, { hint: 'name each once', details: { name } });
}
