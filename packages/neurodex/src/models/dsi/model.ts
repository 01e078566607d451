import { type Precision, readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { z } from 'zod';
import { OUTPUTS } from '../../config.ts';
import { NeurodexError } from '../../errors.ts';
import type { Geometry } from './geometry.ts';
import { parameterArrays } from './parameters.ts';
import { readParameters } from './read-parameters.ts';

/** A trained network: its sizes, and all parameters as one flat vector in the order of `dsiParameters`. */
export interface DsiModel {
  readonly geometry: Geometry;
  readonly parameters: Float32Array;
}

const geometrySchema = z.strictObject({
  size: z.int().min(1),
  patchSize: z.int().min(1),
  stem: z.enum(['linear', 'convolutional', 'encoder']),
  channels: z.int().min(1).optional(),
  patches: z.int().min(1),
  width: z.int().min(1),
  feedForwardWidth: z.int().min(1),
  heads: z.int().min(1),
  layers: z.int().min(1),
  vocabulary: z.int().min(1),
  pad: z.int().min(0),
  tokenRows: z.int().min(1),
  tokens: z.int().min(1),
  output: z.enum(OUTPUTS),
  positions: z.enum(['sinusoidal', 'learned']),
  attention: z.enum(['causal', 'prefix']),
});

/**
 * The model as a safetensors file, parameters by name, the geometry in its metadata.
 * @param precision what the parameters are stored in
 */
export function serialiseModel({ geometry, parameters }: DsiModel, precision: Precision = 'float32'): Uint8Array {
  return writeSafetensors(
    parameterArrays(geometry, parameters),
    { format: 'pt', model: 'vit-dsi', geometry: JSON.stringify(geometry) },
    precision,
  );
}

/** @throws NeurodexError `index-damaged` naming the file, when it is cut off or holds another network */
export function deserialiseModel(bytes: Uint8Array, file: string): DsiModel {
  const damaged = (problem: string, cause?: unknown) =>
    new NeurodexError('index-damaged', `${file} is damaged: ${problem}`, {
      hint: 'rebuild the index',
      details: { file },
      cause,
    });
  try {
    const geometry = geometrySchema.parse(JSON.parse(readSafetensors(bytes).metadata.geometry ?? 'null'));
    checkGeometry(geometry);
    return { geometry, parameters: readParameters(bytes, geometry) };
  } catch (error) {
    throw damaged(error instanceof RangeError ? error.message : 'it describes no network', error);
  }
}

/** @throws RangeError for sizes that contradict each other; those of the parameters are compared with the file's */
function checkGeometry({ size, patchSize, stem, patches, channels, width, heads, vocabulary, pad }: Geometry): void {
  const whole = stem === 'convolutional' ? patchSize % 2 === 0 && width % 2 === 0 : true;
  const shown =
    stem === 'encoder'
      ? channels !== undefined
      : size % patchSize === 0 && patches === (size / patchSize) ** 2 && channels === undefined;
  if (!shown || !whole || width % heads !== 0 || pad >= vocabulary)
    throw new RangeError('it describes no network: its sizes contradict each other');
}
