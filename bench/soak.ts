import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { RunLog } from '@neurodex/tracking';
import type { Config } from '../packages/neurodex/src/config.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { CheckpointFolder } from '../packages/neurodex/src/training/checkpoint-folder.ts';
import { nodeMachine } from '../packages/neurodex/src/training/node-machine.ts';
import { train } from '../packages/neurodex/src/training/train.ts';
import { atMost, type Benchmark } from './benchmark.ts';
import { noiseCatalogue } from './pictures.ts';

const PICTURES = 64;
const SAMPLES = 200;
const BATCH = 32;
const RETRIEVAL_SHARE = 0.75;
/** A small network on pictures large enough that worker threads show them; everything else as in a real run. */
const base: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 48 },
  identifiers: { ...PRESETS.quick.identifiers, scheme: 'numeric' },
  model: {
    ...PRESETS.quick.model,
    embedding: 'token',
    patchSize: 16,
    width: 16,
    feedForwardWidth: 16,
    layers: 1,
    stem: 'linear',
    dropout: 0.1,
  },
  training: {
    ...PRESETS.quick.training,
    plan: 'joint',
    retrievalShare: RETRIEVAL_SHARE,
    identifiersPerQuery: 2,
    learningRate: 1e-3,
    schedule: 'cosine',
    batchSize: BATCH,
    validateEvery: 500,
    checkpointEvery: 200,
    patience: 0,
  },
};

export const benchmark: Benchmark = {
  name: 'soak',
  description: 'resident memory over 10,000 training steps, with threads, validation, checkpoints and the run log',
  flags: { steps: { type: 'string', default: '10000' } },
  async run({ flags, log }) {
    const steps = Number(flags.steps);
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-soak-'));
    const samples: { step: number; mebibytes: number }[] = [];
    const every = Math.max(1, Math.round(steps / SAMPLES));
    const started = performance.now();
    try {
      await trainFor(steps, folder, (step) => {
        if (step % every === 0) samples.push({ step, mebibytes: process.memoryUsage.rss() / 2 ** 20 });
        if (step % (10 * every) === 0) log(`step ${step}: ${Math.round(samples.at(-1)?.mebibytes ?? 0)} MiB`);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const seconds = (performance.now() - started) / 1000;
    // Until then arenas, compiled code and caches come to their size.
    const settled = samples.filter(({ step }) => step > steps / 2);
    const slope = 1000 * slopeOf(settled.map(({ step, mebibytes }) => [step, mebibytes]));
    const peak = Math.max(...samples.map(({ mebibytes }) => mebibytes));
    const half = settled[0]?.mebibytes ?? Number.NaN;
    return {
      sides: {
        neurodex: {
          steps,
          seconds,
          peakMebibytes: peak,
          mebibytesHalfWay: half,
          mebibytesAtTheEnd: settled.at(-1)?.mebibytes,
          mebibytesPerThousandSteps: slope,
        },
      },
      ratios: { 'peak / half way': peak / half },
      targets: [atMost('growth of resident memory over the second half, MiB per 1,000 steps', slope, 1)],
    };
  },
};

async function trainFor(steps: number, folder: string, onStep: (step: number) => void): Promise<void> {
  const store = noiseCatalogue(PICTURES, base.pictures.size);
  const config = configOf(steps);
  const tracker = new RunLog(join(folder, 'run.jsonl'), silentReporter);
  tracker.track({ kind: 'start', time: new Date().toISOString(), config, dataset: 'noise', seed: 1 });
  const checkpoints = new CheckpointFolder(join(folder, 'checkpoints'), silentReporter);
  await train(store, config, {
    runtime: nodeRuntime(),
    machine: nodeMachine,
    seed: 1,
    tracker,
    reporter: { ...silentReporter, progress: ({ done }) => onStep(done) },
    checkpoints: {
      save: (checkpoint) => checkpoints.save(checkpoint, { seconds: 0, logBytes: tracker.sync() }),
      settled: () => checkpoints.settled(),
    },
  });
  await tracker.close();
}

/** Both tasks for so many steps: an epoch is as many as show every catalogue picture once. */
function configOf(steps: number): Config {
  const indexingEpochs = (steps * BATCH * (1 - RETRIEVAL_SHARE)) / PICTURES;
  return { ...base, training: { ...base.training, indexingEpochs, warmupFraction: 100 / steps } };
}

/** Of the line of least squares through the points. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const covariance = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return covariance / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}
