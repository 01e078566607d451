import { relative } from 'node:path';
import type { Command } from 'commander';
import type { RunFacts, RunsFound } from '../../jobs/list-runs.ts';
import { sparkline } from '../../report/sparkline.ts';
import { type Column, textTable } from '../../report/table.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { formatCount, formatMetric, formatSeconds } from '../format.ts';

export function addRuns(program: Command, context: Context): void {
  const command = program
    .command('runs')
    .summary('list and compare training runs')
    .description(
      'List training runs by their run logs, those that go on or were broken off too, and compare them.\n' +
        'DIR is an index, a folder that holds some, or the folder of a run that goes on.',
    )
    .argument('<dirs...>', 'indexes, or folders that hold some');
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex runs photos.index', 'how it was trained'],
    ['neurodex runs .', 'every run below this folder, and what was different in them'],
  ]);
  command.action((places: string[], flags: CommonFlags) => runs(places, flags, context));
}

async function runs(places: readonly string[], flags: CommonFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    const found = await context.services.jobs.listRuns({ places: places.map(path), reporter });
    const { histories: _, ...json } = found;
    return { json, text: describe(found, context.io), failed: found.failed };
  });
}

const CURVE = 16;

function describe({ runs: all, histories, differences }: RunsFound, { cwd, stdout }: Context['io']): string {
  const names = all.map(({ run }) => shortName(run, cwd));
  const metrics = [...new Set(all.flatMap(({ validation }) => Object.keys(validation)))];
  // On a narrow terminal the curves give way.
  const width = (stdout.columns ?? 200) < 110 ? CURVE / 2 : CURVE;
  const columns: Column[] = [
    { heading: 'run' },
    { heading: 'state' },
    { heading: 'steps', align: 'right' },
    { heading: 'time', align: 'right' },
    { heading: 'pictures/s', align: 'right' },
    { heading: 'loss' },
    { heading: 'accuracy', align: 'right' },
    ...metrics.map((heading): Column => ({ heading: `best ${heading}` })),
  ];
  const rows = all.map((facts, i) => {
    const { steps = [], validations = [] } = histories[i] ?? {};
    const losses = sparkline(
      steps.map(({ loss }) => loss),
      { width },
    );
    return [
      names[i] ?? '',
      facts.state,
      formatCount(facts.steps),
      formatSeconds(facts.seconds),
      figure(facts.picturesPerSecond),
      `${losses} ${figure(facts.loss?.last)}`.trim(),
      figure(facts.tokenAccuracy),
      ...metrics.map((name) => {
        const values = validations.flatMap((each) => each.metrics[name] ?? []);
        return `${sparkline(values, { width, range: [0, 1] })} ${figure(facts.validation[name]?.best)}`.trim();
      }),
    ];
  });
  const parts = [textTable(columns, rows)];
  const stopped = all.flatMap(({ reason }, i) => (reason === null ? [] : [`${names[i]} was stopped: ${reason}`]));
  if (stopped.length > 0) parts.push(stopped.join('\n'));
  const different = Object.entries(differences);
  if (different.length > 0) {
    const headings: Column[] = [{ heading: 'what differs' }, ...names.map((heading) => ({ heading }))];
    parts.push(
      textTable(
        headings,
        different.map(([key, values]) => [key, ...values.map(word)]),
      ),
    );
  }
  return parts.join('\n\n');
}

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '—' : formatMetric(value);

const word = (value: unknown): string =>
  value === null ? '—' : typeof value === 'string' ? value : JSON.stringify(value);

function shortName(run: RunFacts['run'], cwd: string): string {
  const short = relative(cwd, run);
  return short === '' ? '.' : short.startsWith('..') ? run : short;
}
