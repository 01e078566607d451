import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import {
  claimNames,
  LOCK_FILE,
  makeFolder,
  refuseLocked,
  refuseSource,
  writeFileAtomically,
} from '@neurodex/core/storage';
import { RUN_FILE } from '../build/unfinished-run.ts';
import { contentsOf } from './contents.ts';
import { cellKey, cellName, cellsOf, readGrid, type StudyCell } from './grid.ts';
import { appendResult, readResults, type StudyResult } from './results.ts';
import { runCell } from './run-cell.ts';
import { type StudyRow, summarise } from './summary.ts';
import { studyTable } from './table.ts';

export interface StudyOptions {
  /** JSON file of the grid. */
  readonly grid: string;
  /** Folder of results and tables; a study that is there goes on. */
  readonly out: string;
  /** Processes at a time. */
  readonly jobs: number;
  /** Keep the index of every cell. */
  readonly keep: boolean;
  readonly cwd: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface StudySummary {
  readonly cells: number;
  /** Run this time; the others had their results. */
  readonly ran: number;
  readonly failed: readonly { readonly cell: string; readonly reason: string }[];
  /** What the cells warned of, each once. */
  readonly warnings: readonly string[];
  readonly rows: readonly StudyRow[];
}

const RESULTS = 'results.jsonl';
const TABLES = { 'table.md': 'markdown', 'table.csv': 'csv', 'table.tex': 'latex' } as const;

/**
 * Runs every cell of a grid that has no result yet, one process for each, and writes the tables anew after each. A cell
 * that fails is reported and left out; stopping loses no more than the cells that are running.
 * @throws NeurodexError of the grid, `interrupted`, `study-failed` when no cell gave a result
 */
export async function runStudy(options: StudyOptions): Promise<StudySummary> {
  const { out, jobs, reporter, signal } = options;
  const grid = await readGrid(options.grid);
  const cells = cellsOf(grid);
  const file = join(out, RESULTS);
  await refuseSource(out, [resolve(options.cwd, grid.source)]);
  await claimNames(out, [RESULTS, ...Object.keys(TABLES)]);
  await makeFolder(join(out, 'indexes'));
  const contents = await contentsOf(grid, cells, options);
  const keyOf = (cell: StudyCell): string => cellKey(grid, cell, contents(cell));
  const results = await readResults(file);
  const missing = cells.filter((cell) => !results.has(keyOf(cell)));
  await removeLeftovers(join(out, 'indexes'));
  const known = cells.length - missing.length;
  if (known > 0) reporter.info(`${known} of ${cells.length} cells have their results in ${file}`);
  if (results.size > known)
    reporter.info(
      `${results.size - known} results in ${file} are of other pictures, settings or programs, and not used`,
    );

  const failed: { cell: string; reason: string }[] = [];
  const queue = [...missing];
  let done = 0;
  // Every cell reads the same source: what is doubtful about it is told once, before the first training.
  const warned = new Set<string>();
  const warn = (message: string): void => {
    if (!warned.has(message)) reporter.warn(message);
    warned.add(message);
  };
  const work = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined && !signal?.aborted; cell = queue.shift()) {
      reporter.info(cellName(cell));
      try {
        const result = await runCell({ ...options, grid, cell, key: keyOf(cell), folder: join(out, 'indexes'), warn });
        await appendResult(file, result);
        results.set(result.key, result);
        await writeTables(out, summarise(grid, found(cells, results, keyOf)));
      } catch (error) {
        if (!(error instanceof NeurodexError) || error.code !== 'study-failed') throw error;
        failed.push({ cell: cellName(cell), reason: error.message });
        reporter.warn(error.message, { cell: cellName(cell) });
      }
      reporter.progress({ phase: 'study', done: ++done, total: missing.length, unit: 'cells' });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  if (signal?.aborted)
    throw new NeurodexError('interrupted', 'interrupted', { hint: 'the same command goes on with it' });
  const rows = summarise(grid, found(cells, results, keyOf));
  if (rows.length === 0) {
    throw new NeurodexError('study-failed', `no cell of ${options.grid} gave a result: ${failed[0]?.reason}`, {
      hint: 'mend the grid; neurodex index with the same settings shows the error alone',
    });
  }
  await writeTables(out, rows);
  return { cells: cells.length, ran: missing.length, failed, warnings: [...warned], rows };
}

/** Results of the cells of this grid; a file may hold others, of a grid before it. */
const found = (
  cells: readonly StudyCell[],
  results: ReadonlyMap<string, StudyResult>,
  keyOf: (cell: StudyCell) => string,
): StudyResult[] => cells.flatMap((cell) => results.get(keyOf(cell)) ?? []);

/** Unfinished indexes of cells whose process was killed, or whose key is another one now: no cell goes on with them. */
async function removeLeftovers(indexes: string): Promise<void> {
  for (const name of await readdir(indexes)) {
    const folder = join(indexes, name);
    if (!/^[0-9a-f]{16}\.partial$/.test(name) || !existsSync(join(folder, RUN_FILE))) continue;
    const held = await refuseLocked(join(folder, LOCK_FILE)).then(
      () => false,
      () => true,
    );
    if (!held) await rm(folder, { recursive: true, force: true });
  }
}

async function writeTables(out: string, rows: readonly StudyRow[]): Promise<void> {
  for (const [name, format] of Object.entries(TABLES)) {
    await writeFileAtomically(join(out, name), `${studyTable(rows, format)}\n`);
  }
}
