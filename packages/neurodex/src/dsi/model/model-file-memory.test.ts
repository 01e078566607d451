import { type Precision, Random, readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { smallNetwork } from '../search/small-network.fixture.ts';
import { type DsiModel, deserialiseModel, serialiseForIndex, serialiseModel } from './model-file.ts';
import { readMemory } from './read-parameters.ts';

const { geometry, parameters, table } = smallNetwork(12, { embedding: 'memory', output: 'memory' });
const { embeddingRows: R, width: D } = geometry;
const random = Random.seeded(4);
const rows = Float32Array.from({ length: R * D }, () => 0.3 * random.normal());
const model: DsiModel = { geometry, parameters, prefixes: table.stored, memory: { rows, temperature: 33.3 } };

/** The model's file with other tensors of its memory; undefined leaves one out. */
function changed(
  changes: Record<string, { readonly shape: readonly number[]; readonly data: Float32Array } | undefined>,
) {
  const { tensors, integers, metadata } = readSafetensors(serialiseModel(model));
  const all = Object.entries({ ...tensors, ...integers, ...changes });
  const kept = all.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor] as const]));
  return writeSafetensors(Object.fromEntries(kept), metadata, 'float32');
}
const read = (bytes: Uint8Array) => () => deserialiseModel(bytes, 'model.safetensors');
/** The memory of a file that is complete: that of an export. */
const remembered = (bytes: Uint8Array) => () => readMemory(bytes, geometry);
const NO_ROWS = 'its memory is missing, or of another network';
const NO_TEMPERATURE = 'the temperature of its memory is missing, or none';
/** The description of each tensor of a safetensors file: JSON behind its length, a little-endian number of 64 bits. */
function headerOf(file: Uint8Array): Record<string, { readonly data_offsets: readonly number[] }> {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
}
const withTemperature = (...data: number[]) =>
  changed({ 'memory.temperature': { shape: [data.length], data: Float32Array.from(data) } });

describe('a model with a memory', () => {
  it('is read as it was written', () => {
    const temperature = Math.fround(33.3);
    const bytes = serialiseModel(model);
    expect(read(bytes)()).toEqual({ geometry, parameters, prefixes: table.stored, temperature });
    expect(remembered(bytes)()).toEqual({ rows, temperature });
    expect(read(changed({}))()).toEqual(read(bytes)());
    expect(remembered(changed({}))()).toEqual(remembered(bytes)());
  });

  it('has its temperature alone in an index: rows and prefixes follow from the catalogue', () => {
    const bytes = serialiseForIndex(model);
    expect(read(bytes)()).toEqual({ geometry, parameters, prefixes: undefined, temperature: Math.fround(33.3) });
    const { tensors, integers } = readSafetensors(bytes);
    expect(Object.keys(tensors).filter((name) => name.startsWith('memory'))).toEqual(['memory.temperature']);
    expect(Object.keys(integers)).toEqual([]);
    expect(remembered(bytes)).toThrow(NO_ROWS);
  });

  it('has one row of token embeddings, and no other output', () => {
    const { tensors } = readSafetensors(serialiseModel(model));
    expect(tensors['token.embedding']?.shape).toEqual([1, D]);
    expect(Object.keys(tensors).filter((name) => name.startsWith('head'))).toEqual([]);
    expect(tensors['memory.rows']?.shape).toEqual([R, D]);
  });

  it.each<[Precision, number]>([
    ['float32', 4],
    ['float16', 2],
    ['int8', 1],
  ])('has its rows in %s, and its temperature close to what it was', (precision, bytes) => {
    const file = serialiseModel(model, precision);
    const memory = remembered(file)();
    // Ten bits behind the first one that is set.
    expect(Math.abs((memory?.temperature ?? NaN) - 33.3)).toBeLessThanOrEqual(33.3 * 2 ** -11);
    expect(memory?.rows).toHaveLength(R * D);
    for (const [i, value] of rows.entries()) {
      const column = rows.filter((_, at) => at % D === i % D);
      const step = { 4: 0, 2: Math.abs(value) * 2 ** -10 + 2 ** -24, 1: Math.max(...column.map(Math.abs)) / 127 }[
        bytes
      ];
      expect(Math.abs((memory?.rows[i] ?? NaN) - value)).toBeLessThanOrEqual(0.5001 * (step ?? NaN));
    }
    expect(headerOf(file)['memory.rows']?.data_offsets.reduce((start, end) => end - start)).toBe(bytes * R * D);
  });
});

describe('a model with a memory is refused', () => {
  it('without its rows, or its temperature, or either', () => {
    expect(remembered(changed({ 'memory.rows': undefined }))).toThrow(NO_ROWS);
    for (const rest of [{}, { 'memory.rows': undefined }]) {
      const bytes = changed({ ...rest, 'memory.temperature': undefined });
      expect(remembered(bytes)).toThrow(NO_TEMPERATURE);
      expect(read(bytes)).toThrow(`model.safetensors is damaged: ${NO_TEMPERATURE}`);
    }
  });

  it('with rows of another name in their place', () => {
    const renamed = changed({ 'memory.rows': undefined, 'memory.row': { shape: [R, D], data: rows } });
    expect(remembered(renamed)).toThrow(NO_ROWS);
    expect(read(renamed)).toThrow('it holds other parameters as well');
  });

  it.each([[R + 1, D], [R - 1, D], [R, D + 1], [D, R], [R * D], [1, R, D]])(
    'with rows of another shape: %j',
    (...shape) => {
      const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
      expect(remembered(changed({ 'memory.rows': { shape, data } }))).toThrow(NO_ROWS);
    },
  );

  it.each([0, -0, -1, NaN, Infinity, -Infinity])('with a temperature of %d', (temperature) => {
    expect(read(withTemperature(temperature))).toThrow(NO_TEMPERATURE);
    expect(remembered(withTemperature(temperature))).toThrow(NO_TEMPERATURE);
  });

  it('with no temperature, or several', () => {
    for (const bytes of [withTemperature(), withTemperature(20, 20)]) {
      expect(read(bytes)).toThrow(NO_TEMPERATURE);
      expect(remembered(bytes)).toThrow(NO_TEMPERATURE);
    }
    expect(read(withTemperature(1e-30))().temperature).toBe(Math.fround(1e-30));
  });

  it.each([NaN, Infinity, -Infinity])('with %d in its rows', (value) => {
    const data = rows.slice();
    data[R * D - 1] = value;
    expect(remembered(changed({ 'memory.rows': { shape: [R, D], data } }))).toThrow(
      'its memory holds numbers that are not finite',
    );
  });

  it('where its network has another output', () => {
    const other = smallNetwork(12, { embedding: 'prefix', output: 'shared' });
    const bytes = serialiseModel({
      geometry: other.geometry,
      parameters: other.parameters,
      prefixes: other.table.stored,
      memory: { rows: new Float32Array(other.geometry.embeddingRows * D), temperature: 20 },
    });
    expect(read(bytes)).toThrow('it holds other parameters as well');
  });
});
