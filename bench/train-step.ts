import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEVICES, type Device } from '@neurodex/autograd';
import { z } from 'zod';
import { atLeast, atMost, type Benchmark, ratio, type Side, type Target } from './benchmark.ts';
import { largestBatch, ourStep } from './our-step.ts';
import { peakMatrixProduct } from './peak.ts';
import { openPyTorch, type Preparation, type PyTorch } from './pytorch.ts';
import { interleave, median, type Summary } from './statistics.ts';

const DROPOUTS = [0.1, 0] as const;
const CHILD = fileURLToPath(new URL('train-step-child.ts', import.meta.url));
/** R of retrieval training with many relevant pictures for each query. */
const MANY = 16;

/** What a part of the benchmark adds to its report. */
interface Part {
  readonly ours: Readonly<Record<string, unknown>>;
  readonly theirs: Readonly<Record<string, unknown>>;
  readonly ratios: Readonly<Record<string, number | null>>;
  readonly targets: readonly Target[];
}

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
    try {
      log('PyTorch: compiling and measuring every variant');
      const preparation = await pytorch?.prepare(DROPOUTS);
      const parts: Part[] = [];
      for (const dropout of DROPOUTS) {
        const options = { dropout, device, pytorch, preparation, rounds, steps, log };
        const comparison = await compare(options);
        parts.push(stepPart(options, comparison));
        if (dropout > 0) parts.push(shapesPart(options, comparison));
      }
      parts.push(await memoryPart(device, log));
      const ours = entriesOf(parts.map((part) => part.ours));
      const description: Side =
        'missing' in opened
          ? opened
          : { ...opened.description, peakGflops: await opened.peak(), ...entriesOf(parts.map((part) => part.theirs)) };
      return {
        sides: { neurodex: { device, ...ours }, pytorch: description },
        ratios: entriesOf(parts.map((part) => part.ratios)),
        targets: parts.flatMap(({ targets }) => targets),
      };
    } finally {
      await pytorch?.close();
    }
  },
};

const entriesOf = <T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> =>
  Object.fromEntries(records.flatMap((record) => Object.entries(record)));

const milliseconds = (summary: Summary | undefined) =>
  summary && { medianSeconds: summary.median, minimumSeconds: summary.minimum, maximumSeconds: summary.maximum };

/** One step beside PyTorch's, and beside the fastest matrix product. */
function stepPart({ pytorch, preparation, device }: ComparisonOptions, comparison: Comparison): Part {
  const { dropout, operations, parameters, peak } = comparison;
  const { neurodex, fastest, plain } = comparison.summaries;
  const achieved = operations / (neurodex?.median ?? Number.NaN) / 1e9;
  const figures = { matrixOperations: operations, gflops: achieved, peakGflops: peak, shareOfPeak: achieved / peak };
  const variant = variantOf(preparation, dropout);
  const name = `neurodex / PyTorch, seconds per step, dropout ${dropout}`;
  const beside = ratio(neurodex?.median, fastest?.median);
  const share = device === 'cpu' ? achieved / peak : null;
  return {
    ours: { parameters, [`dropout ${dropout}`]: { ...milliseconds(neurodex), ...figures } },
    theirs:
      pytorch === undefined
        ? {}
        : { [`dropout ${dropout}`]: { variant, ...milliseconds(fastest), onePassEager: milliseconds(plain) } },
    ratios: {
      [name]: beside,
      [`neurodex / PyTorch one pass eager, dropout ${dropout}`]: ratio(neurodex?.median, plain?.median),
    },
    targets: [
      // Dropout is part of the notebook's training; without it there is less to win, and nothing may be lost.
      atMost(name, beside, dropout === 0 ? 1 : 0.75),
      ...(dropout === 0 ? [] : [atLeast('share of the peak matrix product', share, 0.6)]),
    ],
  };
}

/** The seed's own form of the step beside ours, and ours with many identifiers beside ours with one. */
function shapesPart({ dropout }: ComparisonOptions, { summaries: { neurodex, digits, many } }: Comparison): Part {
  const byDigits = 'the seed’s step, one forward pass for each digit / neurodex';
  const overDigits = ratio(digits?.median, neurodex?.median);
  const withMany = `R=${MANY} / R=1, seconds per step`;
  const overOne = ratio(many?.median, neurodex?.median);
  return {
    ours: { [`dropout ${dropout}, R=${MANY}`]: milliseconds(many) },
    theirs: { 'one forward pass for each digit': milliseconds(digits) },
    ratios: { [byDigits]: overDigits, [withMany]: overOne },
    targets: [atLeast(byDigits, overDigits, 5), atMost(withMany, overOne, 1.6)],
  };
}

/** On the CPU, what training takes; elsewhere what fits: of the CPU's, the memory of the machine would be measured. */
async function memoryPart(device: Device, log: (message: string) => void): Promise<Part> {
  if (device !== 'cpu') {
    return { ours: { largestBatch: await largestBatch(device, log) }, theirs: {}, ratios: {}, targets: [] };
  }
  log('memory: training in a process of its own');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', CHILD]);
  const { peakMiB } = z.object({ peakMiB: z.number() }).parse(JSON.parse(stdout));
  return {
    ours: { trainingPeakMiB: peakMiB },
    theirs: {},
    ratios: {},
    targets: [atMost('MiB resident at most, training', peakMiB, 700)],
  };
}

/** The plainest one-pass program, for orientation. */
const PLAIN = 'eager-sdpa-all-torch';

const variantOf = (preparation: Preparation | undefined, dropout: number): string =>
  preparation?.fastest.find((fastest) => fastest.dropout === dropout)?.variant ?? PLAIN;

interface Comparison {
  readonly dropout: number;
  /** Seconds per step of each side that took part. */
  readonly summaries: Readonly<Record<string, Summary | undefined>>;
  /** Multiplications and additions of one step's matrix products. */
  readonly operations: number;
  readonly parameters: number;
  /** The fastest matrix product, in GFLOP/s. */
  readonly peak: number;
}

interface ComparisonOptions {
  readonly dropout: number;
  readonly device: Device;
  readonly pytorch: PyTorch | undefined;
  readonly preparation: Preparation | undefined;
  readonly rounds: number;
  readonly steps: number;
  log(message: string): void;
}

async function compare({
  dropout,
  device,
  pytorch,
  preparation,
  rounds,
  steps,
  log,
}: ComparisonOptions): Promise<Comparison> {
  const step = await ourStep(dropout, device);
  await step.step(3);
  const many = dropout === 0 ? undefined : await ourStep(dropout, device, { identifiers: MANY });
  await many?.step(3);
  const sides: Record<string, () => Promise<number>> = { neurodex: async () => median(await step.step(steps)) };
  if (pytorch !== undefined) {
    const torch = (variant: string) => async (): Promise<number> =>
      (await pytorch.steps({ variant, dropout, steps })).seconds_per_step;
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
  const summaries = await interleave(sides, rounds, (side, round, value) =>
    log(`dropout ${dropout}, round ${round}, ${side}: ${(value * 1000).toFixed(1)} ms`),
  );
  await step.release();
  await many?.release();
  return { dropout, summaries, operations: step.operations, parameters: step.parameters, peak };
}
