import { type Precision, writeSafetensors } from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import type { Memory } from './memory.ts';
import { parameterArrays } from './parameters.ts';
import type { StoredPrefixes } from './prefix-table.ts';
import { MEMORY_TENSORS } from './read-parameters.ts';

/** A trained network: its sizes, all parameters as one flat vector in the order of `dsiParameters`, its prefixes. */
export interface DsiModel {
  readonly geometry: Geometry;
  readonly parameters: Float32Array;
  /** Which prefix each row of the tables stands for; undefined where rows are tokens. */
  readonly prefixes: StoredPrefixes | undefined;
  /** Of a network whose output is a memory. */
  readonly memory?: Memory | undefined;
}

/** A network as an index holds it. Its memory follows from its catalogue: the file has the temperature alone. */
export interface StoredModel extends Omit<DsiModel, 'memory'> {
  readonly temperature: number | undefined;
}

/** Names of the table of prefixes in the file. */
export const PREFIX_TENSORS = { parents: 'prefix.parents', tokens: 'prefix.tokens' } as const;

/** The file of an index (`StoredModel`). */
export const serialiseForIndex = ({ memory, prefixes, ...model }: DsiModel): Uint8Array =>
  serialise({ ...model, prefixes: memory === undefined ? prefixes : undefined, temperature: memory?.temperature });

/**
 * The model as a safetensors file that is complete: parameters by name, the table of prefixes as int32, the rows of a memory,
 * the geometry in its metadata.
 * @param precision what the parameters are stored in
 */
export const serialiseModel = ({ memory, ...model }: DsiModel, precision: Precision = 'float32'): Uint8Array =>
  serialise({ ...model, rows: memory?.rows, temperature: memory?.temperature }, precision);

function serialise(
  {
    geometry,
    parameters,
    prefixes,
    rows,
    temperature,
  }: Omit<DsiModel, 'memory'> & { rows?: Float32Array | undefined; temperature: number | undefined },
  precision: Precision = 'float32',
): Uint8Array {
  const vector = (data: Int32Array) => ({ shape: [data.length], data });
  return writeSafetensors(
    {
      ...parameterArrays(geometry, parameters),
      ...(rows === undefined
        ? {}
        : { [MEMORY_TENSORS.rows]: { shape: [geometry.embeddingRows, geometry.width], data: rows } }),
      ...(temperature === undefined
        ? {}
        : { [MEMORY_TENSORS.temperature]: { shape: [1], data: Float32Array.of(temperature) } }),
      ...(prefixes === undefined
        ? {}
        : {
            [PREFIX_TENSORS.parents]: vector(prefixes.parents),
            [PREFIX_TENSORS.tokens]: vector(prefixes.tokens),
          }),
    },
    { format: 'pt', model: 'vit-dsi', geometry: JSON.stringify(geometry) },
    precision,
  );
}
