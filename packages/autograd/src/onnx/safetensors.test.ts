import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRECISIONS, restored, stored } from './precision.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

describe('safetensors', () => {
  const tensors = {
    a: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -6) },
    'b.c': { shape: [], data: Float32Array.of(7) },
  };

  it('reads what it wrote, wherever the bytes lie in memory', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.dictionary(fc.string(), fc.string()), (offset, metadata) => {
        const bytes = writeSafetensors(tensors, metadata);
        const moved = Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset);
        const read = readSafetensors(moved);
        expect(read.tensors).toEqual(tensors);
        expect({ ...read.metadata }).toEqual({ ...metadata });
      }),
      { numRuns: 50 },
    );
  });

  it('has the layout of the format: length, JSON, elements', () => {
    const bytes = writeSafetensors(tensors, { format: 'pt' });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      'b.c': { dtype: 'F32', shape: [], data_offsets: [24, 28] },
    });
    expect(new DataView(bytes.buffer).getFloat32(8 + length + 20, true)).toBe(-6);
  });

  it.each(PRECISIONS)('refuses every truncation of %s', (precision) => {
    const bytes = writeSafetensors(tensors, {}, precision);
    for (let n = 0; n < bytes.length; n++) expect(() => readSafetensors(bytes.slice(0, n))).toThrow(RangeError);
  });

  it.each(PRECISIONS)('reads %s as the float32 numbers that it stands for', (precision) => {
    const read = readSafetensors(writeSafetensors(tensors, {}, precision));
    const want = Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { shape, data: restored(stored(data, shape, precision)) },
    ]);
    expect(read.tensors).toEqual(Object.fromEntries(want));
  });

  it('refuses int8 without its scales, and types that it does not know', () => {
    const header = (entries: object): Uint8Array => {
      const json = new TextEncoder().encode(JSON.stringify(entries).padEnd(64));
      const bytes = new Uint8Array(8 + json.length + 8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
      bytes.set(json, 8);
      return bytes;
    };
    for (const dtype of ['I8', 'BOOL', 'constructor']) {
      const bytes = header({ a: { dtype, shape: [2, 4], data_offsets: [0, 8] } });
      expect(() => readSafetensors(bytes)).toThrow(RangeError);
    }
    for (const entries of [
      { a: { dtype: 'F32', shape: 3, data_offsets: [0, 8] } },
      { a: { dtype: 'F32', shape: [2], data_offsets: '08' } },
      { a: { dtype: 'F32', shape: [-1, -2], data_offsets: [0, 8] } },
      { a: null },
      { __metadata__: 3 },
    ]) {
      expect(() => readSafetensors(header(entries)), JSON.stringify(entries)).toThrow(RangeError);
    }
  });
});
