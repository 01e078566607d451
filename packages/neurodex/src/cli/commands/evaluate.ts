import type { Command } from 'commander';
import type { Comparison } from '../../evaluation/compare.ts';
import type { Split } from '../../jobs/evaluate-index.ts';
import { measuresTable } from '../../report/table.ts';
import type { SystemName } from '../../retrieval/open.ts';
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
  readonly system?: readonly SystemName[];
  readonly split: Split;
  readonly trec?: string;
}

export function addEvaluate(program: Command, context: Context): void {
  const command = program
    .command('evaluate')
    .summary('measure an index beside a baseline')
    .description('Measure systems on the same held-out queries of an index, side by side.')
    .argument('<index>', 'folder that neurodex index made')
    .option(
      '--system <names>',
      'dsi, pixels or both, separated by a comma; may be repeated (both unless told)',
      parseSystems,
    )
    .option('--split <name>', 'which queries: test or validation', oneOf('--split', SPLITS), 'test' as Split)
    .option('--trec <folder>', 'also write qrels.txt and one run file for each system, in TREC format', text('--trec'));
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex evaluate photos.index', 'the table of measures'],
    ['neurodex evaluate photos.index --system dsi --split validation --json', 'for a program'],
    ['neurodex evaluate photos.index --trec runs', 'rankings for trec_eval or ir_measures'],
  ]);
  command.action((index: string, flags: Flags) => evaluate(index, flags, context));
}

async function evaluate(index: string, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    const evaluation = await context.services.jobs.evaluateIndex({
      index: path(index),
      systems: [...(flags.system ?? SYSTEMS)],
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
