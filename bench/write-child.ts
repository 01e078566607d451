import type { Reporter } from '@neurodex/core';
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
const MIB = 2 ** 20;
const peakMiB = (): number => process.resourceUsage().maxRSS * (1024 / MIB);
/** The most memory until the end of each phase: where it grows is the phase that needs it. */
const peaks: Record<string, number> = {};
const lines = progressLines();
const reporter: Reporter = {
  ...lines,
  progress(event) {
    lines.progress(event);
    peaks[event.phase] = Math.round(peakMiB());
  },
};
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
  reporter,
});
const seconds = (performance.now() - began) / 1000;
const { userCPUTime, systemCPUTime } = process.resourceUsage();
process.stdout.write(
  JSON.stringify({
    catalogue,
    steps,
    validation,
    parameters,
    seconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMiB: peakMiB(),
    peaks,
  }),
);
