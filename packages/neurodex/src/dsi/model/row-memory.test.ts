import { afterEach, describe, expect, it, vi } from 'vitest';
import { allocateRows, inRowMemory, rowMemoryOf, SCRATCH_BYTES } from './row-memory.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('rows that a kernel can read', () => {
  it.each([0, 1, 2, 3, 4, 5, 1000, 70_000])('are zeros, with room behind them: %i', (count) => {
    const rows = allocateRows(count);
    expect(rows).toEqual(new Float32Array(count));
    const { memory, scratch } = rowMemoryOf(rows) ?? expect.fail('no memory');
    expect(memory.buffer).toBe(rows.buffer);
    expect(rows.byteOffset).toBe(0);
    expect(scratch).toBeGreaterThanOrEqual(rows.byteLength);
    expect(scratch % 16).toBe(0);
    expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(scratch + SCRATCH_BYTES);
  });

  it('are copied into such a memory once', () => {
    const given = Float32Array.of(9, 1, 2, 3).subarray(1);
    const rows = inRowMemory(given);
    expect(rows).toEqual(Float32Array.of(1, 2, 3));
    expect(rows).not.toBe(given);
    expect(rowMemoryOf(rows)).toBeDefined();
    expect(rowMemoryOf(given)).toBeUndefined();
    expect(inRowMemory(rows)).toBe(rows);
    const part = rows.subarray(1);
    expect(inRowMemory(part)).toBe(part);
  });

  it('are ordinary arrays where there is no WebAssembly, or not so much memory', () => {
    const Memory = () => {
      throw new RangeError('could not allocate memory');
    };
    for (const WebAssembly of [undefined, { Memory }]) {
      vi.stubGlobal('WebAssembly', WebAssembly);
      const rows = allocateRows(3);
      expect(rows).toEqual(new Float32Array(3));
      expect(rowMemoryOf(rows)).toBeUndefined();
      expect(inRowMemory(rows)).toBe(rows);
    }
  });
});
