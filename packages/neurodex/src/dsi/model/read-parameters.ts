import { layout, readSafetensors } from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import { dsiParameters } from './parameters.ts';

/**
 * All parameters of a network out of its safetensors file, as one flat vector in the order of `dsiParameters`.
 * @throws RangeError when the file is cut off, or holds another network
 */
export function readParameters(bytes: Uint8Array, geometry: Geometry): Float32Array {
  const { tensors } = readSafetensors(bytes);
  const parts = [...layout(dsiParameters(geometry))];
  const parameters = new Float32Array(parts.at(-1)?.[3] ?? 0);
  for (const [name, spec, start, end] of parts) {
    const tensor = tensors[name];
    if (tensor === undefined || tensor.data.length !== end - start || String(tensor.shape) !== String(spec.shape)) {
      throw new RangeError(`the parameter ${name} is missing or has another shape`);
    }
    parameters.set(tensor.data, start);
  }
  if (!parameters.every(Number.isFinite)) throw new RangeError('it holds numbers that are not finite');
  return parameters;
}
