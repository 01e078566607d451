import { type ParameterSpecs, parameterCount, Random, type Runtime } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import { type Geometry, geometryOf } from '../dsi/model/geometry.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { EFFORT_FACTORS } from '../effort.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import { ClassBatches, haveClasses } from './class-batches.ts';
import { runPhases, type TrainingResult } from './loop.ts';
import type { TrainingMachine } from './machine.ts';
import { PairBatches } from './pair-batches.ts';
import type { Phase } from './plan.ts';
import type { RunOptions } from './run.ts';
import type { SeeBatches, SeenPicture } from './see-batches.ts';
import { timeSteps } from './time-steps.ts';
import { type InputStore, trainingInput } from './training-input.ts';

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
export function plannedSteps({ training }: Pick<Config, 'training'>, pictures: number): number {
  const steps = Math.min(training.seeSteps, (training.seeEpochs * pictures) / training.batchSize);
  return Math.max(1, Math.ceil(EFFORT_FACTORS[training.effort] * steps));
}

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
  const source = { geometry, config, pictures, input: trainingInput(geometry.input, store) };
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

/**
 * Seconds of a step on this machine, the mean of some. Nothing of what is computed is kept.
 * @param timed steps; a few are faster than many in a row, which share the cores with what loads their pictures
 */
export const secondsPerStep = (
  source: SeeSource,
  { runtime, machine }: { readonly runtime: Runtime; readonly machine: TrainingMachine },
  random: Random,
  timed = 12,
): Promise<number> => {
  const { geometry, config } = source;
  return timeSteps({ geometry, config, machine, batches: batchesOf(source, random) }, runtime, timed);
};
