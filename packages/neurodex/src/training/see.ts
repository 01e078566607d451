import {
  adamW,
  type ParameterSpecs,
  parameterCount,
  Random,
  type Runtime,
  Trainer,
  TrainingState,
} from '@neurodex/autograd';
import type { Config } from '../config.ts';
import { trainingStep } from '../dsi/graphs/training.ts';
import { type Geometry, geometryOf } from '../dsi/model/geometry.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import { ClassBatches, haveClasses } from './class-batches.ts';
import { BatchLoader } from './loader.ts';
import { runPhases, type TrainingResult } from './loop.ts';
import { PairBatches } from './pair-batches.ts';
import type { Phase } from './plan.ts';
import type { RunOptions } from './run.ts';
import type { SeeBatches, SeenPicture } from './see-batches.ts';
import { type InputStore, TRAINING_INPUTS } from './training-input.ts';

/** What the network learns to see with. */
export interface SeeSource {
  readonly geometry: Geometry;
  readonly config: Config;
  readonly store: InputStore;
  /** Catalogue pictures and training queries. */
  readonly pictures: readonly SeenPicture[];
}

/** The network of the plan `write` while it has no identifiers: it needs none to see. */
export const seeGeometry = (config: Config, backbone: EmbeddingFacts | undefined): Geometry =>
  geometryOf(config, schemeOf(config.identifiers).vocabulary, 1, { embeddingRows: 1, backbone });

/** Steps that the configuration asks for, where it gives no time. @param pictures that the network learns to see with */
export const plannedSteps = ({ training }: Pick<Config, 'training'>, pictures: number): number =>
  Math.min(training.seeSteps, Math.ceil((training.seeEpochs * pictures) / training.batchSize));

export const seePhase = ({ training }: Pick<Config, 'training'>, steps: number): Phase => ({
  name: 'see',
  mix: { indexing: 0, retrieval: training.batchSize },
  steps,
  identifiers: 0,
  schedule: {
    learningRate: training.learningRate,
    kind: training.schedule,
    warmupSteps: Math.round(training.warmupFraction * steps),
    steps,
  },
});

/** By classes where all pictures have some; else in pairs. */
function batchesOf({ geometry, config, store, pictures }: SeeSource, random: Random): SeeBatches {
  const source = { geometry, config, pictures, input: TRAINING_INPUTS[geometry.input](store) };
  return haveClasses(pictures) ? new ClassBatches(source, random) : new PairBatches(source, random);
}

/** All that is trained: the network, and what its loss needs beside it. */
export const seeParameters = (source: SeeSource): ParameterSpecs => ({
  ...dsiParameters(source.geometry),
  ...batchesOf(source, Random.seeded(0)).objective.parameters,
});

/**
 * Trains the network to see: states of relevant pictures come to lie near each other. What it takes does not depend on how
 * many pictures there are; the last state is the one that is kept.
 * @throws NeurodexError `training-diverged`, `interrupted`
 */
export async function see(
  source: SeeSource,
  steps: number,
  options: RunOptions & { readonly runtime: Runtime },
): Promise<TrainingResult> {
  const result = await runPhases({
    ...options,
    geometry: source.geometry,
    parameters: seeParameters(source),
    config: source.config,
    phases: [seePhase(source.config, steps)],
    batches: (_, random) => batchesOf(source, random),
    validate: async () => ({}),
  });
  // Nothing was measured on the way: there is no state of which it is known that it was good.
  if (result.diverged !== undefined) throw result.diverged;
  const own = parameterCount(dsiParameters(source.geometry));
  return { ...result, parameters: result.parameters.slice(0, own) };
}

/** Steps before those that are timed: the first ones are slower. */
const WARM_UP = 3;

/**
 * Seconds of a step on this machine, the mean of some. Nothing of what is computed is kept.
 * @param timed steps; a few are faster than many in a row, which share the cores with what loads their pictures
 */
export async function secondsPerStep(source: SeeSource, runtime: Runtime, random: Random, timed = 12): Promise<number> {
  const { geometry, config } = source;
  const { weightDecay, gradientClip, learningRate } = config.training;
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const batches = batchesOf(source, random);
  const definition = trainingStep({
    geometry,
    batch: batches.size,
    objective: batches.objective,
    dropout: config.model.dropout,
    optimizer,
  });
  const trainer = await Trainer.create(runtime, definition);
  const state = TrainingState.initial(definition.parameters, optimizer, 0);
  const loader = new BatchLoader(batches, { batches: WARM_UP + timed });
  try {
    let began = performance.now();
    for (let step = 0; step < WARM_UP + timed; step++) {
      if (step === WARM_UP) began = performance.now();
      const { arrays } = await loader.next();
      const running = trainer.step(state, { input: arrays.input, ...arrays.targets }, { learningRate });
      loader.prefetch();
      await running;
    }
    return (performance.now() - began) / 1000 / timed;
  } finally {
    await loader.close();
    await trainer.release();
  }
}
