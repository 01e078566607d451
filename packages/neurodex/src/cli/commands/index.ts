import type { Command } from 'commander';
import type { IndexSummary } from '../../jobs/create-index.ts';
import { measuresLine } from '../../report/table.ts';
import { text } from '../arguments.ts';
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
import { shellQuote } from '../shell.ts';
import {
  type ConfigurationFlags,
  SOURCE_HELP,
  type SourceFlags,
  sourceOf,
  withConfiguration,
  withSource,
} from '../source.ts';

interface Flags extends CommonFlags, DeviceFlag, SourceFlags, ConfigurationFlags {
  readonly out: string;
  readonly force?: true;
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
  withSource(withConfiguration(command)).option('--force', 'replace the index that is in the folder');
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex index photos --out photos.index', 'an index with the default configuration'],
    ['neurodex index photos --out photos.index --preset quick --seed 7 --force', 'a first look, again'],
    ['neurodex index photos --out photos.index --set training.indexingEpochs=800', 'train for longer'],
    ['neurodex index coco --from /data/coco --out coco.index --preset seed', 'MS COCO from a local copy'],
  ]);
  command.action((source: string, flags: Flags) => index(source, flags, context));
}

async function index(source: string, flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { dataset, config } = await sourceOf(source, flags, context, work);
    const summary = await services.jobs.createIndex({
      dataset,
      out: work.path(flags.out),
      config,
      seed: flags.seed,
      force: flags.force === true,
      device: flags.device,
      reporter: work.reporter,
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    return { json: summary, text: describe(summary, flags.out) };
  });
}

function describe(summary: IndexSummary, out: string): string {
  const { catalogue, queries, skipped, parameters, steps, seconds, validation } = summary;
  const lines = [
    `index       ${out}`,
    `catalogue   ${plural(catalogue, 'picture')}`,
    `queries     ${formatCount(queries.train)} train, ${formatCount(queries.validation)} validation, ${formatCount(queries.test)} test`,
    ...(skipped.length > 0 ? [`skipped     ${plural(skipped.length, 'file')}, named in the warnings`] : []),
    `parameters  ${formatCount(parameters)}`,
    `training    ${plural(steps, 'step')} in ${formatSeconds(seconds)}`,
    ...(Object.keys(validation).length > 0 ? [`validation  ${measuresLine(validation)}`] : []),
    '',
    `Search it:   neurodex search ${shellQuote(out)} PICTURE`,
    `Measure it:  neurodex evaluate ${shellQuote(out)}`,
  ];
  return lines.join('\n');
}
