import { relative } from 'node:path';
import { NeurodexError, shellQuote } from '@neurodex/core';
import { DEFAULT_CONCEPTS } from '@neurodex/datasets/names';
import type { Command } from 'commander';
import type { DemoResult } from '../../jobs/demo.ts';
import { PRESETS } from '../../presets/presets.ts';
import { DEFAULT_LIMITS } from '../../server/limits.ts';
import { parseSeed, suggesting, text, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import type { Io } from '../io.ts';
import { type TrackingFlags, trackingOf, withTracking } from '../tracking.ts';
import { show } from '../viewer.ts';
import { describeEvaluation } from './evaluate.ts';
import { DEFAULT_PORT } from './serve.ts';

interface Flags extends CommonFlags, DeviceFlag, TrackingFlags {
  readonly out: string;
  readonly concepts: number;
  readonly seed: number;
  readonly preset?: string;
  readonly force?: true;
  /** False with --no-open. */
  readonly open: boolean;
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
      suggesting(text('--preset'), Object.keys(PRESETS)),
    )
    .option('--force', 'replace the demo that is in the folder')
    .option('--no-open', 'end when it is made; in a terminal its pages are served and opened otherwise');
  withCommonFlags(withTracking(withDevice(command)));
  withExamples(command, [
    ['neurodex demo', 'less than two minutes on two cores; in a terminal, then opens its pages'],
    ['neurodex demo --concepts 16 --out small-demo', 'sooner done'],
  ]);
  command.action((flags: Flags) => demo(flags, context));
}

async function demo(flags: Flags, context: Context): Promise<void> {
  const index = await makeDemo(flags, context);
  // A program or a log has nobody who looks at pages, or who ends the server.
  if (flags.open && !flags.json && context.io.stdout.isTTY === true) await showPages(index, flags, context);
}

/** @returns the folder of the index */
async function makeDemo(flags: Flags, context: Context): Promise<string> {
  const { io, services } = context;
  let index = '';
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const { presetName } = await import('../../configuration/preset-name.ts');
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
    index = result.index;
    return { json: result.evaluation, text: describe(result, io.cwd) };
  });
  return index;
}

/** Serves the pages of the demo on this machine until Ctrl-C, and opens them where there is a display. */
async function showPages(index: string, flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, { quiet: true }, { unwinds: true }, async ({ reporter }) => {
    let told: Promise<void> | undefined;
    const serveAt = (port: number) =>
      services.jobs.serve({
        indexes: [index],
        ...{ port, host: '127.0.0.1', open: false, workers: 1, cors: [], allowHosts: [], limits: DEFAULT_LIMITS },
        ...{ device: flags.device, environment: io.env, reporter, signal: io.signal },
        onListening(address) {
          told = tellPages(address, io);
        },
      });
    const served = await serveAt(DEFAULT_PORT).catch((error: unknown) => {
      // Another server has the usual port: any other one will do.
      if (error instanceof NeurodexError && error.code === 'address-unavailable') return serveAt(0);
      throw error;
    });
    await told;
    return {
      json: served,
      text: `\nThe pages are closed. To open them again:  npx neurodex serve ${shellQuote(near(index, io.cwd))}`,
    };
  });
}

async function tellPages(address: string, io: Io): Promise<void> {
  await io.stdout.write(`\nIts pages are at ${address}, until Ctrl-C.\n`);
  const reason = await show(address, io);
  if (reason !== undefined)
    await io.stdout.write(`Open that address in a browser: it was not opened, because ${reason}.\n`);
}

function describe(result: DemoResult, cwd: string): string {
  const { evaluation, contactSheet, learningCurve, index, tryNext, tryWords } = result;
  const quoted = shellQuote(near(index, cwd));
  return [
    describeEvaluation(evaluation, 'test', near(index, cwd)),
    '',
    `contact sheet   ${near(contactSheet, cwd)}`,
    `learning curve  ${near(learningCurve, cwd)}`,
    '',
    'Search it yourself:',
    `  npx neurodex search ${quoted} ${shellQuote(near(tryNext, cwd))}`,
    ...(tryWords === undefined ? [] : [`  npx neurodex search ${quoted} --text ${shellQuote(tryWords)}`]),
    'Look at it in pages:',
    `  npx neurodex serve ${quoted}`,
  ].join('\n');
}

/** A path as it is called from a folder that it is below. */
function near(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short !== '' && !short.startsWith('..') ? short : path;
}
