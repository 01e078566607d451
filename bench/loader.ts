import { availableParallelism } from 'node:os';
import { adamW, Random, Trainer, TrainingState } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Config } from '../packages/neurodex/src/config.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { BatchMaker } from '../packages/neurodex/src/training/batch-maker.ts';
import type { BatchArrays } from '../packages/neurodex/src/training/batches.ts';
import { BatchLoader } from '../packages/neurodex/src/training/loader.ts';
import { loadingThreads } from '../packages/neurodex/src/training/node-machine.ts';
import { planNetwork } from '../packages/neurodex/src/training/train.ts';
import { atMost, type Benchmark, ratio } from './benchmark.ts';
import { noiseCatalogue } from './pictures.ts';
import { median } from './statistics.ts';

const PICTURES = 200;
/** The notebook's pictures, network and batch, every picture augmented as the preset `joint` augments queries. */
const config: Config = {
  ...PRESETS.seed,
  augmentation: { ...PRESETS.joint.augmentation, indexing: 1, retrieval: 1, clean: 0 },
  training: { ...PRESETS.seed.training, identifiersPerQuery: 1 },
};

function open() {
  const store = noiseCatalogue(PICTURES, config.pictures.size);
  const { table, geometry, examples } = planNetwork(store, config);
  const B = config.training.batchSize;
  const maker = new BatchMaker(
    { store, table, geometry, config, examples },
    {
      name: 'joint',
      mix: { indexing: B / 2, retrieval: B / 2 },
      identifiers: 1,
      steps: 1,
      schedule: { learningRate: 1, kind: 'constant', warmupSteps: 0, steps: 1 },
    },
    Random.seeded(1),
  );
  const definition = trainingStep({
    geometry,
    batch: B,
    objective: maker.objective,
    dropout: config.model.dropout,
    optimizer: adamW({ weightDecay: config.training.weightDecay, clip: config.training.gradientClip }),
  });
  return { maker, definition };
}

/** Seconds of each step, and of waiting for its batch. */
interface Course {
  readonly step: number[];
  readonly waiting: number[];
}

/** Takes training steps in a row; every call adds those of one round. */
class Steps {
  private readonly maker: BatchMaker;
  private readonly trainer: Trainer;
  private readonly state: TrainingState;
  private readonly ready: BatchArrays;

  private constructor(maker: BatchMaker, trainer: Trainer, state: TrainingState) {
    this.maker = maker;
    this.trainer = trainer;
    this.state = state;
    this.ready = maker.allocate();
    maker.fill(this.ready);
  }

  static async open(): Promise<Steps> {
    const { maker, definition } = open();
    const trainer = await Trainer.create(nodeRuntime(), definition);
    return new Steps(maker, trainer, TrainingState.initial(definition.parameters, definition.optimizer, 1));
  }

  /** @param threads of the loader; undefined feeds the same batch again and again */
  async take(steps: number, threads: number | undefined, into: Course): Promise<void> {
    const loader =
      threads === undefined
        ? undefined
        : new BatchLoader(this.maker, { batches: steps + 3, threads: loadingThreads(this.maker, threads) });
    // The first batches include the start of the threads, which training pays once.
    for (let step = -2; step <= steps; step++) {
      const started = performance.now();
      const { input, targets } = (await loader?.next())?.arrays ?? this.ready;
      const waited = performance.now();
      const { learningRate } = config.training;
      const running = this.trainer.step(this.state, { input, ...targets }, { learningRate });
      loader?.prefetch();
      await running;
      if (step <= 0) continue;
      into.step.push((performance.now() - started) / 1000);
      into.waiting.push((waited - started) / 1000);
    }
    await loader?.close();
  }

  release(): Promise<void> {
    return this.trainer.release();
  }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

export const benchmark: Benchmark = {
  name: 'loader',
  description: 'the share of a training step spent waiting for its batch, at 160×160 with augmentation',
  flags: { steps: { type: 'string', default: '12' }, rounds: { type: 'string', default: '3' } },
  async run({ flags, log }) {
    const [count, rounds] = [Number(flags.steps), Number(flags.rounds)];
    const steps = await Steps.open();
    const side = (name: string, threads: number | undefined) => ({ name, threads, step: [], waiting: [] });
    const sides = [
      side('threads', Math.max(1, Math.min(4, availableParallelism() - 1))),
      side('calling thread', 0),
      side('ready', undefined),
    ];
    for (let round = 0; round < rounds; round++) {
      for (const course of sides) {
        log(`round ${round + 1}: ${course.name}`);
        await steps.take(count, course.threads, course);
      }
    }
    await steps.release();
    const metrics = Object.fromEntries(
      sides.map(({ name, step, waiting }) => {
        const shareWaiting = total(waiting) / total(step);
        return [name, { medianSeconds: median(step), medianWaitingSeconds: median(waiting), shareWaiting }];
      }),
    );
    const to = (name: string) => ratio(metrics[name]?.medianSeconds, metrics.ready?.medianSeconds);
    return {
      sides: metrics,
      ratios: {
        'step with loaded batches / step with one that is ready': to('threads'),
        'step with batches made on the calling thread / step with one that is ready': to('calling thread'),
      },
      targets: [atMost('share of a step spent waiting for its batch', metrics.threads?.shareWaiting ?? null, 0.03)],
    };
  },
};
