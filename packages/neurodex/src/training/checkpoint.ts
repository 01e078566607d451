import { createHash } from 'node:crypto';
import { readSafetensors, type SavedTrainingState, writeSafetensors } from '@neurodex/autograd';
import { z } from 'zod';
import type { BatchState } from './batches.ts';
import type { BestState, Metrics } from './early-stopping.ts';

const FORMAT = 'neurodex-checkpoint';
const VERSION = 3;

/** Everything that training needs to continue as if it had never stopped. */
export interface Checkpoint {
  /** Name of the phase. */
  readonly phase: string;
  /** Batches of this phase that were taken. */
  readonly phaseStep: number;
  /** Parameters, moments, steps, dropout noise. */
  readonly state: SavedTrainingState;
  /** Order of the data, and the random numbers of batches and augmentation. */
  readonly batches: BatchState;
  /** Best of this phase so far. */
  readonly best?: BestState;
  /** Validations since the best one. */
  readonly waited: number;
  /** What earlier phases left. */
  readonly good?: { readonly parameters: Float32Array; readonly metrics: Metrics };
  /** Newest validation of this phase, and the step of the phase that it was after; 0 before the first. */
  readonly validated: Metrics;
  readonly validatedAt: number;
  /** Batches that were skipped because of a loss that was NaN, in all and in a row. */
  readonly skipped: { readonly all: number; readonly stretch: number };
}

/** What the job around training keeps with a checkpoint. */
export interface CheckpointContext {
  /** Seconds of work until then, over all processes. */
  readonly seconds: number;
  /** Bytes of the run log that belong to it. */
  readonly logBytes: number;
}

const count = z.int().min(0);
const words = z.array(z.int().min(0).max(0xffffffff)).length(4);
const metrics = z.record(z.string(), z.number());
const sampler = z.strictObject({ shuffledWith: z.union([words, z.tuple([])]), left: count });
const stateSchema = z.strictObject({
  phase: z.string(),
  phaseStep: count,
  step: count,
  optimizerStep: count,
  noise: words,
  vectors: z.array(z.string()),
  batches: z.strictObject({ random: words, samplers: z.record(z.string(), sampler) }),
  best: z.strictObject({ score: z.number(), step: count, metrics }).optional(),
  waited: count,
  good: metrics.optional(),
  validated: metrics,
  validatedAt: count,
  skipped: z.strictObject({ all: count, stretch: count }),
  seconds: z.number().min(0),
  logBytes: count,
});

/** A safetensors file: the vectors as tensors, all else as JSON in its metadata, and a digest of both. */
export function serialiseCheckpoint(checkpoint: Checkpoint, context: CheckpointContext): Uint8Array {
  const { state: saved, best, good, ...rest } = checkpoint;
  const state: z.infer<typeof stateSchema> = {
    ...rest,
    batches: structuredClone(rest.batches) as z.infer<typeof stateSchema>['batches'],
    step: saved.step,
    optimizerStep: saved.optimizerStep,
    noise: [...saved.noise],
    vectors: Object.keys(saved.vectors),
    ...(best === undefined ? {} : { best: { score: best.score, step: best.step, metrics: best.metrics } }),
    ...(good === undefined ? {} : { good: good.metrics }),
    ...context,
  };
  const vectors = {
    ...saved.vectors,
    ...(best === undefined ? {} : { best: best.parameters }),
    ...(good === undefined ? {} : { good: good.parameters }),
  };
  const json = JSON.stringify(state);
  const tensors = Object.fromEntries(
    Object.entries(vectors).map(([name, data]) => [name, { shape: [data.length], data }]),
  );
  return writeSafetensors(tensors, {
    format: FORMAT,
    version: String(VERSION),
    state: json,
    sha256: digestOf(json, vectors),
  });
}

/**
 * @param parameters how many the network has
 * @throws RangeError whose message says why it cannot be used, as what follows the name of the file
 */
export function deserialiseCheckpoint(bytes: Uint8Array, parameters: number): Checkpoint & CheckpointContext {
  const refuse = (reason: string): never => {
    throw new RangeError(reason);
  };
  let read: ReturnType<typeof readSafetensors>;
  try {
    read = readSafetensors(bytes);
  } catch (error) {
    return refuse(`is damaged: ${error instanceof RangeError ? error.message : 'its header makes no sense'}`);
  }
  const { format, version, state: json = '', sha256 } = read.metadata;
  if (format !== FORMAT) return refuse('is not a checkpoint');
  if (version !== String(VERSION)) {
    return refuse(`has version ${version} of the format; this Neurodex reads ${VERSION}`);
  }
  const vectors = Object.fromEntries(Object.entries(read.tensors).map(([name, { data }]) => [name, data]));
  if (digestOf(json, vectors) !== sha256) return refuse('is damaged: its SHA-256 differs');
  const parsed = stateSchema.safeParse(JSON.parse(json));
  if (!parsed.success) return refuse(`is damaged: ${parsed.error.issues[0]?.path.join('.')} makes no sense`);
  const { vectors: names, step, optimizerStep, noise, best, good, ...rest } = parsed.data;
  const vector = (name: string): Float32Array => {
    const found = vectors[name];
    if (found?.length === parameters) return found;
    return refuse(`is of another network: ${name} has ${found?.length ?? 0} numbers, not ${parameters}`);
  };
  return {
    ...rest,
    state: { vectors: Object.fromEntries(names.map((name) => [name, vector(name)])), step, optimizerStep, noise },
    ...(best === undefined ? {} : { best: { ...best, parameters: vector('best') } }),
    ...(good === undefined ? {} : { good: { metrics: good, parameters: vector('good') } }),
  };
}

function digestOf(json: string, vectors: Readonly<Record<string, Float32Array>>): string {
  const hash = createHash('sha256').update(json);
  for (const [name, data] of Object.entries(vectors)) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
