import { availableParallelism } from 'node:os';
import { adamW, Random, Trainer, TrainingState } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Config } from '../packages/neurodex/src/config.ts';
import { trainingStep } from '../packages/neurodex/src/dsi/graphs/training.ts';
import { geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { relevantRows } from '../packages/neurodex/src/evaluation/relevance.ts';
import { identifierLength } from '../packages/neurodex/src/identifiers/encode.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { BatchMaker } from '../packages/neurodex/src/training/batch-maker.ts';
import { retrievalQueries, selfQueries } from '../packages/neurodex/src/training/examples.ts';
import { BatchLoader } from '../packages/neurodex/src/training/loader.ts';
import { atMost, type Benchmark, ratio } from './benchmark.ts';
import { noiseCatalogue } from './pictures.ts';
import { median } from './statistics.ts';

const PICTURES = 200;
/** The notebook's pictures, network and batch, every picture augmented as the default preset augments queries. */
const config: Config = {
  ...PRESETS.seed,
  augmentation: { ...PRESETS.default.augmentation, indexing: 1, retrieval: 1, clean: 0 },
  training: { ...PRESETS.seed.training, identifiersPerQuery: 1 },
};

function open() {
  const { store, table } = noiseCatalogue(PICTURES, config.pictures.size);
  const relevant = (picture: Parameters<typeof relevantRows>[1]) => relevantRows(store, picture);
  const length = identifierLength(
    numeric,
    store.rows.flatMap(({ identifier }) => identifier ?? []),
  );
  const geometry = geometryOf(config, numeric.vocabulary, length, { embeddingRows: table.size });
  const examples = { queries: retrievalQueries(store, relevant), selfQueries: selfQueries(store, relevant) };
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

/** Seconds of a step, and of waiting for its batch, of some steps in a row. */
interface Course {
  readonly step: number[];
  readonly waiting: number[];
}

export const benchmark: Benchmark = {
  name: 'loader',
  description: 'the share of a training step spent waiting for its batch, at 160×160 with augmentation',
  flags: { steps: { type: 'string', default: '12' }, rounds: { type: 'string', default: '3' } },
  async run({ flags, log }) {
    const [steps, rounds] = [Number(flags.steps), Number(flags.rounds)];
    const { maker, definition } = open();
    const trainer = await Trainer.create(nodeRuntime(), definition);
    const state = TrainingState.initial(definition.parameters, definition.optimizer, 1);
    const rate = { learningRate: config.training.learningRate };
    const ready = maker.allocate();
    maker.fill(ready);

    /** Threads of the loader; undefined feeds the same batch again and again. */
    const course = async (threads: number | undefined, into: Course): Promise<void> => {
      const loader = threads === undefined ? undefined : new BatchLoader(maker, { batches: steps + 3, threads });
      // The first batches include the start of the threads, which training pays once.
      for (let step = -2; step <= steps; step++) {
        const started = performance.now();
        const arrays = (await loader?.next())?.arrays ?? ready;
        const waited = performance.now();
        const running = trainer.step(state, { input: arrays.input, ...arrays.targets }, rate);
        loader?.prefetch();
        await running;
        if (step <= 0) continue;
        into.step.push((performance.now() - started) / 1000);
        into.waiting.push((waited - started) / 1000);
      }
      await loader?.close();
    };
    const sides = {
      threads: Math.max(1, Math.min(4, availableParallelism() - 1)),
      'calling thread': 0,
      ready: undefined,
    };
    const courses = Object.fromEntries(
      Object.keys(sides).map((name): [string, Course] => [name, { step: [], waiting: [] }]),
    );
    for (let round = 0; round < rounds; round++) {
      for (const [name, threads] of Object.entries(sides)) {
        log(`round ${round + 1}: ${name}`);
        await course(threads, courses[name] as Course);
      }
    }
    await trainer.release();
    const metrics = Object.fromEntries(
      Object.entries(courses).map(([name, { step, waiting }]) => {
        const [all, idle] = [step, waiting].map((values) => values.reduce((sum, value) => sum + value, 0));
        const shareWaiting = (idle as number) / (all as number);
        return [name, { medianSeconds: median(step), medianWaitingSeconds: median(waiting), shareWaiting }];
      }),
    );
    const of = (name: string) => metrics[name]?.medianSeconds;
    return {
      sides: metrics,
      ratios: {
        'step with loaded batches / step with one that is ready': ratio(of('threads'), of('ready')),
        'step with batches made on the calling thread / step with one that is ready': ratio(
          of('calling thread'),
          of('ready'),
        ),
      },
      targets: [atMost('share of a step spent waiting for its batch', metrics.threads?.shareWaiting ?? null, 0.03)],
    };
  },
};
