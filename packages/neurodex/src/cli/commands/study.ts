import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { studyTable } from '../../study/table.ts';
import { text, wholeNumber } from '../arguments.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { plural } from '../format.ts';

interface Flags extends CommonFlags {
  readonly out: string;
  readonly jobs: number;
  readonly keep?: true;
}

/** A training takes all the cores it is given, so that more at a time pay only where there are many. */
const DEFAULT_JOBS = Math.max(1, Math.floor(availableParallelism() / 4));

export function addStudy(program: Command, context: Context): void {
  const command = program
    .command('study')
    .summary('train and measure a whole grid of indexes')
    .description(
      'Train and measure every index of a grid (sizes × identifiers × trainings × seeds) and the baselines, one process\n' +
        'each, and write one table with intervals as Markdown, CSV and LaTeX. The same command goes on where it stopped.',
    )
    .argument('<grid>', 'JSON file of the grid (docs/study.md)')
    .requiredOption('--out <folder>', 'folder of results and tables', text('--out'))
    .option('--jobs <n>', 'indexes made at a time', wholeNumber('--jobs', 1, 1024, 2), DEFAULT_JOBS)
    .option('--keep', 'keep every index, in the folder indexes');
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex study examples/study-fashion-mnist.json --out study', 'the grid of docs/study.md'],
    ['neurodex study grid.json --out study --keep --json', 'for a program, and with the indexes to look at'],
  ]);
  command.action((grid: string, flags: Flags) => study(grid, flags, context));
}

async function study(grid: string, flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const summary = await services.jobs.runStudy({
      grid: path(grid),
      out: path(flags.out),
      jobs: flags.jobs,
      keep: flags.keep === true,
      cwd: io.cwd,
      reporter,
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    const { cells, ran, failed, rows } = summary;
    const counts = `${plural(cells, 'cell')}, ${ran} run now, ${failed.length} failed`;
    const failures = failed.map(({ cell, reason }) => `  ${cell}: ${reason}`);
    return {
      json: summary,
      text: [studyTable(rows, 'text'), '', counts, ...failures, '', `tables  ${flags.out}/table.md, .csv, .tex`].join(
        '\n',
      ),
    };
  });
}
