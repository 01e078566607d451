import { join } from 'node:path';
import type { Command } from 'commander';
import type { ParsedMeasure } from '../../evaluation/registry.ts';
import type { Split } from '../../jobs/evaluate-index.ts';
import type { SystemName } from '../../query/system.ts';
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
import { describeEvaluation } from './evaluate.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly out?: string;
  readonly systems?: readonly SystemName[];
  readonly split: Split;
  readonly measures?: readonly ParsedMeasure[];
  readonly seed: number;
}

/** Inside the index, unless told otherwise. */
const REPORT = 'report.html';

export function addReport(program: Command, context: Context): void {
  const command = program
    .command('report')
    .summary('write all there is to see of an index as one HTML page')
    .description(
      'Measure an index and write one self-contained HTML page: figures with intervals, curves, examples, confusion of\n' +
        'classes, attention and decoding of queries, learning curves, data set and configuration. It opens offline.',
    )
    .argument('<index>', 'folder that neurodex index made')
    .option('--out <html>', `file to write (${REPORT} in the index by default)`, text('--out'))
    .option('--systems <names>', `which of ${SYSTEM_NAMES.join(', ')} (all by default)`, parseSystems)
    .option<Split>('--split <name>', 'which queries: test or validation', oneOf('--split', SPLITS), 'test')
    .option('--measures <names>', 'what to measure, by the names of ir_measures; may be repeated', parseMeasures)
    .option('--seed <integer>', 'of the intervals and the tests', parseSeed, 0);
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex report photos.index', 'writes photos.index/report.html'],
    ['neurodex report photos.index --out photos.html --measures "AP nDCG@10"', 'elsewhere, with other measures'],
  ]);
  command.action((index: string, flags: Flags) => report(index, flags, context));
}

async function report(index: string, flags: Flags, context: Context): Promise<void> {
  const { out = join(index, REPORT), systems, split, measures, seed, device } = flags;
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    const written = await context.services.jobs.writeReport({
      index: path(index),
      out: path(out),
      split,
      seed,
      device,
      reporter,
      ...(systems === undefined ? {} : { systems }),
      ...(measures === undefined ? {} : { measures }),
    });
    const { evaluation, text: texts, relevance } = written;
    const shown = { ...evaluation, relevance, ...(texts === undefined ? {} : { text: texts }) };
    return { json: written, text: `${describeEvaluation(shown, split, index)}\n\nreport  ${out}` };
  });
}
