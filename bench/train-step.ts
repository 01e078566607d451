import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  adamW,
  DEVICES,
  type Device,
  matrixOperations,
  parameterCount,
  Random,
  Trainer,
  TrainingState,
  trainingGraph,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { sampledGraph } from '../packages/neurodex/src/training/sampled-objective.ts';
import { atLeast, atMost, type Benchmark, ratio, type Side } from './benchmark.ts';
import { peakMatrixProduct } from './peak.ts';
import { openPyTorch, type Preparation, type PyTorch } from './pytorch.ts';
import { interleave, median, type Summary } from './statistics.ts';

const DROPOUTS = [0.1, 0] as const;
/** Identifiers of three digits: M is BOS and three digits. */
const IDENTIFIER_LENGTH = 4;
const { learningRate, weightDecay, gradientClip, batchSize } = PRESETS.seed.training;

/** Larger batches are not tried. */
const MOST_PICTURES = 8192;
const CHILD = fileURLToPath(new URL('train-step-child.ts', import.meta.url));
/** R of retrieval training with many relevant pictures for each query. */
const MANY = 16;

interface Shape {
  /** B */
  readonly batch?: number;
  /** R */
  readonly identifiers?: number;
}

/** Our step, compiled, with one batch of random pictures. */
async function ourStep(dropout: number, device: Device, { batch = batchSize, identifiers = 1 }: Shape = {}) {
  const geometry = geometryOf(PRESETS.seed, numeric.vocabulary, IDENTIFIER_LENGTH);
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const definition = trainingStep({
    geometry,
    batch,
    objective: sampledGraph(identifiers, IDENTIFIER_LENGTH, geometry.vocabulary, false),
    dropout,
    optimizer,
  });
  const trainer = await Trainer.create(nodeRuntime({ device }), definition);
  const state = TrainingState.initial(definition.parameters, optimizer, 1);
  const random = Random.seeded(2);
  const pictures = new Uint8Array(batch * geometry.imageSize ** 2 * 3);
  random.fillBytes(pictures);
  const { bos, eos } = numeric.vocabulary;
  const rows = IDENTIFIER_LENGTH * batch;
  const tokens = Int32Array.from({ length: identifiers * rows }, (_, i) =>
    i % rows < batch ? bos : random.integer(10),
  );
  const targets = Int32Array.from(tokens, (_, i) => (i % rows < rows - batch ? (tokens[i + batch] as number) : eos));
  const step = async (steps: number): Promise<number[]> => {
    const seconds: number[] = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      await trainer.step(state, { input: pictures, tokens, targets }, { learningRate });
      seconds.push((performance.now() - start) / 1000);
    }
    return seconds;
  };
  return {
    step,
    operations: matrixOperations(trainingGraph(definition)),
    parameters: parameterCount(definition.parameters),
    release: () => trainer.release(),
  };
}

/** The largest batch that a step can be taken with, doubled from the notebook's: what fits into a device's memory. */
async function largestBatch(device: Device, log: (message: string) => void): Promise<number> {
  let largest = 0;
  for (let batch = batchSize; batch <= MOST_PICTURES; batch *= 2) {
    try {
      const step = await ourStep(0.1, device, { batch });
      const [seconds = Number.NaN] = await step.step(1);
      await step.release();
      log(`batch ${batch}: ${seconds.toFixed(2)} s`);
    } catch (error) {
      log(`batch ${batch} does not fit: ${(error as Error).message}`);
      break;
    }
    largest = batch;
  }
  return largest;
}

const milliseconds = (summary: Summary | undefined) =>
  summary && { medianSeconds: summary.median, minimumSeconds: summary.minimum, maximumSeconds: summary.maximum };

export const benchmark: Benchmark = {
  name: 'train-step',
  description:
    "one training step of the seed's network, beside PyTorch's fastest form of it and the seed's own; memory",
  flags: {
    rounds: { type: 'string', default: '7' },
    // The threads of the side before may still be spinning during the first steps of a turn: the median is past them.
    steps: { type: 'string', default: '12' },
    device: { type: 'string', default: 'cpu' },
  },
  async run({ flags, log }) {
    const [rounds, steps] = [Number(flags.rounds), Number(flags.steps)];
    const device = DEVICES.find((known) => known === flags.device);
    if (device === undefined) throw new Error(`--device ${String(flags.device)} is none of ${DEVICES.join(', ')}`);
    const opened = await openPyTorch();
    const pytorch = 'missing' in opened ? undefined : opened;
    const ours: Record<string, unknown> = { device };
    const theirs: Record<string, unknown> = {};
    const ratios: Record<string, number | null> = {};
    const targets = [];
    try {
      log('PyTorch: compiling and measuring every variant');
      const preparation = await pytorch?.prepare(DROPOUTS);
      for (const dropout of DROPOUTS) {
        const { summaries, operations, parameters, peak } = await compare({
          dropout,
          device,
          pytorch,
          preparation,
          rounds,
          steps,
          log,
        });
        const { neurodex, fastest, plain } = summaries;
        const achieved = operations / (neurodex?.median ?? Number.NaN) / 1e9;
        ours.parameters = parameters;
        ours[`dropout ${dropout}`] = {
          ...milliseconds(neurodex),
          matrixOperations: operations,
          gflops: achieved,
          peakGflops: peak,
          shareOfPeak: achieved / peak,
        };
        if (pytorch !== undefined) {
          theirs[`dropout ${dropout}`] = {
            variant: variantOf(preparation, dropout),
            ...milliseconds(fastest),
            onePassEager: milliseconds(plain),
          };
        }
        const name = `neurodex / PyTorch, seconds per step, dropout ${dropout}`;
        ratios[name] = ratio(neurodex?.median, fastest?.median);
        ratios[`neurodex / PyTorch one pass eager, dropout ${dropout}`] = ratio(neurodex?.median, plain?.median);
        // Dropout is part of the notebook's training; without it there is less to win, and nothing may be lost.
        targets.push(atMost(name, ratios[name] ?? null, dropout === 0 ? 1 : 0.75));
        if (dropout === 0) continue;
        targets.push(atLeast('share of the peak matrix product', device === 'cpu' ? achieved / peak : null, 0.6));
        const digits = 'the seed’s step, one forward pass for each digit / neurodex';
        ratios[digits] = ratio(summaries.digits?.median, neurodex?.median);
        theirs['one forward pass for each digit'] = milliseconds(summaries.digits);
        targets.push(atLeast(digits, ratios[digits] ?? null, 5));
        const many = `R=${MANY} / R=1, seconds per step`;
        ours[`dropout ${dropout}, R=${MANY}`] = milliseconds(summaries.many);
        ratios[many] = ratio(summaries.many?.median, neurodex?.median);
        targets.push(atMost(many, ratios[many] ?? null, 1.6));
      }
      // On the CPU the memory of the machine would be what is measured.
      if (device !== 'cpu') ours.largestBatch = await largestBatch(device, log);
      if (device === 'cpu') {
        log('memory: training in a process of its own');
        const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', CHILD]);
        const { peakMiB } = JSON.parse(stdout) as { peakMiB: number };
        ours.trainingPeakMiB = peakMiB;
        targets.push(atMost('MiB resident at most, training', peakMiB, 700));
      }
      const description: Side =
        'missing' in opened ? opened : { ...opened.description, peakGflops: await opened.peak(), ...theirs };
      return { sides: { neurodex: ours, pytorch: description }, ratios, targets };
    } finally {
      await pytorch?.close();
    }
  },
};

/** The plainest one-pass program, for orientation. */
const PLAIN = 'eager-sdpa-all-torch';

const variantOf = (preparation: Preparation | undefined, dropout: number): string =>
  preparation?.fastest.find((fastest) => fastest.dropout === dropout)?.variant ?? PLAIN;

interface Comparison {
  readonly dropout: number;
  readonly device: Device;
  readonly pytorch: PyTorch | undefined;
  readonly preparation: Preparation | undefined;
  readonly rounds: number;
  readonly steps: number;
  log(message: string): void;
}

async function compare({ dropout, device, pytorch, preparation, rounds, steps, log }: Comparison) {
  const step = await ourStep(dropout, device);
  await step.step(3);
  const many = dropout === 0 ? undefined : await ourStep(dropout, device, { identifiers: MANY });
  await many?.step(3);
  const torch = (variant: string) => async (): Promise<number> =>
    (await (pytorch as PyTorch).steps({ variant, dropout, steps })).seconds_per_step;
  const sides: Record<string, () => Promise<number>> = { neurodex: async () => median(await step.step(steps)) };
  if (pytorch !== undefined) {
    sides.fastest = torch(variantOf(preparation, dropout));
    sides.plain = torch(PLAIN);
    await sides.fastest();
    await sides.plain();
    // Two steps of it take as long as a turn of the others.
    if (dropout > 0) {
      sides.digits = async () => (await pytorch.digitSteps({ form: 'mended', dropout, steps: 2 })).seconds_per_step;
    }
  }
  if (many !== undefined) sides.many = async () => median(await many.step(steps));
  const peak = await peakMatrixProduct();
  const summaries: Readonly<Record<string, Summary | undefined>> = await interleave(
    sides,
    rounds,
    (side, round, value) => log(`dropout ${dropout}, round ${round}, ${side}: ${(value * 1000).toFixed(1)} ms`),
  );
  await step.release();
  await many?.release();
  return {
    summaries,
    operations: step.operations,
    parameters: step.parameters,
    peak,
  };
}
