import type { Command } from 'commander';
import type { Comparison } from '../../evaluation/compare.ts';
import type { Split } from '../../jobs/evaluate-index.ts';
import { measuresTable } from '../../report/table.ts';
import type { SystemName } from '../../retrieval/system.ts';
import { oneOf, parseSystems, SPLITS, SYSTEMS, text } from '../arguments.ts';
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

interface Flags extends CommonFlags, DeviceFlag {
  readonly systems?: readonly SystemName[];
  readonly split: Split;
  readonly trec?: string;
}

export function addEvaluate(program: Command, context: Context): void {
  const command = program
    .command('evaluate')
    .summary('measure an index beside the baselines')
    .description('Measure systems on the same held-out queries of an index, side by side.')
    .argument('<index>', 'folder that neurodex index made')
    .option(
      '--systems <names>',
      `some of ${SYSTEMS.join(', ')}, separated by commas; all that the index has unless told`,
      parseSystems,
    )
    .option('--split <name>', 'which queries: test or validation', oneOf('--split', SPLITS), 'test' as Split)
    .option('--trec <folder>', 'also write qrels.txt and one run file for each system, in TREC format', text('--trec'));
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex evaluate photos.index', 'the table of measures'],
    ['neurodex evaluate photos.index --systems dsi --split validation --json', 'for a program'],
    ['neurodex evaluate photos.index --trec runs', 'rankings for trec_eval or ir_measures'],
  ]);
  command.action((index: string, flags: Flags) => evaluate(index, flags, context));
}

async function evaluate(index: string, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    const evaluation = await context.services.jobs.evaluateIndex({
      index: path(index),
      ...(flags.systems === undefined ? {} : { systems: flags.systems }),
      split: flags.split,
      ...(flags.trec === undefined ? {} : { trec: path(flags.trec) }),
      device: flags.device,
      reporter,
    });
    const written = flags.trec === undefined ? '' : `\n\nTREC files in ${flags.trec}`;
    return { json: evaluation, text: describeEvaluation(evaluation, flags.split) + written };
  });
}

export const describeEvaluation = ({ catalogue, queries, systems }: Comparison, split: Split): string =>
  `${plural(queries, `${split} query`, `${split} queries`)} over ${plural(catalogue, 'catalogue picture')}\n\n${measuresTable(systems)}`;
