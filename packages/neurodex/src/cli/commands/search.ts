import { NeurodexError, visibleName, withFailed } from '@neurodex/core';
import type { Command } from 'commander';
import type { SearchResult, SearchResults } from '../../jobs/search.ts';
import type { SystemName } from '../../query/system.ts';
import { textTable } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { collected, isAddress, oneOf, SYSTEM_NAMES, share, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly k: number;
  readonly system: SystemName;
  readonly text: readonly string[];
  readonly plus: readonly string[];
  readonly minus: readonly string[];
  readonly minRelevance?: number;
  readonly confidence?: number;
  readonly all?: true;
  readonly shards?: number;
}

export function addSearch(program: Command, context: Context): void {
  const command = program
    .command('search')
    .summary('find the catalogue pictures that match a picture, or words')
    .description(
      'Rank the catalogue pictures of an index for each query, best first: a picture, words, or both together.',
    )
    .argument('<index>', 'folder that neurodex index made, or the place of an index in shards')
    .argument('[files...]', 'query pictures')
    .option('--text <words>', 'search for words; may be repeated, for several queries', collected('--text'), [])
    .option('--plus <words>', 'add words to each query; may be repeated', collected('--plus'), [])
    .option('--minus <words>', 'take words away from each query; may be repeated', collected('--minus'), [])
    .option('--k <n>', 'answers for each query', wholeNumber('--k', 1), 10)
    .option<SystemName>(
      '--system <name>',
      `the system to search with: ${SYSTEM_NAMES.join(', ')}`,
      oneOf('--system', SYSTEM_NAMES),
      'dsi',
    )
    .option(
      '--min-relevance <p>',
      'only answers that are relevant with this probability',
      share('--min-relevance', 0.5),
    )
    .option(
      '--confidence <p>',
      'the fewest answers of which one is relevant with this probability, however many',
      share('--confidence', 0.9),
    )
    .option('--all', 'show the nearest pictures also where nothing in the catalogue matches')
    .option(
      '--shards <n>',
      'of an index in shards: shards that each query is sent to (4 by default)',
      wholeNumber('--shards', 1, 99_999, 4),
    );
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex search photos.index holiday.jpg', 'the ten best answers'],
    ['neurodex search photos.index a.jpg b.jpg --k 3 --json', 'three answers for each, for a program'],
    ['neurodex search photos.index a.jpg --min-relevance 0.5', 'what is more likely right than wrong'],
    ['neurodex search photos.index a.jpg --confidence 0.9', 'as few as hold a right one nine times in ten'],
    ['neurodex search photos.index --text "a red bicycle"', 'by words'],
    ['neurodex search photos.index beach.jpg --plus "at night" --minus "people"', 'a picture and words'],
  ]);
  command.action((index: string, files: string[], flags: Flags) => search(index, files, flags, context));
}

async function search(index: string, files: readonly string[], flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    checkConfidence(flags.confidence);
    if (files.length + flags.text.length === 0) throw nothingAsked();
    const found = await context.services.jobs.searchIndex({
      index: isAddress(index) ? index : path(index),
      files: files.map(path),
      texts: flags.text,
      plus: flags.plus,
      minus: flags.minus,
      k: flags.k,
      system: flags.system,
      minRelevance: flags.minRelevance,
      confidence: flags.confidence,
      all: flags.all === true,
      device: flags.device,
      asked: flags.shards,
      environment: context.io.env,
      reporter,
    });
    // Queries go by the names that they were asked by.
    const given = new Map(files.map((file) => [path(file), file]));
    const results = found.results.map((result) => ({ ...result, query: given.get(result.query) ?? result.query }));
    const failed = (found.failed ?? []).map((each) => ({ ...each, input: given.get(each.input) ?? each.input }));
    return { json: { results, ...withFailed(failed) }, text: describe(results), failed };
  });
}

const nothingAsked = (): NeurodexError =>
  new NeurodexError('usage', 'there is nothing to search for', {
    hint: 'name a picture, or give words with --text; `neurodex search --help` has examples',
  });

/** A probability of 0 or 1 cannot be promised. */
function checkConfidence(confidence: number | undefined): void {
  if (confidence === undefined || (confidence > 0 && confidence < 1)) return;
  throw new NeurodexError('usage', `--confidence must be between 0 and 1, not ${confidence}`, {
    hint: 'write --confidence 0.9',
  });
}

const describe = (results: SearchResults['results']): string => results.map(describeResult).join('\n\n');

function describeResult({ query, none, nothingFound, answers }: SearchResult): string {
  const lines = [printable(query)];
  if (nothingFound) lines.push(`nothing in the catalogue matches, most likely (${percent(none)})`);
  else if (answers.length === 0) lines.push('no answer is as relevant as that');
  if (nothingFound && answers.length === 0) lines.push('--all shows what is nearest');
  if (answers.length > 0) lines.push(tableOf(answers));
  return lines.join('\n');
}

const percent = (share: number | null): string => (share === null ? '—' : `${Math.round(100 * share)} %`);

function tableOf(answers: SearchResult['answers']): string {
  const isJudged = answers.some(({ relevance }) => relevance !== null);
  const rows = answers.map(({ rank, picture, label, score, relevance, identifier }) => [
    String(rank),
    score.toFixed(3),
    ...(isJudged ? [percent(relevance)] : []),
    label === null ? '—' : visibleName(label),
    identifier,
    picture,
  ]);
  const columns = [
    { heading: 'rank', align: 'right' },
    { heading: 'score', align: 'right' },
    ...(isJudged ? [{ heading: 'relevant', align: 'right' } as const] : []),
    { heading: 'class' },
    { heading: 'identifier' },
    { heading: 'picture' },
  ] as const;
  return textTable(columns, rows);
}
