import { join } from 'node:path';
import type { Command } from 'commander';
import { collected, parseSeed, text } from '../arguments.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { formatBytes, plural } from '../format.ts';
import { configurationOf } from '../source.ts';

interface Flags extends CommonFlags {
  readonly out: string;
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly force?: true;
}

export function addSite(program: Command, context: Context): void {
  const command = program
    .command('site')
    .summary('write a static site that indexes the pictures of who visits it')
    .description(
      'Write a static site that indexes the pictures of who visits it, in their browser: no picture leaves their device.\n' +
        'Its host has to send the headers in the file _headers, so that indexing runs on several threads.',
    )
    .requiredOption('--out <folder>', 'the folder to make', text('--out'))
    .option('--set <key=value>', 'one configuration key; may be repeated', collected('--set'))
    .option('--seed <integer>', 'makes the indexes repeatable (0 by default)', parseSeed)
    .option('--force', 'replace a site that is there');
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex site --out site', 'a site to put on any static host'],
    ['neurodex site --out site --set training.seeEpochs=40 --force', 'one that learns for less long'],
  ]);
  command.action((flags: Flags) => write(flags, context));
}

async function write(flags: Flags, context: Context): Promise<void> {
  const { out, seed = 0, force = false } = flags;
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const { browserConfig } = await import('../../presets/browser.ts');
    const config = await configurationOf({ set: flags.set ?? [] }, context, browserConfig);
    const site = await context.services.jobs.writeSite({
      out: path(out),
      config,
      seed,
      force,
      reporter,
      signal: context.io.signal,
    });
    const bytes = site.files.reduce((sum, file) => sum + file.bytes, 0);
    const lines = [
      `static site       ${out}: ${plural(site.files.length, 'file')}, ${formatBytes(bytes)}`,
      `headers           its host has to send those in ${join(out, '_headers')}, so that indexing runs on several threads`,
      'address           https, or localhost: browsers keep no index of a page that came otherwise',
    ];
    return { json: site, text: lines.join('\n') };
  });
}
