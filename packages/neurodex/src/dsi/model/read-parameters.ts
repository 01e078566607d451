import { layout, readSafetensors } from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import type { Memory } from './memory.ts';
import { dsiParameters } from './parameters.ts';
import type { StoredPrefixes } from './prefix-table.ts';
import { inRowMemory } from './row-memory.ts';

/** A product with 0 is 0 for finite numbers alone: one sum tells of many. */
export function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? NaN) * 0;
  return sum === 0;
}

/** Names of the memory in the file. */
export const MEMORY_TENSORS = { rows: 'memory.rows', temperature: 'memory.temperature' } as const;

/**
 * All parameters of a network out of its safetensors file, as one flat vector in the order of `dsiParameters`.
 * @throws RangeError when the file is cut off, or holds another network
 */
export function readParameters(bytes: Uint8Array, geometry: Geometry): Float32Array {
  const { tensors } = readSafetensors(bytes);
  const names = Object.keys(tensors);
  // Before a table of parameters is made that might not fit into memory.
  if (geometry.layers > names.length) throw new RangeError(`it has no parameters of ${geometry.layers} layers`);
  const parts = [...layout(dsiParameters(geometry))];
  for (const [name, { shape }] of parts) {
    const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (tensor === undefined || String(tensor.shape) !== String(shape))
      throw new RangeError(`the parameter ${name} is missing or has another shape`);
  }
  const others = geometry.output === 'memory' ? Object.values(MEMORY_TENSORS) : [];
  if (parts.length + others.filter((name) => names.includes(name)).length !== names.length)
    throw new RangeError('it holds other parameters as well');
  const parameters = new Float32Array(parts.at(-1)?.[3] ?? 0);
  for (const [name, , start] of parts) parameters.set(tensors[name]?.data ?? [], start);
  if (!areFinite(parameters)) throw new RangeError('it holds numbers that are not finite');
  return parameters;
}

/**
 * The table of prefixes out of the same file; undefined where it has none.
 * @throws RangeError when it is not one of this network: a row for each embedding, a parent before its prefixes
 */
export function readPrefixes(bytes: Uint8Array, { embeddingRows, vocabulary }: Geometry): StoredPrefixes | undefined {
  const { 'prefix.parents': parents, 'prefix.tokens': tokens } = readSafetensors(bytes).integers;
  if (parents === undefined && tokens === undefined) return undefined;
  const sound =
    parents?.data.length === embeddingRows &&
    tokens?.data.length === embeddingRows &&
    parents.data.every((parent, row) => parent >= -1 && parent !== 0 && parent < Math.max(row, 1)) &&
    tokens.data.every((token, row) => (row === 0 ? token === -1 : token >= 0 && token < vocabulary));
  if (!sound) throw new RangeError('its table of prefixes makes no sense');
  return { parents: parents.data, tokens: tokens.data };
}

/**
 * The temperature of a memory out of the same file; undefined for a network that has none.
 * @throws RangeError when it is missing, or none
 */
export function readTemperature(bytes: Uint8Array, { output }: Geometry): number | undefined {
  if (output !== 'memory') return undefined;
  const { [MEMORY_TENSORS.temperature]: temperature } = readSafetensors(bytes).tensors;
  const tau = temperature?.data.length === 1 ? (temperature.data[0] ?? NaN) : NaN;
  if (!(tau > 0 && Number.isFinite(tau))) throw new RangeError('the temperature of its memory is missing, or none');
  return tau;
}

/**
 * The memory out of a file that has one whole: that of an export. An index keeps the states of its pictures in its catalogue.
 * @throws RangeError when it is not one of this network
 */
export function readMemory(bytes: Uint8Array, geometry: Geometry): Memory | undefined {
  const { embeddingRows, width } = geometry;
  const tau = readTemperature(bytes, geometry);
  if (tau === undefined) return undefined;
  const { [MEMORY_TENSORS.rows]: rows } = readSafetensors(bytes).tensors;
  if (String(rows?.shape) !== String([embeddingRows, width]))
    throw new RangeError('its memory is missing, or of another network');
  if (rows === undefined || !areFinite(rows.data)) throw new RangeError('its memory holds numbers that are not finite');
  // Not the file's own bytes, which can be let go of then.
  return { rows: inRowMemory(rows.data), temperature: tau };
}
