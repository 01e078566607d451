import { NeurodexError, visibleName, withFailed } from '@neurodex/core';
import type { Command } from 'commander';
import type { SearchResults } from '../../jobs/search.ts';
import type { SystemName } from '../../query/system.ts';
import { textTable } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { collected, oneOf, SYSTEM_NAMES, wholeNumber } from '../arguments.ts';
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
}

export function addSearch(program: Command, context: Context): void {
  const command = program
    .command('search')
    .summary('find the catalogue pictures that match a picture, or words')
    .description(
      'Rank the catalogue pictures of an index for each query, best first: a picture, words, or both together.',
    )
    .argument('<index>', 'folder that neurodex index made')
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
    );
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex search photos.index holiday.jpg', 'the ten best answers'],
    ['neurodex search photos.index a.jpg b.jpg --k 3 --json', 'three answers for each, for a program'],
    ['neurodex search photos.index --text "a red bicycle"', 'by words'],
    ['neurodex search photos.index beach.jpg --plus "at night" --minus "people"', 'a picture and words'],
  ]);
  command.action((index: string, files: string[], flags: Flags) => search(index, files, flags, context));
}

async function search(index: string, files: readonly string[], flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    if (files.length + flags.text.length === 0) throw nothingAsked();
    const found = await context.services.jobs.searchIndex({
      index: path(index),
      files: files.map(path),
      texts: flags.text,
      plus: flags.plus,
      minus: flags.minus,
      k: flags.k,
      system: flags.system,
      device: flags.device,
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

const describe = (results: SearchResults['results']): string =>
  results
    .map(({ query, answers }) => {
      const rows = answers.map(({ rank, picture, label, score, identifier }) => [
        String(rank),
        score.toFixed(3),
        label === null ? '—' : visibleName(label),
        identifier,
        picture,
      ]);
      const columns = [
        { heading: 'rank', align: 'right' },
        { heading: 'score', align: 'right' },
        { heading: 'class' },
        { heading: 'identifier' },
        { heading: 'picture' },
      ] as const;
      return `${printable(query)}\n${textTable(columns, rows)}`;
    })
    .join('\n\n');
