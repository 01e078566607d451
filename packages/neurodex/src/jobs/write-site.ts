import { resolve } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { refuseExisting, refusePlace } from '@neurodex/core/storage';
import { type ConfigProblem, checkConfig, invalidConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { EXPORT_FILE, exportedFiles, type WrittenExport, writeExport } from '../export/folder.ts';
import { HEADERS, PAGES, pageFiles, readPageFile } from '../export/page-files.ts';
import { VERSION } from '../version.ts';

/** A site whose visitors index their own pictures. */
export interface SiteOptions {
  /** The folder to make. */
  readonly out: string;
  /** How pictures are indexed there. */
  readonly config: Config;
  readonly seed: number;
  /** Replace a site that is there. */
  readonly force: boolean;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Where the pages are. */
  readonly pages?: string;
}

/**
 * Writes a static site that indexes the visitor's pictures in the browser. The folder appears when it is complete.
 * @throws NeurodexError `config-invalid` for what a browser cannot do, `output-exists`, `output-unwritable`, `disk-full`,
 *   `page-missing`, `interrupted`
 */
export async function writeSite(options: SiteOptions): Promise<WrittenExport> {
  const { config, seed, force, reporter, signal, pages = PAGES } = options;
  const problems = problemsIn(config);
  if (problems.length > 0) throw invalidConfig(problems);
  checkConfig(config);
  const folder = resolve(options.out);
  await refusePlace(folder, []);
  await refuseExisting(folder, { force, marker: EXPORT_FILE, lister: exportedFiles });
  const facts = { format: 'neurodex-export', neurodex: VERSION, kind: 'site' };
  return await writeExport(folder, { force, ...(signal === undefined ? {} : { signal }) }, facts, async (write) => {
    const files = await pageFiles(pages, 'indexing.html');
    for (const [done, [from, to]] of files.entries()) {
      await write(to, await readPageFile(pages, from));
      reporter.progress({ phase: 'export', done: done + 1, total: files.length, unit: 'files' });
    }
    const settings = { format: 'neurodex-indexing-site', version: 1, neurodex: VERSION, seed, config };
    await write('settings.json', `${JSON.stringify(settings, null, 2)}\n`);
    await write('_headers', HEADERS);
  });
}

/** What a browser does not do: it trains the plan `write` on pixels, reads no words, and finds no duplicates but equal files. */
function problemsIn({ training, identifiers, encoder, text, dataset }: Config): ConfigProblem[] {
  const problem = (key: string, value: string | number, wanted: string): ConfigProblem => ({
    key,
    message: `${key} is ${value}, and a browser indexes with ${wanted}`,
    hint: `set ${key} to ${wanted}`,
  });
  return [
    ...(training.plan === 'write' ? [] : [problem('training.plan', training.plan, 'write')]),
    ...(training.minutes === 0 ? [] : [problem('training.minutes', training.minutes, '0')]),
    ...(training.initialise === '' ? [] : [problem('training.initialise', training.initialise, '""')]),
    ...(identifiers.scheme === 'semantic' ? [] : [problem('identifiers.scheme', identifiers.scheme, 'semantic')]),
    ...(identifiers.vectors === 'network' ? [] : [problem('identifiers.vectors', identifiers.vectors, 'network')]),
    ...(encoder.file === '' ? [] : [problem('encoder.file', encoder.file, '""')]),
    ...(text.tokens === 0 ? [] : [problem('text.tokens', text.tokens, '0')]),
    // It would be the path of a file on this machine.
    ...(text.encoder === '' ? [] : [problem('text.encoder', text.encoder, '""')]),
    ...(dataset.dedupe ? [problem('dataset.dedupe', 'true', 'false')] : []),
  ];
}
