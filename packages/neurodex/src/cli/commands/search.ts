import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NeurodexError, shellQuote, withFailed } from '@neurodex/core';
import type { Command } from 'commander';
import type { ResultPictures } from '../../jobs/search-pictures.ts';
import type { SystemName } from '../../query/system.ts';
import { collected, isAddress, oneOf, SYSTEM_NAMES, share, text, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { terminalPictures } from '../terminal/detect.ts';
import { INLINE, type Inline, type TerminalPictures } from '../terminal/protocols.ts';
import { show } from '../viewer.ts';
import { describeAnswers } from './search-lines.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly k: number;
  readonly system: SystemName;
  readonly text: readonly string[];
  readonly plus: readonly string[];
  readonly minus: readonly string[];
  readonly where?: string;
  readonly minRelevance?: number;
  readonly confidence?: number;
  readonly all?: true;
  readonly shards?: number;
  readonly html?: string;
  readonly open?: true;
  readonly inline: Inline;
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
    .option(
      '--where <filter>',
      'only pictures that a filter takes: year=2024, "place=Paris and rating>=4" (docs/filters.md)',
      text('--where'),
    )
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
    )
    .option('--html <file>', 'also write the answers with their pictures as one HTML page', text('--html'))
    .option('--open', 'open that page; without --html it is written into a temporary folder')
    .option<Inline>(
      '--inline <protocol>',
      `draw the pictures in the terminal: ${INLINE.join(', ')}; auto draws where the terminal takes pictures`,
      oneOf('--inline', INLINE),
      'auto',
    );
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex search photos.index holiday.jpg', 'the ten best answers'],
    ['neurodex search photos.index a.jpg b.jpg --k 3 --json', 'three answers for each, for a program'],
    ['neurodex search photos.index a.jpg --min-relevance 0.5', 'what is more likely right than wrong'],
    ['neurodex search photos.index a.jpg --confidence 0.9', 'as few as hold a right one nine times in ten'],
    ['neurodex search photos.index --text "a red bicycle"', 'by words'],
    ['neurodex search photos.index a.jpg --where "year=2024 and place=Paris"', 'among some pictures'],
    ['neurodex search photos.index beach.jpg --plus "at night" --minus "people"', 'a picture and words'],
    ['neurodex search photos.index holiday.jpg --open', 'shows the answers as a page'],
    ['neurodex search photos.index *.jpg --html answers.html', 'writes one page for all queries'],
  ]);
  command.action((index: string, files: string[], flags: Flags) => search(index, files, flags, context));
}

async function search(index: string, files: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    checkFlags(flags, files);
    const terminal = await terminalPictures(flags.json ? 'none' : flags.inline, io);
    const html = flags.html === undefined ? undefined : path(flags.html);
    const page = html ?? (flags.open ? await temporaryPage() : undefined);
    const place = isAddress(index) ? index : path(index);
    // The index and queries go by the names that they were asked by.
    const names = new Map([...files.map((file) => [path(file), file] as const), [place, index]]);
    const searching = services.jobs.searchIndex({
      index: place,
      files: files.map(path),
      texts: flags.text,
      plus: flags.plus,
      minus: flags.minus,
      where: flags.where,
      k: flags.k,
      system: flags.system,
      minRelevance: flags.minRelevance,
      confidence: flags.confidence,
      all: flags.all === true,
      device: flags.device,
      asked: flags.shards,
      environment: io.env,
      html: page,
      names,
      pictures: terminal !== undefined,
      reporter,
    });
    const found = await (html === undefined && page !== undefined ? orWithoutFolder(searching, page) : searching);
    if (flags.open && page !== undefined) {
      const reason = await show(page, io);
      if (reason !== undefined) reporter.warn(`the page was not opened: ${reason}. It is in ${page}`, { page });
    }
    const results = found.results.map((result) => ({ ...result, query: names.get(result.query) ?? result.query }));
    const failed = (found.failed ?? []).map((each) => ({ ...each, input: names.get(each.input) ?? each.input }));
    const drawn = terminal === undefined ? [] : await drawnIn(terminal, found.pictures ?? []);
    const written = page === undefined ? '' : `\n\npage  ${shellQuote(flags.html ?? page)}`;
    const { matching } = found;
    const filtered = matching === undefined ? {} : { matching };
    const json = { results, ...filtered, ...withFailed(failed), ...(page === undefined ? {} : { page }) };
    return { json, text: `${describeAnswers(results, drawn, matching)}${written}`, failed };
  });
}

/** @throws NeurodexError `usage` */
function checkFlags({ text, confidence, inline, json }: Flags, files: readonly string[]): void {
  checkConfidence(confidence);
  if (json && inline !== 'auto' && inline !== 'none') {
    throw new NeurodexError('usage', `--inline ${inline} draws in a terminal, and --json prints one object`, {
      hint: 'leave out one of them',
    });
  }
  if (files.length + text.length === 0) throw nothingAsked();
}

/** The pictures of each result as sequences of the terminal. */
async function drawnIn(terminal: TerminalPictures, pictures: readonly ResultPictures[]): Promise<string[]> {
  const { drawAnswers } = await import('../terminal/draw-answers.ts');
  const drawn: string[] = [];
  for (const each of pictures) drawn.push(await drawAnswers(each, terminal));
  return drawn;
}

/** In a folder of its own, which stays: what shows the page reads it later. */
const temporaryPage = async (): Promise<string> =>
  join(await mkdtemp(join(tmpdir(), 'neurodex-answers-')), 'answers.html');

async function orWithoutFolder<T>(searching: Promise<T>, page: string): Promise<T> {
  try {
    return await searching;
  } catch (error) {
    await rmdir(dirname(page)).catch(() => {});
    throw error;
  }
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
