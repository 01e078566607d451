import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { fanOut, openTrackers, RUN_LOG, RunLog, readRunLog } from '@neurodex/tracking';

const folder = mkdtempSync(join(tmpdir(), 'run-'));
const request = { trackers: ['tensorboard'], folder, run: { name: 'first', named: true }, env: process.env } as const;
const trackers = [
  new RunLog(join(folder, RUN_LOG), silentReporter),
  ...(await openTrackers(request, folder, silentReporter)),
];
const run = fanOut(trackers, silentReporter);

run.track({ kind: 'start', time: new Date().toISOString(), config: { width: 8 }, dataset: { name: 'xor' }, seed: 1 });
for (let step = 1; step <= 3; step++) {
  run.track({ kind: 'validation', phase: 'train', step, metrics: { loss: 1 / step } });
}
run.track({ kind: 'end', time: new Date().toISOString(), reason: 'done' });
await run.close();
console.log(folder, await readRunLog(join(folder, RUN_LOG)));
