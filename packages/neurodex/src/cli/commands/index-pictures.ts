import type { Device } from '@neurodex/autograd';
import { shellQuote } from '@neurodex/core';
import type { Command } from 'commander';
import { checkMemory } from '../../build/check-memory.ts';
import { EFFORTS, type Effort } from '../../effort.ts';
import type { IndexSummary } from '../../jobs/create-index.ts';
import type { SystemName } from '../../query/system.ts';
import { measuresLine } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { ON_NAN, type OnNan } from '../../training/on-nan.ts';
import { oneOf, parseMinutes, parseSystems, SYSTEM_NAMES, text } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { sourceLines } from '../data-set-lines.ts';
import { duplicatesLine, formatCount, formatSeconds, plural, queriesLine } from '../format.ts';
import { planLines, planSentence } from '../plan-lines.ts';
import {
  type ConfigurationFlags,
  configurationOf,
  DEDUPE_HELP,
  SOURCE_HELP,
  type SourceFlags,
  settingsOf,
  sourceOf,
  withConfiguration,
  withSource,
} from '../source.ts';
import { type TrackingFlags, trackingOf, withTracking } from '../tracking.ts';

interface Flags extends CommonFlags, DeviceFlag, TrackingFlags, SourceFlags, ConfigurationFlags {
  readonly out: string;
  readonly systems?: readonly SystemName[];
  readonly force?: true;
  readonly resume?: true;
  readonly dryRun?: true;
  readonly onNan?: OnNan;
  readonly minutes?: number;
  readonly effort?: Effort;
  readonly dedupe?: true;
  readonly encoder?: string;
}

export function addIndex(program: Command, context: Context): void {
  const command = program
    .command('index')
    .summary('train an index of pictures')
    .description(
      'Train a network that is the index of the pictures in SOURCE, and leave it in a folder.\n' +
        'SOURCE is a folder (class/picture.jpg, or pictures without classes), an archive, a Parquet, JSON lines or IDX\n' +
        'file, what neurodex dataset build made, or the name of a data set (neurodex dataset list).',
    )
    .argument('<source>', SOURCE_HELP)
    .requiredOption('--out <folder>', 'folder of the new index', text('--out'));
  withConfiguration(command).option(
    '--systems <names>',
    `what shall answer, separated by commas: ${SYSTEM_NAMES.join(',')} (all that the pictures allow by default)`,
    parseSystems,
  );
  withSource(command)
    .option(
      '--encoder <name>',
      'image encoder in front of the network (encoder.file): a name as dinov2-small or clip-vit-b32, an ONNX file, or a folder',
      text('--encoder'),
    )
    .option('--dedupe', DEDUPE_HELP)
    .option(
      '--minutes <m>',
      'time for the whole build: the network learns to see for what the other stages leave (training.seeSteps by default)',
      parseMinutes,
    )
    .option(
      '--effort <effort>',
      `how long the network learns to see, in place of a time: ${EFFORTS.join(', ')} (training.effort; normal by default)`,
      oneOf('--effort', EFFORTS),
    )
    .option('--resume', 'go on with the run that was interrupted, or begin where there is none')
    .option('--dry-run', 'print the stages with their sizes and times, and build nothing')
    .option('--force', 'replace the index that is in the folder; without --resume, also start anew')
    .option(
      '--on-nan <what>',
      `a batch whose loss is NaN or infinite: ${ON_NAN.join(' or ')} (stop by default)`,
      oneOf('--on-nan', ON_NAN),
    );
  withCommonFlags(withTracking(withDevice(command)));
  withExamples(command, [
    ['neurodex index photos --out photos.index', 'an index with the default configuration'],
    ['neurodex index photos --out photos.index --preset quick --seed 7 --force', 'a first look, again'],
    ['neurodex index photos --out photos.index --minutes 10', 'ready in ten minutes, however many pictures there are'],
    ['neurodex index photos --out photos.index --effort low', 'a first look, in a quarter of the steps'],
    ['neurodex index photos --out photos.index --encoder dinov2-small', 'behind an encoder that is downloaded once'],
    ['neurodex index coco --from /data/coco --out coco.index --preset seed', 'MS COCO from a local copy'],
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
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { reporter, path } = work;
    const begun = flags.resume
      ? await services.jobs.readRecordedRun(path(flags.out), { orComplete: flags.force !== true })
      : undefined;
    const minutes = flags.minutes === undefined ? [] : [`training.minutes=${flags.minutes}`];
    const effort = flags.effort === undefined ? [] : [`training.effort=${flags.effort}`];
    const encoder = flags.encoder === undefined ? [] : [`encoder.file=${JSON.stringify(flags.encoder)}`];
    const settings = { ...flags, set: [...settingsOf(flags), ...encoder, ...minutes, ...effort] };
    const asked = await configurationOf(settings, context, begun?.config);
    const systems = flags.systems ?? begun?.systems;
    checkMemory(asked, { systems });
    const seed = flags.seed ?? begun?.seed ?? 0;
    const tracking = trackingOf(flags, path(flags.out), io.env);
    const { dataset, config } = await sourceOf(source, flags, { config: asked, seed }, context, work);
    const device = flags.device ?? begun?.device ?? 'cpu';
    const request = { dataset, config, systems, seed, device, reporter, environment: io.env, signal: io.signal };
    if (flags.dryRun) {
      const plan = await services.jobs.planIndex(request);
      return { json: plan, text: planLines(plan).join('\n') };
    }
    // A plan applies the rules of the data set, as the build will: where they read files, that would be done twice.
    if (begun === undefined && dataset.remote !== true && !config.dataset.squaresFirst)
      reporter.info(planSentence(await services.jobs.planIndex(request)));
    const summary = await services.jobs.createIndex({
      dataset,
      out: path(flags.out),
      config,
      ...(systems === undefined ? {} : { systems }),
      seed,
      force: flags.force === true,
      resume: flags.resume === true,
      onNan: flags.onNan ?? begun?.onNan ?? 'stop',
      device,
      ...tracking,
      environment: io.env,
      reporter,
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    return { json: summary, text: describe(summary, flags.out) };
  });
}

function describe(summary: IndexSummary, out: string): string {
  const { catalogue, queries, duplicates, systems, readsText, parameters, steps, seconds, validation } = summary;
  const lines = [
    `index       ${out}`,
    `catalogue   ${plural(catalogue, 'picture')}`,
    queriesLine(queries),
    ...sourceLines(summary).map(printable),
    ...duplicatesLine(duplicates),
    `systems     ${systems.join(', ')}`,
    ...(parameters > 0 ? [`parameters  ${formatCount(parameters)}`] : []),
    `training    ${plural(steps, 'step')} in ${formatSeconds(seconds)}`,
    ...(Object.keys(validation).length > 0 ? [`validation  ${measuresLine(validation)}`] : []),
    '',
    `Search it:   neurodex search ${shellQuote(out)} PICTURE`,
    ...(readsText ? [`Or by words: neurodex search ${shellQuote(out)} --text WORDS`] : []),
    `Measure it:  neurodex evaluate ${shellQuote(out)}`,
  ];
  return lines.join('\n');
}
