import { relative } from 'node:path';
import { shellQuote } from '@neurodex/core';
import { DEFAULT_CONCEPTS } from '@neurodex/datasets';
import type { Command } from 'commander';
import type { DemoResult } from '../../jobs/demo.ts';
import { PRESETS } from '../../presets/presets.ts';
import { parseSeed, text, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { type TrackingFlags, trackingOf, withTracking } from '../tracking.ts';
import { describeEvaluation } from './evaluate.ts';

interface Flags extends CommonFlags, DeviceFlag, TrackingFlags {
  readonly out: string;
  readonly concepts: number;
  readonly seed: number;
  readonly preset?: string;
  readonly force?: true;
}

export function addDemo(program: Command, context: Context): void {
  const command = program
    .command('demo')
    .summary('find the same thing drawn by another hand')
    .description(
      'Train an index of emoji by two artists and search it with those of an artist it has never seen.\n' +
        'Leaves the index, a contact sheet and a learning curve. The pictures come from npm, once.',
    )
    .option('--out <folder>', 'folder of everything the demo makes', text('--out'), 'neurodex-demo')
    .option('--concepts <n>', 'how many concepts', wholeNumber('--concepts', 2), DEFAULT_CONCEPTS)
    .option('--seed <integer>', 'makes the run repeatable', parseSeed, 0)
    .option(
      '--preset <name>',
      `another configuration than that of the demo: ${Object.keys(PRESETS).join(', ')}`,
      text('--preset'),
    )
    .option('--force', 'replace the demo that is in the folder');
  withCommonFlags(withTracking(withDevice(command)));
  withExamples(command, [
    ['neurodex demo', 'a few minutes on two cores'],
    ['neurodex demo --concepts 16 --out small-demo', 'sooner done'],
  ]);
  command.action((flags: Flags) => demo(flags, context));
}

async function demo(flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const { presetName } = await import('../configuration.ts');
    const preset = flags.preset === undefined ? undefined : presetName({ value: flags.preset, origin: '--preset' });
    const result = await services.jobs.runDemo({
      out: path(flags.out),
      concepts: flags.concepts,
      seed: flags.seed,
      ...(preset === undefined ? {} : { preset }),
      force: flags.force === true,
      device: flags.device,
      ...trackingOf(flags, path(flags.out), io.env),
      reporter,
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    return { json: result.evaluation, text: describe(result, io.cwd) };
  });
}

function describe(result: DemoResult, cwd: string): string {
  const { evaluation, contactSheet, learningCurve, index, tryNext, tryWords } = result;
  const near = (path: string): string => {
    const short = relative(cwd, path);
    return short !== '' && !short.startsWith('..') ? short : path;
  };
  return [
    describeEvaluation(evaluation, 'test', near(index)),
    '',
    `contact sheet   ${near(contactSheet)}`,
    `learning curve  ${near(learningCurve)}`,
    '',
    'Search it yourself:',
    `  npx neurodex search ${shellQuote(near(index))} ${shellQuote(near(tryNext))}`,
    ...(tryWords === undefined
      ? []
      : [`  npx neurodex search ${shellQuote(near(index))} --text ${shellQuote(tryWords)}`]),
  ].join('\n');
}
