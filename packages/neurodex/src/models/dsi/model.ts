import { layout, type ParameterSpecs, readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { z } from 'zod';
import { NeurodexError } from '../../errors.ts';
import type { Geometry } from './geometry.ts';
import { dsiParameters } from './parameters.ts';

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
  /** V in models that were made before prefixes could have embeddings. */
  tokenRows: z.int().min(1).optional(),
  tokens: z.int().min(1),
  positions: z.enum(['sinusoidal', 'learned']),
  attention: z.enum(['causal', 'prefix']),
});

/** The model as a safetensors file, parameters by name, the geometry in its metadata. */
export function serialiseModel({ geometry, parameters }: DsiModel): Uint8Array {
  const tensors = Object.fromEntries(
    [...layout(dsiParameters(geometry))].map(([name, spec, start, end]) => [
      name,
      { shape: spec.shape, data: parameters.subarray(start, end) },
    ]),
  );
  return writeSafetensors(tensors, { format: 'pt', model: 'vit-dsi', geometry: JSON.stringify(geometry) });
}

/** @throws NeurodexError `index-damaged` naming the file, when it is cut off or holds another network */
export function deserialiseModel(bytes: Uint8Array, file: string): DsiModel {
  const damaged = (problem: string, cause?: unknown) =>
    new NeurodexError('index-damaged', `${file} is damaged: ${problem}`, {
      hint: 'rebuild the index',
      details: { file },
      cause,
    });
  let read: ReturnType<typeof readSafetensors>;
  let geometry: Geometry;
  try {
    read = readSafetensors(bytes);
    const described = geometrySchema.parse(JSON.parse(read.metadata.geometry ?? 'null'));
    geometry = { ...described, tokenRows: described.tokenRows ?? described.vocabulary };
  } catch (error) {
    throw damaged(error instanceof RangeError ? error.message : 'it describes no network', error);
  }
  const specs: ParameterSpecs = dsiParameters(geometry);
  const parts = [...layout(specs)];
  const parameters = new Float32Array(parts.at(-1)?.[3] ?? 0);
  for (const [name, spec, start, end] of parts) {
    const tensor = read.tensors[name];
    if (tensor === undefined || tensor.data.length !== end - start || String(tensor.shape) !== String(spec.shape)) {
      throw damaged(`the parameter ${name} is missing or has another shape`);
    }
    parameters.set(tensor.data, start);
  }
  if (!parameters.every(Number.isFinite)) throw damaged('it holds numbers that are not finite');
  return { geometry, parameters };
}
