import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { adamW, Random, Trainer, TrainingState } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { fanOut, openTrackers, RUN_LOG, RunLog, TRACKER_NAMES } from '@neurodex/tracking';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { sampledGraph } from '../packages/neurodex/src/training/sampled-objective.ts';
import { atMost, type Benchmark, ratio } from './benchmark.ts';
import { interleave } from './statistics.ts';

/** Answers every request of the MLflow tracker; in a process of its own, whose time is not counted. */
const SERVER = `
const answer = JSON.stringify({ experiment: { experiment_id: '1' }, runs: [], run: { info: { run_id: '1' } } });
const server = require('node:http').createServer((request, response) => request.resume().on('end', () => response.end(answer)));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

async function serve(): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data) => resolve(String(data).trim())),
  );
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill() };
}

/** Seconds of processor time, of all threads, that some work takes: what else the machine does hardly counts. */
async function processorSeconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The smallest network that is trained in earnest: what trackers cost weighs most where a step is short. */
async function quickStep() {
  const geometry = geometryOf(PRESETS.quick, numeric.vocabulary, 3);
  const { batchSize: B, identifiersPerQuery: R, weightDecay, gradientClip } = PRESETS.quick.training;
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const options = {
    geometry,
    batch: B,
    objective: sampledGraph(R, geometry.maxIdentifierLength, geometry.vocabulary, false),
    dropout: 0,
    optimizer,
  };
  const definition = trainingStep(options);
  const trainer = await Trainer.create(nodeRuntime({ device: 'cpu' }), definition);
  const state = TrainingState.initial(definition.parameters, optimizer, 1);
  const random = Random.seeded(2);
  const input = new Uint8Array(B * geometry.imageSize ** 2 * 3);
  random.fillBytes(input);
  const tokens = Int32Array.from({ length: R * geometry.maxIdentifierLength * B }, () => random.integer(10));
  const step = () => trainer.step(state, { input, tokens, targets: tokens }, { learningRate: 1e-4 });
  return { step, release: () => trainer.release() };
}

export const benchmark: Benchmark = {
  name: 'tracking',
  description: 'processor time of the run log and of every tracker for a step, beside that of the step',
  flags: { rounds: { type: 'string', default: '5' }, steps: { type: 'string', default: '3000' } },
  async run({ flags, log }) {
    const [rounds, steps] = [Number(flags.rounds), Number(flags.steps)];
    const folder = mkdtempSync(join(tmpdir(), 'neurodex-bench-tracking-'));
    const server = await serve();
    const training = await quickStep();
    /** A whole run, its delivery to the end included. */
    const tracked = (request: boolean) => async (): Promise<number> => {
      const here = mkdtempSync(join(folder, 'run-'));
      const asked = { trackers: TRACKER_NAMES, folder: here, run: { name: 'bench', named: false } };
      const others = request
        ? await openTrackers({ ...asked, env: { MLFLOW_TRACKING_URI: server.url } }, here, silentReporter)
        : [];
      const tracker = fanOut([new RunLog(join(here, RUN_LOG), silentReporter), ...others], silentReporter);
      const seconds = await processorSeconds(async () => {
        tracker.track({ kind: 'start', time: new Date().toISOString(), config: PRESETS.quick, dataset: {}, seed: 1 });
        for (let step = 1; step <= steps; step++) {
          const metrics = { loss: 1 / step, tokenAccuracy: 0.5, gradientNorm: 1.5, learningRate: 1e-4, seconds: 0.01 };
          tracker.track({ kind: 'step', phase: 'joint', step, picturesPerSecond: 3000.5, ...metrics });
          if (step % 100 === 0) await pause(10);
        }
        await tracker.close();
      });
      return seconds / steps;
    };
    const trained = async (): Promise<number> => {
      const count = 50;
      const work = async () => {
        for (let i = 0; i < count; i++) await training.step();
      };
      return (await processorSeconds(work)) / count;
    };
    try {
      const measured = { step: trained, runLog: tracked(false), allTrackers: tracked(true) };
      for (const measure of Object.values(measured)) await measure();
      const sides = await interleave(measured, rounds, (name, round, value) =>
        log(`round ${round}, ${name}: ${(value * 1e6).toFixed(0)} µs of processor time a step`),
      );
      const ratios = {
        'run log / training step of preset quick': ratio(sides.runLog.median, sides.step.median),
        'run log and all trackers / training step of preset quick': ratio(sides.allTrackers.median, sides.step.median),
      };
      return {
        sides: { step: { ...sides.step }, runLog: { ...sides.runLog }, allTrackers: { ...sides.allTrackers } },
        ratios,
        targets: Object.entries(ratios).map(([name, value]) => atMost(name, value, 0.02)),
      };
    } finally {
      server.stop();
      await training.release();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
