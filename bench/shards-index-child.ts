import { openFolder } from '@neurodex/datasets';
import { hasRecord } from '../packages/neurodex/src/build/stage-record.ts';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { progressLines } from './child-progress.ts';
import { openDistractors } from './fashion-files.ts';

/** Makes an index in a process of its own: `shards-index-child.ts SOURCE OUT SETTING…`. Goes on with one that was stopped. */
const [source = '', out = '', ...settings] = process.argv.slice(2);
await createIndex({
  dataset: source.endsWith('-ubyte') ? await openDistractors(source) : await openFolder(source),
  config: await resolveConfiguration({ preset: 'default', settings, cwd: process.cwd() }),
  ...{ out, systems: ['dsi'], seed: 0, force: false, device: 'cpu', reporter: progressLines() },
  resume: await hasRecord(`${out}.partial`),
});
