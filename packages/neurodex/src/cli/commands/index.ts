import type { Device } from '@neurodex/autograd';
import type { Command } from 'commander';
import type { IndexSummary } from '../../jobs/create-index.ts';
import { PRESETS } from '../../presets/presets.ts';
import { measuresLine } from '../../report/table.ts';
import type { SystemName } from '../../retrieval/system.ts';
import { shellQuote } from '../../shell.ts';
import { ON_NAN, type OnNan } from '../../training/on-nan.ts';
import { collected, oneOf, parseSeed, parseSystems, SYSTEMS, text, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { formatCount, formatSeconds, plural } from '../format.ts';
import { openSource } from '../source.ts';
import { type TrackingFlags, trackingOf, withTracking } from '../tracking.ts';

interface Flags extends CommonFlags, DeviceFlag, TrackingFlags {
  readonly out: string;
  readonly preset?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly systems?: readonly SystemName[];
  readonly seed?: number;
  readonly concepts?: number;
  readonly force?: true;
  readonly resume?: true;
  readonly onNan?: OnNan;
}

export function addIndex(program: Command, context: Context): void {
  const command = program
    .command('index')
    .summary('train an index of a folder of pictures')
    .description(
      'Train a network that is the index of the pictures in SOURCE, and leave it in a folder.\n' +
        'SOURCE is a folder (class/picture.jpg, or pictures without classes), or the word emoji.',
    )
    .argument('<source>', 'folder of pictures, or emoji')
    .requiredOption('--out <folder>', 'folder of the new index', text('--out'))
    .option(
      '--preset <name>',
      `complete configuration to start from: ${Object.keys(PRESETS).join(', ')}`,
      text('--preset'),
    )
    .option('--config <file>', 'JSON file with configuration keys', text('--config'))
    .option('--set <key=value>', 'one configuration key; may be repeated', collected('--set'))
    .option(
      '--systems <names>',
      `what shall answer, separated by commas: ${SYSTEMS.join(',')} (all that the pictures allow unless told)`,
      parseSystems,
    )
    .option('--seed <integer>', 'makes the run repeatable (0 unless told)', parseSeed)
    .option('--concepts <n>', 'with the source emoji: how many things (64 unless told)', wholeNumber('--concepts', 2))
    .option('--resume', 'go on with the run that was interrupted, or begin where there is none')
    .option('--force', 'replace the index that is in the folder; without --resume, also start anew')
    .option(
      '--on-nan <what>',
      `a batch whose loss is no number: ${ON_NAN.join(' or ')} (stop unless told)`,
      oneOf('--on-nan', ON_NAN),
    );
  withCommonFlags(withTracking(withDevice(command)));
  withExamples(command, [
    ['neurodex index photos --out photos.index', 'an index with the default configuration'],
    ['neurodex index photos --out photos.index --preset quick --seed 7 --force', 'a first look, again'],
    ['neurodex index photos --out photos.index --set training.indexingEpochs=800', 'train for longer'],
    ['neurodex index photos --out photos.index --track tensorboard,wandb', 'and look at the curves there'],
    ['neurodex index photos --out photos.index --resume', 'go on after an interruption, with what the run began with'],
  ]);
  command.action((source: string, flags: Flags) => {
    const device = command.getOptionValueSource('device') === 'default' ? undefined : flags.device;
    return index(source, { ...flags, device }, context);
  });
}

async function index(
  source: string,
  flags: Omit<Flags, 'device'> & { readonly device: Device | undefined },
  context: Context,
): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const { resolveConfiguration } = await import('../configuration.ts');
    const begun = flags.resume
      ? await services.jobs.readBegun(path(flags.out), { orComplete: flags.force !== true })
      : undefined;
    const config = await resolveConfiguration({
      preset: flags.preset,
      file: flags.config,
      settings: flags.set ?? [],
      cwd: io.cwd,
      ...(begun === undefined ? {} : { base: begun.config }),
    });
    const systems = flags.systems ?? begun?.systems;
    const seed = flags.seed ?? begun?.seed ?? 0;
    const { concepts } = flags;
    const tracking = trackingOf(flags, path(flags.out), io.env);
    const dataset = await openSource(
      { source, path: path(source), concepts, seed, reporter, signal: io.signal },
      services.sources,
    );
    const summary = await services.jobs.createIndex({
      dataset,
      out: path(flags.out),
      config,
      ...(systems === undefined ? {} : { systems }),
      seed,
      force: flags.force === true,
      resume: flags.resume === true,
      onNan: flags.onNan ?? begun?.onNan ?? 'stop',
      device: flags.device ?? begun?.device ?? 'cpu',
      ...tracking,
      reporter,
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    return { json: summary, text: describe(summary, flags.out) };
  });
}

function describe(summary: IndexSummary, out: string): string {
  const { catalogue, queries, skipped, systems, parameters, steps, seconds, validation } = summary;
  const lines = [
    `index       ${out}`,
    `catalogue   ${plural(catalogue, 'picture')}`,
    `queries     ${formatCount(queries.train)} train, ${formatCount(queries.validation)} validation, ${formatCount(queries.test)} test`,
    ...(skipped.length > 0 ? [`skipped     ${plural(skipped.length, 'file')}, named in the warnings`] : []),
    `systems     ${systems.join(', ')}`,
    ...(parameters > 0 ? [`parameters  ${formatCount(parameters)}`] : []),
    `training    ${plural(steps, 'step')} in ${formatSeconds(seconds)}`,
    ...(Object.keys(validation).length > 0 ? [`validation  ${measuresLine(validation)}`] : []),
    '',
    `Search it:   neurodex search ${shellQuote(out)} PICTURE`,
    `Measure it:  neurodex evaluate ${shellQuote(out)}`,
  ];
  return lines.join('\n');
}
