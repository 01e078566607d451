import { visibleName, withFailed } from '@neurodex/core';
import type { Command } from 'commander';
import type { SearchResults } from '../../jobs/search.ts';
import type { SystemName } from '../../query/system.ts';
import { textTable } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { oneOf, SYSTEM_NAMES, wholeNumber } from '../arguments.ts';
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
}

export function addSearch(program: Command, context: Context): void {
  const command = program
    .command('search')
    .summary('find the catalogue pictures that match a picture')
    .description('Rank the catalogue pictures of an index for each query picture, best first.')
    .argument('<index>', 'folder that neurodex index made')
    .argument('<files...>', 'query pictures')
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
  ]);
  command.action((index: string, files: string[], flags: Flags) => search(index, files, flags, context));
}

async function search(index: string, files: readonly string[], flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ reporter, path }) => {
    const found = await context.services.jobs.searchIndex({
      index: path(index),
      files: files.map(path),
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
