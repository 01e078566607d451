import { shellQuote, visibleName } from '@neurodex/core';
import type { Command } from 'commander';
import type { PreparedSummary } from '../../jobs/build-dataset.ts';
import type { ListedDataset } from '../../jobs/list-datasets.ts';
import type { DatasetFacts } from '../../jobs/show-dataset.ts';
import { printable } from '../../report/text.ts';
import { text, wholeNumber } from '../arguments.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { sourceLines } from '../data-set-lines.ts';
import { duplicatesLine, formatCount, plural, queriesLine } from '../format.ts';
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

interface BuildFlags extends CommonFlags, SourceFlags, ConfigurationFlags {
  readonly out: string;
  readonly force?: true;
  readonly dedupe?: true;
}

interface ShowFlags extends CommonFlags, SourceFlags, ConfigurationFlags {
  readonly out?: string;
  readonly fingerprint?: true;
  readonly examples: number;
}

const EXAMPLES = 12;
/** Classes that are listed for people; `--json` has them all. */
const LISTED = 20;

export function addDataset(program: Command, context: Context): void {
  const dataset = program
    .command('dataset')
    .summary('list, prepare and look at data sets')
    .description('Data sets: which there are, what one holds, and one prepared for another machine.');

  const list = dataset
    .command('list')
    .summary('every data set and form of pictures')
    .description('List every data set that can be named as SOURCE, and every form that your own pictures may have.');
  withCommonFlags(list);
  withExamples(list, [['neurodex dataset list', 'names, layouts, licences and flags']]);
  list.action((flags: CommonFlags) => listAll(flags, context));

  const build = dataset
    .command('build')
    .summary('prepare a data set, for any machine and offline')
    .description(
      'Choose and decode the pictures of SOURCE by the configuration, and leave them with their labels, captions and\n' +
        'roles in a folder that neurodex index takes as SOURCE. What has not changed is not built again.',
    )
    .argument('<source>', SOURCE_HELP)
    .requiredOption('--out <folder>', 'folder of the prepared data set', text('--out'));
  withSource(withConfiguration(build))
    .option('--dedupe', DEDUPE_HELP)
    .option('--force', 'build it again, and replace what is in the folder');
  withCommonFlags(build);
  withExamples(build, [
    ['neurodex dataset build coco --out coco-384 --preset seed', 'the pictures of the notebook'],
    ['neurodex index coco-384 --out coco.index --preset seed', 'and an index of them, on any machine'],
  ]);
  build.action((source: string, flags: BuildFlags) => buildOne(source, flags, context));

  const show = dataset
    .command('show')
    .summary('what a data set holds, with examples')
    .description(
      'Show what SOURCE holds by the configuration: pictures, classes, captions and objects. With --out also pictures:\n' +
        'examples with their captions and boxes, and one as the model sees it, in patches.',
    )
    .argument('<source>', SOURCE_HELP)
    .option('--out <folder>', 'folder for examples.png and patches.png', text('--out'))
    .option('--fingerprint', 'also a digest of all its contents, for which every file is read')
    .option('--examples <n>', 'how many pictures are shown', wholeNumber('--examples', 1, 200, EXAMPLES), EXAMPLES);
  withSource(withConfiguration(show));
  withCommonFlags(show);
  withExamples(show, [
    ['neurodex dataset show photos', 'counts and classes'],
    ['neurodex dataset show coco --from /data/coco --preset seed --out look', 'and pictures of them'],
  ]);
  show.action((source: string, flags: ShowFlags) => showOne(source, flags, context));
}

async function listAll(flags: CommonFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async () => {
    const datasets = await context.services.jobs.listDatasets();
    return { json: datasets, text: describeList(datasets) };
  });
}

async function buildOne(source: string, flags: BuildFlags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async (work) => {
    const seed = flags.seed ?? 0;
    const settings = { ...flags, set: settingsOf(flags) };
    const asked = { config: await configurationOf(settings, context), seed };
    const { dataset, config } = await sourceOf(source, flags, asked, context, work);
    const summary = await services.jobs.buildDataset({
      dataset,
      out: work.path(flags.out),
      config,
      seed,
      force: flags.force === true,
      reporter: work.reporter,
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    return { json: summary, text: describeBuilt(summary, flags.out) };
  });
}

async function showOne(source: string, flags: ShowFlags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async (work) => {
    const seed = flags.seed ?? 0;
    const asked = { config: await configurationOf(flags, context), seed };
    const { dataset, config } = await sourceOf(source, flags, asked, context, work);
    const facts = await services.jobs.showDataset({
      dataset,
      config,
      examples: flags.examples,
      fingerprint: flags.fingerprint === true,
      reporter: work.reporter,
      ...(flags.out === undefined ? {} : { out: work.path(flags.out) }),
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    return { json: facts, text: describeShown(facts) };
  });
}

function describeList(datasets: readonly ListedDataset[]): string {
  const width = Math.max(...datasets.map(({ name }) => name.length));
  const entry = ({ name, summary, forms, licence, flags }: ListedDataset): string[] => [
    `  ${name.padEnd(width)}  ${summary}`,
    ...forms.map((form) => `  ${' '.repeat(width)}  · ${form}`),
    ...(licence === 'your own' ? [] : [`  ${' '.repeat(width)}  licence: ${licence}`]),
    ...(flags.length > 0 ? [`  ${' '.repeat(width)}  flags: ${flags.join(', ')}`] : []),
  ];
  return [
    'data sets by name',
    ...datasets.filter(({ named }) => named).flatMap(entry),
    '',
    'your own pictures, recognised by their files',
    ...datasets.filter(({ named }) => !named).flatMap(entry),
  ].join('\n');
}

function describeBuilt(summary: PreparedSummary, out: string): string {
  const { built, pictures, classes, duplicates } = summary;
  return [
    `data set    ${out}${built ? '' : ' (nothing has changed; --force builds it again)'}`,
    `catalogue   ${plural(pictures.catalogue, 'picture')}`,
    queriesLine(pictures),
    `classes     ${formatCount(classes)}`,
    ...sourceLines(summary).map(printable),
    ...duplicatesLine(duplicates),
    '',
    `Index it:   neurodex index ${shellQuote(out)} --out INDEX`,
  ].join('\n');
}

function describeShown(facts: DatasetFacts): string {
  const { model, classes, skipped, examples } = facts;
  const more = classes.length - LISTED;
  const lines = [
    `data set    ${facts.dataset}: ${facts.source}`,
    ...(facts.fingerprint === null ? [] : [`fingerprint ${facts.fingerprint}`]),
    `pictures    ${formatCount(facts.pictures)}${facts.of === facts.pictures ? '' : ` of ${formatCount(facts.of)}`}`,
    `captions    ${formatCount(facts.captions)}`,
    `objects     ${formatCount(facts.objects)}`,
    ...sourceLines(facts),
    `model       sees ${model.size} × ${model.size} pixels in ${plural(model.patches, 'patch', 'patches')} of ${model.patchSize} × ${model.patchSize}`,
    '',
    `${plural(classes.length, 'class', 'classes')}${classes.length > 0 ? ', the largest first' : ''}`,
    ...classes.slice(0, LISTED).map(({ name, pictures }) => `  ${visibleName(name)}  ${formatCount(pictures)}`),
    ...(more > 0 ? [`  and ${formatCount(more)} more (--json lists them all)`] : []),
    '',
    'examples',
    ...examples.flatMap(({ picture, labels, captions, objects }) => [
      `  ${picture}${labels.length > 0 ? `: ${labels.map(visibleName).join(', ')}` : ''}`,
      ...captions.map((caption) => `    "${caption}"`),
      ...objects.map(
        ({ category, box, area, crowd }) =>
          `    ${visibleName(category)}${crowd ? ' (crowd)' : ''} at ${box.map(Math.round).join(', ')}, ${formatCount(Math.round(area))} pixels`,
      ),
    ]),
  ];
  if (skipped.length > 0) {
    lines.push('', 'skipped');
    for (const { path, reason } of skipped.slice(0, LISTED)) lines.push(`  ${path}: ${reason}`);
    if (skipped.length > LISTED)
      lines.push(`  and ${formatCount(skipped.length - LISTED)} more (--json lists them all)`);
  }
  for (const { work, author, licence, url } of facts.notices)
    lines.push('', `${work} by ${author}: ${licence}, ${url}`);
  if (facts.files.length > 0) lines.push('', `drawn in ${facts.files.join(' and ')}`);
  return lines.map(printable).join('\n');
}
