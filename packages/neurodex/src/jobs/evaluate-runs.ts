import { NeurodexError } from '../errors.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import { evaluateRuns, type RunsComparison } from '../evaluation/runs.ts';
import { type Qrels, type Run, readQrels, readRun } from '../evaluation/trec.ts';
import type { Reporter } from '../progress.ts';
import { refuseSpecialFile } from '../storage/special-files.ts';

/** A file by the name under which its figures are printed. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

export interface EvaluateRunsOptions {
  readonly qrels: NamedFile;
  readonly runs: readonly NamedFile[];
  readonly measures?: readonly ParsedMeasure[];
  /** Of the intervals; 0 unless told. */
  readonly seed?: number;
  readonly reporter: Reporter;
}

/** Judges TREC runs, whoever made them. @throws NeurodexError `source-missing`, `trec-malformed`, `usage` */
export async function judgeRuns({ qrels, runs, ...options }: EvaluateRunsOptions): Promise<RunsComparison> {
  return evaluateRuns({ ...options, qrelsFile: qrels.name, ...(await readRuns(qrels, runs)) }).comparison;
}

export async function readRuns(
  qrels: NamedFile,
  runs: readonly NamedFile[],
): Promise<{ qrels: Qrels; runs: Map<string, Run> }> {
  for (const { path } of [qrels, ...runs]) await refuseSpecialFile(path);
  const judgements = await readQrels(qrels.path);
  const read = new Map<string, Run>();
  for (const { name, path } of runs) {
    refuseTwice(name, read.has(name));
    read.set(name, await readRun(path));
  }
  return { qrels: judgements, runs: read };
}

/** @throws NeurodexError `usage` */
export function refuseTwice(name: string, twice: boolean): void {
  if (!twice) return;
  throw new NeurodexError('usage', `${name} is named twice`, { hint: 'name each once', details: { name } });
}
