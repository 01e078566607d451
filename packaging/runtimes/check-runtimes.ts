import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawFolders } from '../../tests/drawn-folders.fixture.ts';
import type { Project } from '../project.ts';
import { Job, MAIN_JOB, type Shown } from './main-job.ts';
import { installRuntime, RUNTIME_NAMES, type Runtime, type RuntimeName } from './runtimes.ts';

/** What came of one step on one runtime. */
export interface Outcome {
  readonly seconds: number;
  readonly shown: Shown;
  /** Null where it worked. */
  readonly fault: string | null;
}
export interface Row {
  readonly runtime: Runtime;
  readonly outcomes: readonly Outcome[];
}

/** Where runtimes stay. */
export const RUNTIMES_FOLDER = fileURLToPath(new URL('../.runtimes', import.meta.url));

export interface RuntimesOptions {
  /** Has neurodex installed, and the folder photos. */
  readonly project: Project;
  /** Of the runtimes; kept. */
  readonly folder: string;
  readonly registry: string;
  readonly only?: readonly RuntimeName[];
  readonly log: (line: string) => void;
}

/**
 * The main job on every runtime, with what each step shows compared with the first runtime.
 * @returns rows, without the runtimes that the registry does not have for this platform
 */
export async function checkRuntimes({ project, folder, registry, only, log }: RuntimesOptions): Promise<Row[]> {
  await drawFolders(join(project.folder, 'more'), { violet: '#82c' }, 'png');
  const rows: Row[] = [];
  for (const name of only ?? RUNTIME_NAMES) {
    const runtime = await installRuntime(name, folder, registry);
    if (runtime === null) {
      log(`left out: the registry has no ${name} for ${process.platform}-${process.arch}`);
      continue;
    }
    rows.push({ runtime, outcomes: await outcomesOf(new Job(project, runtime), rows[0]?.outcomes, log) });
  }
  return rows;
}

async function outcomesOf(
  job: Job,
  first: readonly Outcome[] | undefined,
  log: RuntimesOptions['log'],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [i, { name, run }] of MAIN_JOB.entries()) {
    const began = performance.now();
    const [shown, error] = await run(job).then(
      (text) => [text, null] as const,
      (failed: unknown) => ['', failed instanceof Error ? failed.message : String(failed)] as const,
    );
    const seconds = (performance.now() - began) / 1000;
    const expected = first?.[i];
    const differs = error === null && expected?.fault === null && expected.shown !== shown;
    const fault = differs ? `shows ${shown}, and ${expected.shown} on the first runtime` : error;
    log(`${fault === null ? 'ok    ' : 'FAULT '} ${job.runtime.title}: ${name} (${seconds.toFixed(1)} s)`);
    if (fault !== null) log(`       ${fault}`);
    outcomes.push({ seconds, shown, fault });
  }
  return outcomes;
}

/** Whether every step did on every runtime. */
export const worked = (rows: readonly Row[]): boolean =>
  rows.every(({ outcomes }) => outcomes.every(({ fault }) => fault === null));

/** A table of Markdown: seconds of each step. */
export function tableOf(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['', ...MAIN_JOB.map(({ name }) => name)]),
    line(['---', ...MAIN_JOB.map(() => '--:')]),
    ...rows.map(({ runtime, outcomes }) =>
      line([runtime.title, ...outcomes.map(({ fault, seconds }) => (fault === null ? seconds.toFixed(1) : 'fails'))]),
    ),
  ].join('\n');
}
