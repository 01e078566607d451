import { openFolder } from '@neurodex/datasets';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { planShards } from '../packages/neurodex/src/jobs/plan-shards.ts';
import { progressLines } from './child-progress.ts';
import { openDistractors } from './fashion-files.ts';

/**
 * Plans shards in a process of its own: `shards-child.ts SOURCE PLACE SHARDS SAMPLE SETTING…`. Prints what was planned, with its
 * seconds and memory, as one JSON object. Goes on with a plan that was stopped.
 */
const [source = '', place = '', shards = '', sample = '', ...settings] = process.argv.slice(2);
const config = await resolveConfiguration({ preset: 'default', settings, cwd: process.cwd() });
const dataset = source.endsWith('-ubyte') ? await openDistractors(source) : await openFolder(source);
const began = performance.now();
const planned = await planShards({
  ...{ dataset, config, seed: 0, shards: Number(shards), sample: Number(sample), systems: ['dsi'] },
  ...{ place, work: `${place}.plan`, device: 'cpu', environment: process.env },
  reporter: progressLines(),
});
const seconds = (performance.now() - began) / 1000;
process.stdout.write(JSON.stringify({ ...planned, seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
