import { skippedKinds } from '@neurodex/datasets/names';
import type { Command } from 'commander';
import type { IndexFacts } from '../../jobs/inspect-index.ts';
import { printable, showValue } from '../../report/text.ts';
import { calibrationLines } from '../calibration-lines.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { duplicatesLine, formatBytes, formatCount, plural, queriesLine } from '../format.ts';

/** Skipped files that are named; more are counted by reason. */
const NAMED = 50;

interface Flags extends CommonFlags {
  readonly verify?: true;
}

export function addInspect(program: Command, context: Context): void {
  const command = program
    .command('inspect')
    .summary('show what is in an index')
    .description('Show what an index holds, its digest, what it was made from and with which configuration.')
    .argument('<index>', 'folder that neurodex index made')
    .option('--verify', 'read every file and compare it with its digest');
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex inspect photos.index', 'sizes, data set, configuration, skipped files, licences'],
    ['neurodex inspect photos.index --verify', 'check that no file is damaged'],
  ]);
  command.action((index: string, flags: Flags) => inspect(index, flags, context));
}

async function inspect(index: string, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    const verify = flags.verify === true;
    const inspection = await context.services.jobs.inspectIndex({ index: path(index), verify, reporter });
    return { json: inspection, text: describe(inspection, verify) };
  });
}

function describe(inspection: IndexFacts, verified: boolean): string {
  const { dataset, queries, config, bovw, encoder, text, skipped, notices } = inspection;
  const lines = [
    `index       ${inspection.index} (version ${inspection.version}${verified ? ', every file sound' : ''})`,
    `digest      ${inspection.digest}`,
    `created     ${inspection.created}, seed ${inspection.seed}`,
    `data set    ${dataset.name}: ${dataset.source}`,
    `catalogue   ${plural(inspection.catalogue, 'picture')} in ${plural(inspection.classes, 'class', 'classes')}`,
    queriesLine(queries),
    ...duplicatesLine(inspection.duplicates),
    `systems     ${inspection.systems.join(', ')}`,
    ...(inspection.parameters > 0
      ? [`network     ${formatCount(inspection.parameters)} parameters, ${formatBytes(inspection.bytes)}`]
      : []),
    ...(text === undefined
      ? []
      : [`text        ${plural(text.texts, 'text')} learned, ${formatBytes(text.model.bytes + text.tokenizer.bytes)}`]),
    ...changeLines(inspection),
    ...(bovw === undefined
      ? []
      : [
          `bovw        ${formatCount(bovw.descriptors)} descriptors, vocabulary of ${formatBytes(bovw.vocabulary.bytes)}` +
            `${bovw.withoutKeypoints > 0 ? `, ${plural(bovw.withoutKeypoints, 'picture')} without keypoints` : ''}` +
            `${bovw.neighbours === undefined ? '' : ', approximate search'}`,
        ]),
    ...(encoder === undefined
      ? []
      : [
          `encoder     ${encoder.tokens === 1 ? 'one vector' : plural(encoder.tokens, 'token')} of ${plural(encoder.channels, 'number')} for each picture of ${encoder.size} pixels, ${formatBytes(encoder.bytes)}`,
          ...publishedLine(encoder.published),
        ]),
    ...relevanceLines(inspection),
    '',
    'configuration',
    ...settings(config),
  ];
  if (inspection.unlisted.length > 0) {
    lines.push('', `ignored ${plural(inspection.unlisted.length, 'file')}, no part of the index`);
    for (const file of inspection.unlisted) lines.push(`  ${file}`);
  }
  if (skipped.length > 0) {
    lines.push('', `skipped ${plural(skipped.length, 'file or row', 'files and rows')}`);
    const few = skipped.length <= NAMED;
    for (const { path, reason } of few ? skipped : []) lines.push(`  ${path}: ${reason}`);
    for (const { kind, count } of few ? [] : skippedKinds(skipped)) lines.push(`  ${formatCount(count)} × ${kind}`);
    if (!few) lines.push('  (--json names them all)');
  }
  if (notices.length > 0) {
    lines.push('', 'pictures by');
    for (const { work, author, licence, url } of notices) lines.push(`  ${work} by ${author}, ${licence}, ${url}`);
  }
  return lines.map(printable).join('\n');
}

function relevanceLines({ relevance }: IndexFacts): string[] {
  if (relevance === undefined) return [];
  const stale = 'stale       many pictures have come or gone since: neurodex settle or neurodex calibrate mends it';
  const lines = calibrationLines(relevance).map((line) => `${line.slice(0, 11)} ${line.slice(11)}`);
  return [...lines, ...(relevance.stale ? [stale] : [])];
}

/** What has happened since the build, what the network learned from, and whether settling pays. */
function changeLines({ changes, drift, learnedFrom, parameters }: IndexFacts): string[] {
  const gone = changes?.learned ?? 0;
  const lines =
    parameters === 0
      ? []
      : [
          `learned     from ${plural(learnedFrom, 'picture')} that ${learnedFrom === 1 ? 'is' : 'are'} in the index${gone === 0 ? '' : `, and up to ${formatCount(gone)} that were removed`}`,
        ];
  if (changes === undefined) return lines;
  const { revision, added, removed, renamed } = changes;
  lines.push(
    `changes     ${formatCount(revision)}: ${plural(added, 'picture')} added, ${formatCount(removed)} removed, ${plural(renamed, 'identifier')} given anew`,
  );
  if (drift === undefined) return lines;
  const { recall, queries, divided, settle } = drift;
  lines.push(
    `drift       the beam finds ${(100 * recall).toFixed(1)} % of the nearest pictures (${plural(queries, 'query', 'queries')}), ${(100 * divided).toFixed(0)} % of the clusters are divided`,
  );
  if (settle !== undefined) lines.push(`            neurodex settle pays: ${settle}`);
  return lines;
}

/** One line for each section: '  model  patchSize 8, stem convolutional, …'. */
function settings(config: IndexFacts['config']): string[] {
  const sections = Object.entries(config);
  const width = Math.max(...sections.map(([name]) => name.length));
  return sections.map(([name, keys]) => {
    const values = Object.entries(keys as Readonly<Record<string, unknown>>).map(
      ([key, value]) => `${key} ${showValue(value)}`,
    );
    return `  ${name.padEnd(width)}  ${values.join(', ')}`;
  });
}

/** Where a published encoder is from, and under which licence it is used. */
const publishedLine = (published: NonNullable<IndexFacts['encoder']>['published']): string[] =>
  published === undefined
    ? []
    : [
        `            ${published.name} from ${published.source} (${published.revision.slice(0, 12)})`,
        `            licence ${published.licence}: ${published.url}`,
      ];
