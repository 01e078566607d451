import { readSafetensors } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { z } from 'zod';
import { OUTPUTS, STEMS } from '../../config.ts';
import { MODEL_INPUT_NAMES } from '../../query/model-input.ts';
import { modelInput } from '../../query/model-inputs.ts';
import type { Geometry } from './geometry.ts';
import { readParameters, readPrefixes, readTemperature } from './read-parameters.ts';
import type { StoredModel } from './serialise-model.ts';

export {
  type DsiModel,
  PREFIX_TENSORS,
  type StoredModel,
  serialiseForIndex,
  serialiseModel,
} from './serialise-model.ts';

const size = z.int().min(1);
const geometrySchema = z.strictObject({
  input: z.enum(MODEL_INPUT_NAMES),
  imageSize: size,
  patchSize: size,
  stem: z.enum(STEMS),
  windows: size.optional(),
  channels: size.optional(),
  textVocabulary: size.optional(),
  sequenceLength: size,
  width: size,
  feedForwardWidth: size,
  heads: size,
  layers: size,
  vocabulary: size,
  pad: z.int().min(0),
  embeddingRows: size,
  maxIdentifierLength: size,
  output: z.enum([...OUTPUTS, 'memory']),
  positions: z.enum(['sinusoidal', 'learned']),
  attention: z.enum(['causal', 'prefix']),
});

/** @throws NeurodexError `index-damaged` naming the file, when it is cut off or holds another network */
export function deserialiseModel(bytes: Uint8Array, file: string): StoredModel {
  const damaged = (problem: string, cause?: unknown) =>
    new NeurodexError('index-damaged', `${file} is damaged: ${problem}`, {
      hint: 'rebuild the index',
      details: { file },
      cause,
    });
  try {
    const geometry = geometrySchema.parse(JSON.parse(readSafetensors(bytes).metadata.geometry ?? 'null'));
    checkGeometry(geometry);
    return {
      geometry,
      parameters: readParameters(bytes, geometry),
      prefixes: readPrefixes(bytes, geometry),
      temperature: readTemperature(bytes, geometry),
    };
  } catch (error) {
    throw damaged(error instanceof RangeError ? error.message : 'it describes no network', error);
  }
}

/** @throws RangeError for sizes that contradict each other; those of the parameters are compared with the file's */
function checkGeometry(geometry: Geometry): void {
  const { width, heads, vocabulary, pad } = geometry;
  if (!modelInput(geometry).isSound(geometry) || width % heads !== 0 || pad >= vocabulary)
    throw new RangeError('it describes no network: its sizes contradict each other');
}
