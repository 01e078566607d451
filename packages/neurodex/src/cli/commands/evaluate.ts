import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName } from '../../evaluation/protocol.ts';
import type { ParsedMeasure } from '../../evaluation/registry.ts';
import type { RunsComparison } from '../../evaluation/runs.ts';
import {
  TEXT_RELEVANCE,
  TEXT_RELEVANCE_NAMES,
  type TextComparisons,
  type TextRelevanceName,
} from '../../evaluation/text-relevance.ts';
import type { AskedName, IndexEvaluation, Split } from '../../jobs/evaluate-index.ts';
import type { SystemName } from '../../query/system.ts';
import { measuresTable } from '../../report/table.ts';
import {
  ASKED,
  collected,
  isAddress,
  oneOf,
  parseMeasures,
  parseSeed,
  parseSystems,
  SPLITS,
  SYSTEM_NAMES,
  text,
  wholeNumber,
} from '../arguments.ts';
import {
  type CommandResult,
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  type Work,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { plural } from '../format.ts';
import { describeRelevance } from './relevance-lines.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly systems?: readonly SystemName[];
  readonly split?: Split;
  readonly measures?: readonly ParsedMeasure[];
  readonly protocol?: ProtocolName;
  readonly queries?: AskedName;
  readonly relevance?: TextRelevanceName;
  readonly seed: number;
  readonly trec?: string;
  readonly shards?: number;
  readonly run?: readonly string[];
  readonly qrels?: string;
}

export const RELEVANCE_HELP = `of captions: ${TEXT_RELEVANCE_NAMES.map((name) => `${name} (${TEXT_RELEVANCE[name].description})`).join(', ')}; each that has captions to ask by default`;

/** What is said of an index, and has no meaning for a run that came from elsewhere. */
const OF_AN_INDEX = ['systems', 'split', 'protocol', 'queries', 'relevance', 'trec', 'shards'] as const;

export function addEvaluate(program: Command, context: Context): void {
  const command = program
    .command('evaluate')
    .summary('measure an index beside its baselines, or a run of another program')
    .description(
      'Measure systems on the same held-out queries of an index, side by side, each figure with its 95 % confidence\n' +
        'interval over queries: picture → picture and, where the index reads, text → picture. With --run and --qrels,\n' +
        'judge runs in TREC format, whoever made them.',
    )
    .argument('[index]', 'folder that neurodex index made, or the place of an index in shards')
    .option(
      '--systems <names>',
      `some of ${SYSTEM_NAMES.join(', ')}, separated by commas; all that the index has by default`,
      parseSystems,
    )
    .option(
      '--queries <kind>',
      'queries to measure on: picture, text for captions, or all; by default all where the index takes words and has captions',
      oneOf('--queries', ASKED),
    )
    .option('--relevance <name>', RELEVANCE_HELP, oneOf('--relevance', TEXT_RELEVANCE_NAMES))
    .option('--split <name>', 'which queries: test or validation (test by default)', oneOf('--split', SPLITS))
    .option(
      '--measures <names>',
      'what to measure, by the names of ir_measures: "AP@10 nDCG@10 RR Rprec"; may be repeated',
      parseMeasures,
    )
    .option(
      '--protocol <name>',
      `full: ${PROTOCOLS.full.description} (the default); notebook: ${PROTOCOLS.notebook.description}`,
      oneOf('--protocol', PROTOCOL_NAMES),
    )
    .option('--seed <integer>', 'of the intervals, and of the queries that a protocol draws', parseSeed, 0)
    .option('--trec <folder>', 'also write qrels.txt and one run file for each system, in TREC format', text('--trec'))
    .option(
      '--shards <n>',
      'of an index in shards: shards that each query is sent to (4 by default)',
      wholeNumber('--shards', 1, 99_999, 4),
    )
    .option('--run <file>', 'judge this run instead of an index; may be repeated', collected('--run'))
    .option('--qrels <file>', 'relevance judgements for --run', text('--qrels'));
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex evaluate photos.index', 'the table of measures'],
    ['neurodex evaluate photos.index --systems dsi --split validation --json', 'for a program'],
    ['neurodex evaluate photos.index --measures "AP nDCG@10 Rprec"', 'other measures'],
    ['neurodex evaluate photos.index --queries text --relevance captioned', 'Recall@1, 5 and 10 of withheld captions'],
    ['neurodex evaluate photos.index --trec runs', 'rankings for trec_eval or ir_measures'],
    ['neurodex evaluate --run bm25.txt --run mine.txt --qrels qrels.txt', 'runs that another program made'],
  ]);
  command.action((index: string | undefined, flags: Flags) => evaluate(index, flags, context));
}

async function evaluate(index: string | undefined, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async (work) => {
    if (flags.run !== undefined || flags.qrels !== undefined) return await judge(index, flags, context, work);
    if (index === undefined) {
      throw new NeurodexError('usage', 'neurodex evaluate needs an index, or --run and --qrels', {
        hint: 'see neurodex evaluate --help',
      });
    }
    return await measure(index, flags, context, work);
  });
}

async function measure(index: string, flags: Flags, { services, io }: Context, work: Work): Promise<CommandResult> {
  const { queries, relevance, protocol, systems, measures, trec, seed, shards, device } = flags;
  const split = flags.split ?? 'test';
  const options = {
    index: isAddress(index) ? index : work.path(index),
    environment: io.env,
    ...(shards === undefined ? {} : { asked: shards }),
    ...(systems === undefined ? {} : { systems }),
    split,
    seed,
    ...(measures === undefined ? {} : { measures }),
    ...(relevance === undefined ? {} : { relevance }),
    ...(trec === undefined ? {} : { trec: work.path(trec) }),
    device,
    reporter: work.reporter,
  };
  const written = trec === undefined ? [] : ['', `TREC files in ${trec}`];
  if (queries === 'text') {
    if (protocol !== undefined) {
      throw new NeurodexError('usage', `the protocol ${protocol} asks pictures, and only captions are asked`, {
        hint: 'leave out --protocol; --relevance names a protocol of captions',
      });
    }
    const evaluation = await services.jobs.evaluateTexts(options);
    const lines = [
      ...describeTexts(evaluation.text, evaluation.catalogue),
      '',
      INTERVALS,
      ...describeRelevance({ text: evaluation.text }, index),
      ...written,
    ];
    return { json: evaluation, text: lines.join('\n') };
  }
  const evaluation = await services.jobs.evaluateIndex({
    ...options,
    ...(queries === undefined ? {} : { queries }),
    ...(protocol === undefined ? {} : { protocol }),
  });
  return { json: evaluation, text: [describeEvaluation(evaluation, split, index), ...written].join('\n') };
}

async function judge(
  index: string | undefined,
  flags: Flags,
  context: Context,
  { reporter, path }: Work,
): Promise<CommandResult> {
  const { run, qrels, measures, seed } = flags;
  if (run === undefined || qrels === undefined) {
    throw new NeurodexError('usage', `${run === undefined ? '--qrels' : '--run'} was given without the other`, {
      hint: 'write --run FILE --qrels FILE',
    });
  }
  const foreign = OF_AN_INDEX.find((flag) => flags[flag] !== undefined);
  if (index !== undefined || foreign !== undefined) {
    const what = index === undefined ? `--${foreign}` : `the index ${index}`;
    throw new NeurodexError('usage', `${what} has nothing to say about a run`, {
      hint: `leave it out; \`neurodex evaluate INDEX --trec DIR\` writes the judgements of an index`,
    });
  }
  const evaluation = await context.services.jobs.judgeRuns({
    qrels: { name: qrels, path: path(qrels) },
    runs: run.map((name) => ({ name, path: path(name) })),
    ...(measures === undefined ? {} : { measures }),
    seed,
    reporter,
  });
  return { json: evaluation, text: describeRuns(evaluation), failed: evaluation.failed };
}

export const INTERVALS = 'in brackets: 95 % bootstrap intervals over queries';

/** @param index as the command names it */
export const describeEvaluation = (
  { catalogue, queries, withoutRelevant, protocol, systems, intervals, text: texts, relevance }: IndexEvaluation,
  split: Split,
  index: string,
): string =>
  [
    `${texts === undefined ? '' : 'picture → picture: '}${plural(queries, `${split} query`, `${split} queries`)} over ${plural(catalogue, 'catalogue picture')}${leftOut(withoutRelevant)}`,
    ...(protocol === 'full' ? [] : [PROTOCOLS[protocol].description]),
    '',
    measuresTable(systems, intervals),
    ...(texts === undefined ? [] : ['', ...describeTexts(texts, catalogue)]),
    '',
    INTERVALS,
    ...describeRelevance({ relevance, text: texts }, index),
  ].join('\n');

/** A table for each protocol of relevance. */
function describeTexts(texts: TextComparisons, catalogue: number): string[] {
  const tables = TEXT_RELEVANCE_NAMES.flatMap((name) => {
    const found = texts[name];
    if (found === undefined) return [];
    const asked = `${plural(found.queries, 'caption')} over ${plural(catalogue, 'catalogue picture')}${leftOut(found.withoutRelevant)}`;
    return [
      [
        `text → picture, ${name}: ${asked}`,
        TEXT_RELEVANCE[name].description,
        '',
        measuresTable(found.systems, found.intervals),
      ],
    ];
  });
  return tables.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

const leftOut = (queries: number): string =>
  queries === 0 ? '' : `; ${plural(queries, 'query', 'queries')} without a relevant picture left out`;

const describeRuns = ({ queries, withoutRelevant, systems, intervals }: RunsComparison): string =>
  [
    `${plural(queries, 'judged query', 'judged queries')}${withoutRelevant === 0 ? '' : `, ${withoutRelevant} of them without a relevant document`}`,
    '',
    measuresTable(systems, intervals),
    '',
    INTERVALS,
  ].join('\n');
