import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cellName, type StudyCell, type StudyGrid } from './grid.ts';
import { configurationFlags, runProgram } from './program.ts';
import { resultSchema, type StudyResult } from './results.ts';

export interface RunCellOptions {
  readonly grid: StudyGrid;
  readonly cell: StudyCell;
  /** Of the cell (`cellKey`). */
  readonly key: string;
  /** Where the index is made, and stays when it is kept. */
  readonly folder: string;
  readonly keep: boolean;
  readonly cwd: string;
  /** Told of each warning of the program, as it comes. */
  readonly warn?: (message: string) => void;
  readonly signal?: AbortSignal;
}

const { metrics, intervals, queries, steps, seconds, catalogue } = resultSchema.shape;
/** What `index` prints of an index, and `evaluate` of its systems. */
const madeSchema = z.object({ steps, seconds, catalogue });
const measuredSchema = z.object({ systems: metrics, intervals, queries });

/** Make the index of a cell and measure it. @throws NeurodexError `study-failed` with what the program said */
export async function runCell(options: RunCellOptions): Promise<StudyResult> {
  const { grid, cell, key, folder, keep, cwd, warn, signal } = options;
  const index = join(folder, key);
  const program = { cwd, name: cellName(cell), warn, signal };
  const systemFlags = ['--systems', cell.systems.join(',')];
  const made = await runProgram(
    ['index', grid.source, ...grid.flags, '--out', index, '--force', ...systemFlags, ...configurationFlags(grid, cell)],
    madeSchema,
    program,
  );
  const { systems, intervals, queries } = await runProgram(
    ['evaluate', index, '--queries', 'picture', '--measures', grid.measures.join(' '), ...systemFlags],
    measuredSchema,
    program,
  );
  if (!keep) await rm(index, { recursive: true, force: true });
  return {
    key,
    pictures: cell.pictures,
    seed: cell.seed,
    ...(cell.order === undefined ? {} : { order: cell.order }),
    ...(cell.training === undefined ? {} : { training: cell.training }),
    systems: [...cell.systems],
    catalogue: made.catalogue,
    queries,
    steps: made.steps,
    seconds: made.seconds,
    metrics: systems,
    intervals,
  };
}
