import { type ConfigProblem, invalidConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { bytesInWords, stepBytes } from '../training/memory.ts';
import { machineMemory } from '../training/node-machine.ts';

/** Bytes of a SIFT descriptor in memory, and of a decoded pixel. */
const DESCRIPTOR_BYTES = 128 * Float32Array.BYTES_PER_ELEMENT;
const PIXEL_BYTES = 4;

/** The least vocabulary and identifier of any scheme: what is known before the pictures are read. */
const LEAST_VOCABULARY = 4;
const LEAST_LENGTH = 2;

/** Keys that make a training step large, by how the smallest step with them grows. */
const SIZES = [
  'model.layers',
  'model.width',
  'model.feedForwardWidth',
  'model.heads',
  'training.batchSize',
  'training.identifiersPerQuery',
] as const;
type SizeKey = (typeof SIZES)[number];

/**
 * Refuses sizes that need more memory than there is, before anything runs. What is counted is the least that each must
 * take, so that nothing is refused which could run.
 * @param systems that are made; all by default
 * @throws NeurodexError `config-invalid` naming each key, its value, what it would take, and the largest value that fits
 */
export function checkMemory(
  config: Config,
  {
    systems,
    available = machineMemory(),
  }: { readonly systems?: readonly string[] | undefined; readonly available?: number } = {},
): void {
  const problems: ConfigProblem[] = [];
  const has = (system: string): boolean => systems === undefined || systems.includes(system);
  const needed = trainingBytes(config);
  if (has('dsi') && needed > available) problems.push(tooLargeStep(config, needed, available));
  const single = (key: string, value: number, bytes: number): void => {
    if (value * bytes <= available) return;
    problems.push(problemOf(key, value, value * bytes, available, Math.floor(available / bytes)));
  };
  single('pictures.maxPixels', config.pictures.maxPixels, PIXEL_BYTES);
  if (has('bovw')) single('bovw.descriptorsInMemory', config.bovw.descriptorsInMemory, DESCRIPTOR_BYTES);
  if (problems.length > 0) throw invalidConfig(problems);
}

/** Bytes of the smallest training step that a configuration can mean, whatever the pictures are. */
export function trainingBytes({ model, pictures, training, encoder }: Config): number {
  const { batchSize, identifiersPerQuery, plan } = training;
  const behindEncoder = encoder.file !== '' && encoder.frozenBackbone;
  return stepBytes({
    layers: model.layers,
    width: model.width,
    feedForwardWidth: model.feedForwardWidth,
    heads: model.heads,
    sequenceLength: behindEncoder ? 1 : Math.max(1, Math.floor(pictures.size / model.patchSize)) ** 2,
    stem: behindEncoder ? 1 : 3 * model.patchSize ** 2,
    vocabulary: LEAST_VOCABULARY,
    embeddingRows: LEAST_VOCABULARY,
    // The plan write learns without identifiers: BOS alone is behind a picture.
    positions: plan === 'write' ? 1 : identifiersPerQuery * LEAST_LENGTH,
    batch: batchSize,
  });
}

/** The key that is furthest from what it is in the default configuration is named; the others would be lowered in vain. */
function tooLargeStep(config: Config, needed: number, available: number): ConfigProblem {
  const factor = (key: SizeKey): number => sizeOf(config, key) / sizeOf(PRESETS.default, key);
  const key = [...SIZES].sort((a, b) => factor(b) - factor(a))[0] as SizeKey;
  return problemOf(key, sizeOf(config, key), needed, available, largest(config, key, available));
}

function problemOf(key: string, value: number, needed: number, available: number, fits: number): ConfigProblem {
  return {
    key,
    message: `${key} ${value} would take ${bytesInWords(needed)} of memory at the least, and there are ${bytesInWords(available)}`,
    hint: fits > 0 ? `set ${key} to ${fits} or less` : `lower ${key}, or the other sizes of model and training`,
  };
}

const sizeOf = (config: Config, key: SizeKey): number => {
  const [section, name] = key.split('.') as ['model', 'layers'];
  return config[section][name];
};

/** The largest value of a key with which a step fits; 0 where none does. */
function largest(config: Config, key: SizeKey, available: number): number {
  const [section, name] = key.split('.') as ['model', 'layers'];
  const fits = (value: number): boolean =>
    trainingBytes({ ...config, [section]: { ...config[section], [name]: value } }) <= available;
  let [low, high] = [0, sizeOf(config, key)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  const step = key === 'model.width' ? 2 * config.model.heads : 1;
  return low < step ? 0 : low - (low % step);
}
