import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { silentReporter } from '@neurodex/core';
import { openPictureFiles } from './leaderboard-files.ts';

/*
 * Builds an index by the program of a checkout, perhaps of another commit, from the folder that `writePictureFiles` wrote, and prints
 * the seconds of its stages as JSON. Arguments: the checkout, the folder, the index, a preset, settings …
 */

const [checkout = '', pictures = '', out = '', preset = '', ...settings] = process.argv.slice(2);

const moduleOf = (path: string): string => pathToFileURL(join(resolve(checkout), 'packages/neurodex/src', path)).href;
const { resolveConfiguration }: typeof import('../packages/neurodex/src/cli/configuration.ts') = await import(
  moduleOf('cli/configuration.ts')
);
const { createIndex }: typeof import('../packages/neurodex/src/jobs/create-index.ts') = await import(
  moduleOf('jobs/create-index.ts')
);
const { readIndexManifest }: typeof import('../packages/neurodex/src/artifact/manifest.ts') = await import(
  moduleOf('artifact/manifest.ts')
);

await createIndex({
  dataset: await openPictureFiles(pictures),
  out,
  config: await resolveConfiguration({ preset, settings, cwd: process.cwd() }),
  systems: ['dsi'],
  seed: 0,
  force: true,
  device: 'cpu',
  reporter: silentReporter,
});
const { stages = {} } = await readIndexManifest(out);
process.stdout.write(JSON.stringify(stages));
