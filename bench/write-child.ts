import { openFolder } from '@neurodex/datasets';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { progressLines } from './child-progress.ts';
import { openDistractors } from './fashion-files.ts';

/**
 * An index in a process of its own, so that nobody else's memory and processor time are in its figures:
 * `write-child.ts FOLDER OUT PRESET SETTING…`. Prints its figures as one JSON object.
 */
const [source = '', out = '', preset = '', ...settings] = process.argv.slice(2);
const config = await resolveConfiguration({ preset, settings, cwd: process.cwd() });
const began = performance.now();
const dataset = source.endsWith('-ubyte') ? await openDistractors(source) : await openFolder(source);
const { catalogue, steps, validation, parameters } = await createIndex({
  dataset,
  out,
  config,
  systems: ['dsi', 'pixels'],
  seed: 0,
  force: true,
  device: 'cpu',
  reporter: progressLines(),
});
const seconds = (performance.now() - began) / 1000;
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(
  JSON.stringify({
    catalogue,
    steps,
    validation,
    parameters,
    seconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMiB: maxRSS / 1024,
  }),
);
