import { type ParameterSpecs, Random, type Runtime } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { runPhases, type TrainingResult } from './loop.ts';
import type { TrainingMachine } from './machine.ts';
import type { Phase } from './plan.ts';
import type { RunOptions } from './run.ts';
import { seeGeometry } from './see.ts';
import { MOST_PICTURES, TextBatches, type TextPairs } from './text-batches.ts';
import { countTexts, type TextInputs } from './text-inputs.ts';
import { timeSteps } from './time-steps.ts';

/** What the network learns to read with. */
export interface ReadSource {
  readonly geometry: Geometry;
  readonly config: Config;
  readonly pairs: TextPairs;
}

/** Tokens of a query that are read, at least, however short the texts of the pictures are. */
const LEAST_TOKENS = 16;
/** Lengths of texts are multiples of it. */
const TOKEN_STEP = 8;

/** The network that reads: blocks of its own, and states in the space of those that the pictures have. */
const readGeometry = (config: Config): Geometry => ({
  ...seeGeometry(config, undefined),
  layers: config.text.layers,
  positions: 'learned',
  attention: 'prefix',
});

/**
 * The network that reads tokens.
 * @param longest tokens of the longest text: more are read of no query where `text.tokens` allows so many
 */
export const textGeometry = (config: Config, textVocabulary: number, longest: number): Geometry => ({
  ...readGeometry(config),
  input: 'tokens',
  textVocabulary,
  sequenceLength: Math.min(config.text.tokens, Math.max(LEAST_TOKENS, TOKEN_STEP * Math.ceil(longest / TOKEN_STEP))),
});

/** The network that reads what a frozen text encoder makes of a text: one vector. @param channels C, its numbers */
export const vectorGeometry = (config: Config, channels: number): Geometry => ({
  ...readGeometry(config),
  input: 'embeddings',
  channels,
  sequenceLength: 1,
});

/** Texts of a batch: a few classes are few texts, and none has to be there several times. @param texts different ones */
export const textBatch = ({ text }: Pick<Config, 'text'>, texts: number): number =>
  Math.min(text.batchSize, LEAST_BATCH * Math.ceil(texts / LEAST_BATCH));

const LEAST_BATCH = 8;

/**
 * Multiples of `text.epochs` and `training.contrast`. Vectors come with other noise each time, and bear more passes and a sharper
 * contrast; tokens are learned by heart with it (docs/log.md).
 */
const READING = {
  tokens: { epochs: 1, contrast: 1 },
  embeddings: { epochs: 4, contrast: 0.3 },
} as const satisfies { readonly [Input in TextInputs['input']]: object };

/**
 * Steps in which the network learns to read.
 * @param texts different ones @param input tokens, or vectors of a frozen text encoder
 */
export function readSteps({ text }: Pick<Config, 'text'>, texts: number, input: TextInputs['input']): number {
  const epochs = READING[input].epochs * text.epochs;
  return Math.min(text.steps, Math.max(LEAST_STEPS, Math.ceil((epochs * texts) / textBatch({ text }, texts))));
}

/** And still take some steps to learn. */
const LEAST_STEPS = 200;

const readPhase = ({ text, training }: Pick<Config, 'text' | 'training'>, batch: number, steps: number): Phase => ({
  name: 'read',
  mix: { indexing: 0, retrieval: batch },
  steps,
  identifiers: 0,
  schedule: {
    learningRate: text.learningRate,
    kind: training.schedule,
    warmupSteps: Math.round(training.warmupFraction * steps),
    steps,
  },
});

export const readParameters = ({ geometry }: Pick<ReadSource, 'geometry'>): ParameterSpecs => dsiParameters(geometry);

/**
 * Trains a network to read: the state of a text comes to lie near those of its pictures, which stay where they are. What it takes
 * does not depend on how many pictures there are. Without a text it stays as it began.
 * @throws NeurodexError `training-diverged`, `interrupted`
 */
export async function read(
  { geometry, config, pairs }: ReadSource,
  options: RunOptions & { readonly runtime: Runtime },
): Promise<TrainingResult> {
  const { dropout, noise } = config.text;
  const contrast = READING[pairs.texts.input].contrast * config.training.contrast;
  const texts = countTexts(pairs.texts);
  if (texts === 0) return { parameters: defined(options.initial, 'parameters to begin with'), steps: 0, metrics: {} };
  const batchSize = textBatch(config, texts);
  const result = await runPhases({
    ...options,
    geometry,
    parameters: readParameters({ geometry }),
    config: { ...config, model: { ...config.model, dropout } },
    phases: [readPhase(config, batchSize, readSteps(config, texts, pairs.texts.input))],
    batches: (_, random: Random) => new TextBatches(pairs, { geometry, batchSize, contrast, noise }, random),
    validate: async () => ({}),
  });
  if (result.diverged !== undefined) throw result.diverged;
  return result;
}

/** Tokens of a text where none has been cut into them yet: about those of a label or a short caption. */
const USUAL_TOKENS = 8;

export interface PlannedReading {
  /** Different ones. */
  readonly texts: number;
  /** That they are of. */
  readonly pictures: number;
  /** C of a frozen text encoder; undefined where the network reads tokens. */
  readonly channels: number | undefined;
}

/** Seconds that learning to read takes on this machine, once a frozen text encoder has read the texts. */
export async function secondsToRead(
  config: Config,
  { texts, pictures, channels }: PlannedReading,
  { runtime, machine }: { readonly runtime: Runtime; readonly machine: TrainingMachine },
): Promise<number> {
  if (texts === 0) return 0;
  const geometry =
    channels === undefined
      ? textGeometry(config, config.text.vocabulary, USUAL_TOKENS)
      : vectorGeometry(config, channels);
  const compared = Math.min(pictures, MOST_PICTURES);
  const each = Array.from({ length: texts }, (_, text) => text);
  const pairs: TextPairs = {
    texts:
      channels === undefined
        ? { input: 'tokens', tokens: each.map(() => new Array<number>(USUAL_TOKENS).fill(0)) }
        : { input: 'embeddings', vectors: new Float32Array(texts * channels).fill(1), channels },
    pictures: each.map((text) => [text % compared]),
    states: new Float32Array(compared * geometry.width),
  };
  const { contrast } = config.training;
  const options = { geometry, batchSize: textBatch(config, texts), contrast, noise: config.text.noise };
  const batches = new TextBatches(pairs, options, Random.seeded(0));
  const seconds = await timeSteps({ geometry, config, batches, machine }, runtime, TIMED);
  return seconds * readSteps(config, texts, pairs.texts.input);
}

const TIMED = 8;
