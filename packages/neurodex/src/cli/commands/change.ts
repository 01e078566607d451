import { NeurodexError, withFailed } from '@neurodex/core';
import type { Command } from 'commander';
import type { AddedPictures, ChangedIndex, RemovedPictures, UpdatedIndex } from '../../jobs/change-index.ts';
import { printable } from '../../report/text.ts';
import { collected, isAddress, text } from '../arguments.ts';
import { calibrationLines } from '../calibration-lines.ts';
import {
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
import { configurationOf, SOURCE_HELP, type SourceFlags, sourceOf, withSource } from '../source.ts';

interface AddFlags extends CommonFlags, DeviceFlag {
  readonly from?: string;
  readonly label?: readonly string[];
}

interface UpdateFlags extends CommonFlags, DeviceFlag, SourceFlags {
  readonly dryRun?: true;
  readonly watch?: true;
}

const INDEX_HELP = 'folder that neurodex index made';
const PLACE_HELP = `${INDEX_HELP}, or the place of an index in shards`;
/** Names that a text lists of each kind of change; `--json` has them all. */
const NAMED = 10;

export function addAdd(program: Command, context: Context): void {
  const command = program
    .command('add')
    .summary('add pictures to an index')
    .description(
      'Add pictures to an index with a written memory: nothing is trained. A file whose bytes are in the index already is\nreported, not added.',
    )
    .argument('<index>', PLACE_HELP)
    .argument('[files...]', 'picture files')
    .option('--from <source>', `in place of files: ${SOURCE_HELP}`, text('--from'))
    .option('--label <name>', 'a label of the files; may be repeated', collected('--label'));
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex add photos.index holiday.jpg --label beach', 'one more picture'],
    ['neurodex add photos.index --from new-photos/', 'a folder of them, with the labels that its layout says'],
  ]);
  command.action((index: string, files: string[], flags: AddFlags) => add(index, files, flags, context));
}

async function add(index: string, files: readonly string[], flags: AddFlags, context: Context): Promise<void> {
  const { from: source, label = [] } = flags;
  if ((files.length === 0) === (source === undefined)) throw oneOfBoth();
  await perform(context, flags, { unwinds: true }, async (work) => {
    const pictures =
      source === undefined
        ? { files: files.map((name) => ({ name, path: work.path(name) })), labels: label }
        : (await datasetOf(index, source, {}, context, work)).dataset;
    const changed = await context.services.jobs.addToIndex({ ...common(index, flags, context, work), pictures });
    const { failed, ...rest } = changed;
    return { json: { ...rest, ...withFailed(failed) }, text: describeAdded(changed), failed };
  });
}

const oneOfBoth = (): NeurodexError =>
  new NeurodexError('usage', 'neurodex add takes picture files, or --from with a folder or data set', {
    hint: 'for example: neurodex add photos.index holiday.jpg',
  });

export function addRemove(program: Command, context: Context): void {
  const command = program
    .command('remove')
    .summary('remove pictures from an index')
    .description(
      'Remove pictures from an index: no search returns them from then on, and their rows, pixels, thumbnails, vectors,\nnames and digests are erased from all of its files.',
    )
    .argument('<index>', PLACE_HELP)
    .argument('<pictures...>', 'pictures as a search names them, or their ids');
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex remove photos.index beach/holiday.jpg', 'one picture'],
    ['neurodex verify photos.index --without holiday.jpg', 'evidence that nothing of it is left'],
  ]);
  command.action((index: string, pictures: string[], flags: CommonFlags & DeviceFlag) =>
    remove(index, pictures, flags, context),
  );
}

async function remove(
  index: string,
  pictures: readonly string[],
  flags: CommonFlags & DeviceFlag,
  context: Context,
): Promise<void> {
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { jobs } = context.services;
    const changed = await jobs.removeFromIndex({ ...common(index, flags, context, work), pictures });
    return { json: changed, text: describeRemoved(changed) };
  });
}

export function addUpdate(program: Command, context: Context): void {
  const command = program
    .command('update')
    .summary('make an index what its folder is now')
    .description(
      'Compare an index with SOURCE by the contents of every picture, and add, replace, rename and remove what differs.',
    )
    .argument('<index>', INDEX_HELP)
    .argument('<source>', SOURCE_HELP)
    .option('--dry-run', 'show what differs, and change nothing')
    .option('--watch', 'go on: follow a folder until Ctrl-C');
  withCommonFlags(withDevice(withSource(command)));
  withExamples(command, [
    ['neurodex update photos.index photos/ --dry-run', 'new, changed, moved and deleted pictures'],
    ['neurodex update photos.index photos/ --watch', 'follow the folder'],
  ]);
  command.action((index: string, source: string, flags: UpdateFlags) => update(index, source, flags, context));
}

async function update(index: string, source: string, flags: UpdateFlags, context: Context): Promise<void> {
  if (flags.dryRun && flags.watch) {
    throw new NeurodexError('usage', '--dry-run and --watch do not go together', {
      hint: 'look at the differences first, then follow the folder',
    });
  }
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { jobs } = context.services;
    const options = common(index, flags, context, work);
    const once = async (): Promise<UpdatedIndex> => {
      const { dataset } = await datasetOf(index, source, flags, context, work);
      return await jobs.updateIndex({ ...options, dataset, dryRun: flags.dryRun === true });
    };
    if (flags.watch === true) {
      await jobs.followFolder({
        folder: work.path(source),
        reporter: work.reporter,
        signal: context.io.signal,
        update: async () => work.reporter.info(describeUpdated(await once())),
      });
    }
    const changed = await once();
    const { failed, ...rest } = changed;
    return { json: { ...rest, ...withFailed(failed) }, text: describeUpdated(changed), failed };
  });
}

export function addSettle(program: Command, context: Context): void {
  const command = program
    .command('settle')
    .summary('fit an index to the pictures that it has now')
    .description(
      'Divide the pictures of an index into clusters anew, and fit its temperature: what an index that has grown a lot\nneeds, as `neurodex inspect` says. The network learns nothing; ids stay, identifiers change.',
    )
    .argument('<index>', INDEX_HELP);
  withCommonFlags(withDevice(command));
  withExamples(command, [['neurodex settle photos.index', 'clusters, identifiers, temperature']]);
  command.action(async (index: string, flags: CommonFlags & DeviceFlag) =>
    perform(context, flags, { unwinds: true }, async (work) => {
      const settled = await context.services.jobs.settleIndex(common(index, flags, context, work));
      const { parts, changes, digest } = settled;
      const text = [
        `settled    ${settled.index}`,
        `parts      ${parts[0]} before, ${parts[1]} now`,
        `renamed    ${plural(changes.renamed, 'identifier')} so far`,
        `revision   ${changes.revision}, digest ${digest.slice(0, 16)}`,
      ];
      return { json: settled, text: text.map(printable).join('\n') };
    }),
  );
}

export function addCalibrate(program: Command, context: Context): void {
  const command = program
    .command('calibrate')
    .summary('say again how likely the answers of an index are relevant')
    .description(
      'Fit what makes probabilities of scores, and the outcome that nothing in the catalogue matches, to the validation\nqueries of an index as it is now. A build and settle do so by themselves.',
    )
    .argument('<index>', INDEX_HELP);
  withCommonFlags(withDevice(command));
  withExamples(command, [['neurodex calibrate photos.index', 'after many pictures have come or gone']]);
  command.action(async (index: string, flags: CommonFlags & DeviceFlag) =>
    perform(context, flags, { unwinds: true }, async (work) => {
      const done = await context.services.jobs.calibrateIndex(common(index, flags, context, work));
      const text = [`index      ${done.index}`, ...calibrationLines(done), `digest     ${done.digest.slice(0, 16)}`];
      return { json: done, text: text.map(printable).join('\n') };
    }),
  );
}

export function addForget(program: Command, context: Context): void {
  const command = program
    .command('forget')
    .summary('make an index that was never shown some pictures')
    .description(
      'Build an index again from the pictures that it has, without some: unlike remove, also the network has then never\nlearned from them. It takes as long as the index took; until it is done, the index stays as it is.',
    )
    .argument('<index>', INDEX_HELP)
    .argument('<pictures...>', 'pictures as a search names them');
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex forget photos.index beach/holiday.jpg', 'trained anew without it'],
    ['neurodex verify photos.index --forgotten', 'the same again elsewhere, compared bit by bit'],
  ]);
  command.action(async (index: string, pictures: string[], flags: CommonFlags & DeviceFlag) =>
    perform(context, flags, { unwinds: true }, async (work) => {
      const options = common(index, flags, context, work);
      const done = await context.services.jobs.forgetPictures({ ...options, pictures });
      const text = [
        `forgot     ${plural(done.forgotten.length, 'picture')}`,
        ...few(done.forgotten),
        `index      ${done.index}`,
        `catalogue  ${plural(done.catalogue, 'picture')}, ${plural(done.steps, 'step')} of training`,
        `content    ${done.content}`,
      ];
      return { json: done, text: text.map(printable).join('\n') };
    }),
  );
}

/** What SOURCE names, with labels from where the index has them, unless flags say otherwise. */
async function datasetOf(index: string, source: string, flags: SourceFlags, context: Context, work: Work) {
  const config = await configurationOf({}, context);
  const recorded =
    flags.labels !== undefined || flags.classLevel !== undefined || isAddress(index)
      ? {}
      : { labels: await context.services.jobs.recordedLabels(work.path(index)) };
  return await sourceOf(source, { ...recorded, ...flags }, { config, seed: 0 }, context, work);
}

const common = (index: string, flags: DeviceFlag, { io }: Context, { path, reporter }: Work) => ({
  index: isAddress(index) ? index : path(index),
  device: flags.device,
  environment: io.env,
  reporter,
  signal: io.signal,
});

const describeIndex = ({ index, digest, catalogue, changes }: ChangedIndex): string[] => [
  '',
  `index      ${index}`,
  `catalogue  ${plural(catalogue, 'picture')}`,
  `revision   ${changes.revision}, digest ${digest.slice(0, 16)}`,
];

function describeAdded(changed: AddedPictures): string {
  const { added, known, failed } = changed;
  return [
    `added      ${plural(added.length, 'picture')}`,
    ...few(added.map(({ id, picture, identifier }) => `${picture}: id ${id}, identifier ${identifier}`)),
    ...(known.length === 0
      ? []
      : [`known      ${plural(known.length, 'file')} whose contents are in the index already`]),
    ...few(known.map(({ picture, as }) => `${picture} is ${as}`)),
    ...(failed.length === 0 ? [] : [`failed     ${plural(failed.length, 'file')}`]),
    ...describeIndex(changed),
  ]
    .map(printable)
    .join('\n');
}

const describeRemoved = (changed: RemovedPictures): string =>
  [
    `removed    ${plural(changed.removed.length, 'picture')}`,
    ...few(changed.removed.map(({ id, picture }) => `${picture}, id ${id}`)),
    ...describeIndex(changed),
  ]
    .map(printable)
    .join('\n');

function describeUpdated(changed: UpdatedIndex): string {
  const { dryRun, unchanged, added, moved, removed, known } = changed;
  const kinds = [
    ['new', added],
    ['changed', changed.changed],
    ['moved', moved.map(({ from, to }) => `${from} is ${to}`)],
    ['removed', removed],
    ['known', known.map(({ picture, as }) => `${picture} is ${as}`)],
  ] as const;
  return [
    ...(dryRun ? ['nothing was changed: this is what differs'] : []),
    `${'unchanged'.padEnd(10)} ${plural(unchanged, 'picture')}`,
    ...kinds.flatMap(([name, lines]) =>
      lines.length === 0 ? [] : [`${name.padEnd(10)} ${plural(lines.length, 'picture')}`, ...few(lines)],
    ),
    ...describeIndex(changed),
  ]
    .map(printable)
    .join('\n');
}

const few = (lines: readonly string[]): string[] => [
  ...lines.slice(0, NAMED).map((line) => `  ${line}`),
  ...(lines.length > NAMED ? [`  … and ${lines.length - NAMED} more (--json names them all)`] : []),
];
