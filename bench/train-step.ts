import {
  adamW,
  DEVICES,
  type Device,
  matrixOperations,
  parameterCount,
  Random,
  Trainer,
  TrainingMemory,
  trainingGraph,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { geometryOf } from '../packages/neurodex/src/models/dsi/geometry.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { sampledStep } from '../packages/neurodex/src/training/asking.ts';
import { trainingStep } from '../packages/neurodex/src/training/step.ts';
import { atMost, type Benchmark, ratio, type Side } from './benchmark.ts';
import { peakMatrixProduct } from './peak.ts';
import { openPyTorch, type Preparation, type PyTorch } from './pytorch.ts';
import { interleave, median, type Summary } from './statistics.ts';

const DROPOUTS = [0.1, 0] as const;
/** Identifiers of three digits: M is BOS and three digits. */
const IDENTIFIER_LENGTH = 4;
const { learningRate, weightDecay, gradientClip, batchSize } = PRESETS.seed.training;

/** Our step, compiled, with one batch of random pictures. */
async function ourStep(dropout: number, device: Device) {
  const geometry = geometryOf(PRESETS.seed, numeric.vocabulary, IDENTIFIER_LENGTH);
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const definition = trainingStep({
    geometry,
    batch: batchSize,
    asking: sampledStep(1, IDENTIFIER_LENGTH, geometry.vocabulary, false),
    dropout,
    optimizer,
  });
  const trainer = await Trainer.create(nodeRuntime({ device }), definition);
  const memory = TrainingMemory.initial(definition.parameters, optimizer, 1);
  const random = Random.seeded(2);
  const pictures = new Uint8Array(batchSize * geometry.size ** 2 * 3);
  random.fillBytes(pictures);
  const { bos, eos } = numeric.vocabulary;
  const tokens = Int32Array.from({ length: IDENTIFIER_LENGTH * batchSize }, (_, i) =>
    i < batchSize ? bos : random.integer(10),
  );
  const targets = Int32Array.from(tokens, (_, i) => tokens[i + batchSize] ?? eos);
  const step = async (steps: number): Promise<number[]> => {
    const seconds: number[] = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      await trainer.step(memory, { pictures, tokens, targets }, { learningRate });
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

const milliseconds = (summary: Summary | undefined) =>
  summary && { medianSeconds: summary.median, minimumSeconds: summary.minimum, maximumSeconds: summary.maximum };

export const benchmark: Benchmark = {
  name: 'train-step',
  description: "one training step of the seed's network, beside PyTorch's fastest form of it",
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
        targets.push(atMost(name, ratios[name] ?? null, 1));
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
  const torch = (variant: string) => async (): Promise<number> =>
    (await (pytorch as PyTorch).steps({ variant, dropout, steps })).seconds_per_step;
  const sides: Record<string, () => Promise<number>> = { neurodex: async () => median(await step.step(steps)) };
  if (pytorch !== undefined) {
    sides.fastest = torch(variantOf(preparation, dropout));
    sides.plain = torch(PLAIN);
    await sides.fastest();
    await sides.plain();
  }
  const peak = await peakMatrixProduct();
  const summaries: Readonly<Record<string, Summary | undefined>> = await interleave(
    sides,
    rounds,
    (side, round, value) => log(`dropout ${dropout}, round ${round}, ${side}: ${(value * 1000).toFixed(1)} ms`),
  );
  await step.release();
  return {
    summaries: { neurodex: summaries.neurodex, fastest: summaries.fastest, plain: summaries.plain },
    operations: step.operations,
    parameters: step.parameters,
    peak,
  };
}
