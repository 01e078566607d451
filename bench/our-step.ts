import {
  adamW,
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

/** Identifiers of three digits: M is BOS and three digits. */
const IDENTIFIER_LENGTH = 4;
const { learningRate, weightDecay, gradientClip, batchSize } = PRESETS.seed.training;
/** Larger batches are not tried. */
const MOST_PICTURES = 8192;

interface Shape {
  /** B */
  readonly batch?: number;
  /** R */
  readonly identifiers?: number;
}

/** Our step, compiled, with one batch of random pictures. */
export async function ourStep(dropout: number, device: Device, { batch = batchSize, identifiers = 1 }: Shape = {}) {
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
  const targets = Int32Array.from(tokens, (_, i) =>
    i % rows < rows - batch ? (tokens[i + batch] ?? Number.NaN) : eos,
  );
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
export async function largestBatch(device: Device, log: (message: string) => void): Promise<number> {
  let largest = 0;
  for (let batch = batchSize; batch <= MOST_PICTURES; batch *= 2) {
    try {
      const step = await ourStep(0.1, device, { batch });
      const [seconds = Number.NaN] = await step.step(1);
      await step.release();
      log(`batch ${batch}: ${seconds.toFixed(2)} s`);
    } catch (error) {
      log(`batch ${batch} does not fit: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
    largest = batch;
  }
  return largest;
}
