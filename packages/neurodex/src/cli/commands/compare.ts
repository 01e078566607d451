import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import type { PairwiseTest } from '../../evaluation/pairwise.ts';
import type { ParsedMeasure } from '../../evaluation/registry.ts';
import { TEXT_RELEVANCE, TEXT_RELEVANCE_NAMES, type TextRelevanceName } from '../../evaluation/text-relevance.ts';
import type { Contest } from '../../jobs/compare.ts';
import type { Split } from '../../jobs/evaluate-index.ts';
import type { SystemName } from '../../query/system.ts';
import { type Column, measuresTable, textTable } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { oneOf, parseMeasures, parseSeed, parseSystems, SPLITS, SYSTEM_NAMES, text } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { plural } from '../format.ts';
import { INTERVALS, RELEVANCE_HELP } from './evaluate.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly systems?: readonly SystemName[];
  readonly split?: Split;
  readonly queries?: 'picture' | 'text';
  readonly relevance?: TextRelevanceName;
  readonly measures?: readonly ParsedMeasure[];
  readonly qrels?: string;
  readonly seed: number;
}

/** What is said of an index, and has no meaning for a run that came from elsewhere. */
const OF_AN_INDEX = ['systems', 'split', 'queries', 'relevance'] as const;

export function addCompare(program: Command, context: Context): void {
  const command = program
    .command('compare')
    .summary('test who is better: systems, indexes or runs')
    .description(
      'Test systems of one index, or several indexes, pairwise on the same queries: paired randomisation test, two-sided,\n' +
        'with Holm’s correction over all tests, and the size of the effect. With --qrels, A B … are runs in TREC format.',
    )
    .argument('<indexes...>', 'folders that neurodex index made; with --qrels, run files')
    .option(
      '--systems <names>',
      `which of ${SYSTEM_NAMES.join(', ')} (all of a single index, dsi of several by default)`,
      parseSystems,
    )
    .option(
      '--queries <kind>',
      'queries to measure on: picture (the default), or text for captions',
      oneOf('--queries', ['picture', 'text'] as const),
    )
    .option('--relevance <name>', RELEVANCE_HELP, oneOf('--relevance', TEXT_RELEVANCE_NAMES))
    .option('--split <name>', 'which queries: test or validation (test by default)', oneOf('--split', SPLITS))
    .option('--measures <names>', 'what to test, by the names of ir_measures; may be repeated', parseMeasures)
    .option('--qrels <file>', 'relevance judgements: compare runs instead of indexes', text('--qrels'))
    .option('--seed <integer>', 'of the intervals and the tests', parseSeed, 0);
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex compare photos.index', 'every two systems of one index'],
    ['neurodex compare small.index large.index --measures "AP@10 RR"', 'two indexes of the same pictures'],
    ['neurodex compare photos.index --queries text', 'systems that read, by captions'],
    ['neurodex compare a.txt b.txt --qrels qrels.txt', 'two runs of other programs'],
  ]);
  command.action((names: string[], flags: Flags) => compare(names, flags, context));
}

async function compare(names: readonly string[], flags: Flags, { io, services }: Context): Promise<void> {
  const { systems, split, queries, relevance, measures, qrels, seed, device } = flags;
  await perform({ io, services }, flags, { unwinds: false }, async ({ reporter, path }) => {
    const named = names.map((name) => ({ name, path: path(name) }));
    const shared = { seed, reporter, ...(measures === undefined ? {} : { measures }) };
    if (qrels !== undefined) {
      const foreign = OF_AN_INDEX.find((flag) => flags[flag] !== undefined);
      if (foreign !== undefined) {
        throw new NeurodexError('usage', `--${foreign} has nothing to say about a run`, {
          hint: 'leave it out, or leave out --qrels to compare indexes',
        });
      }
      const contest = await services.jobs.compareRuns({
        ...shared,
        qrels: { name: qrels, path: path(qrels) },
        runs: named,
      });
      return { json: contest, text: describe(contest, 'judged'), failed: contest.failed };
    }
    const contest = await services.jobs.compareIndexes({
      ...shared,
      indexes: named,
      split: split ?? 'test',
      device,
      ...(systems === undefined ? {} : { systems }),
      ...(queries === undefined ? {} : { queries }),
      ...(relevance === undefined ? {} : { relevance }),
    });
    return { json: contest, text: describe(contest, split ?? 'test'), failed: contest.failed };
  });
}

const COLUMNS: readonly Column[] = [
  { heading: 'measure' },
  { heading: 'systems' },
  { heading: 'difference', align: 'right' },
  { heading: 'effect', align: 'right' },
  { heading: 'p', align: 'right' },
  { heading: 'p (Holm)', align: 'right' },
  { heading: 'better' },
];

function describe({ queries, relevance, systems, intervals, level, tests }: Contest, kind: string): string {
  const rows = tests.map((test) => [
    test.measure,
    `${test.systems[0]} − ${test.systems[1]}`,
    `${signed(test.difference)} [${test.interval.map((end) => signed(end)).join(', ')}]`,
    test.effectSize === null ? '—' : signed(test.effectSize, 2),
    probability(test.p),
    probability(test.pHolm),
    test.winner ?? '—',
  ]);
  return [
    relevance === undefined
      ? plural(queries, `${kind} query`, `${kind} queries`)
      : `${plural(queries, 'caption')}, ${relevance}: ${TEXT_RELEVANCE[relevance].description}`,
    '',
    measuresTable(systems, intervals),
    '',
    textTable(COLUMNS, rows),
    '',
    `${INTERVALS}; effect: Cohen’s d for pairs;`,
    `p: paired randomisation test, two-sided; Holm’s correction over ${plural(tests.length, 'test')}, level ${level}`,
    '',
    ...verdicts(tests).map(printable),
  ].join('\n');
}

/** Who wins on what, a line for each winner and loser, and where nothing was shown. */
function verdicts(tests: readonly PairwiseTest[]): string[] {
  const lines = new Map<string, string[]>();
  for (const { systems, winner, measure } of tests) {
    const [a, b] = systems;
    const line =
      winner === null
        ? `no difference is shown between ${a} and ${b} on`
        : `${winner} is better than ${winner === a ? b : a} on`;
    lines.set(line, [...(lines.get(line) ?? []), measure]);
  }
  return [...lines].map(([line, measures]) => `${line} ${measures.join(', ')}`);
}

const signed = (value: number, digits = 3): string => (value < 0 ? '−' : '+') + Math.abs(value).toFixed(digits);

const probability = (p: number): string => (p < 0.0001 ? p.toExponential(0) : p.toFixed(4));
