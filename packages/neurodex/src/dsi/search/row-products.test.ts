import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allocateRows, SCRATCH_BYTES } from '../model/row-memory.ts';
import { multiplyAll, PlainProducts, type RowProducts, rowProducts } from './row-products.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const R = 23;
const normal = (length: number, random: Random): Float32Array => Float32Array.from({ length }, () => random.normal());

function multiplied(by: RowProducts, states: Float32Array, query: number, row: number, count: number): number[] {
  by.take(states, query);
  by.multiply(row, count, 0);
  return [...by.products.subarray(0, count)];
}

function inMemory(values: Float32Array): Float32Array {
  const rows = allocateRows(values.length);
  rows.set(values);
  return rows;
}

/** With sums in float32, relative to the numbers that are added up. */
const CLOSE = 1e-6;

describe('products of a state with rows', () => {
  it('are those of their definition, in WebAssembly and without it, wherever the rows lie', () => {
    const sizes = fc.record({ width: fc.integer({ min: 1, max: 45 }), row: fc.nat(R - 1), seed: fc.nat() });
    fc.assert(
      fc.property(sizes, fc.nat(), ({ width, row, seed }, n) => {
        const random = Random.seeded(seed);
        const values = normal(R * width, random);
        const states = normal(2 * width, random);
        const count = 1 + (n % (R - row));
        // A view that begins elsewhere than its memory.
        const shifted = inMemory(Float32Array.of(0, ...values)).subarray(1);
        for (const rows of [values, inMemory(values), shifted]) {
          for (const by of [rowProducts(rows, width, R), new PlainProducts(rows, width, R)]) {
            for (const query of [0, 1]) {
              for (const [i, product] of multiplied(by, states, query, row, count).entries()) {
                const terms = Array.from(
                  { length: width },
                  (_, d) => (values[(row + i) * width + d] ?? NaN) * (states[query * width + d] ?? NaN),
                );
                const size = terms.reduce((sum, x) => sum + Math.abs(x), 0);
                expect(Math.abs(product - terms.reduce((a, b) => a + b))).toBeLessThan(CLOSE * size);
              }
            }
          }
        }
        expect(shifted).toEqual(values);
      }),
    );
  });

  it('are those of all rows, in as many pieces as there is room for', () => {
    const [width, count] = [3, SCRATCH_BYTES / 4 + 5];
    const random = Random.seeded(5);
    const [values, state] = [normal(count * width, random), normal(width, random)];
    for (const by of [rowProducts(inMemory(values), width, R), new PlainProducts(values, width, 2)]) {
      const all = new Float64Array(count);
      by.take(state, 0);
      multiplyAll(by, all);
      for (let row = 0; row < count; row++) {
        const terms = Array.from({ length: width }, (_, d) => (values[row * width + d] ?? NaN) * (state[d] ?? NaN));
        const size = terms.reduce((sum, x) => sum + Math.abs(x), 0);
        if (!(Math.abs((all[row] ?? NaN) - terms.reduce((a, b) => a + b)) <= CLOSE * size)) expect.fail(`row ${row}`);
      }
    }
  });

  it('stand where they are asked for, and what stands before them stays', () => {
    const [values, states] = [normal(R * 6, Random.seeded(2)), normal(6, Random.seeded(3))];
    for (const by of [rowProducts(values, 6, R), new PlainProducts(values, 6, R)]) {
      const all = multiplied(by, states, 0, 0, R);
      for (let i = 0; i < R; i++) by.multiply(R - 1 - i, 1, i);
      expect([...by.products.subarray(0, R)]).toEqual(all.reverse());
    }
  });

  it('are equal for equal rows, wherever they stand', () => {
    for (const width of [128, 11]) {
      const [row, states] = [normal(width, Random.seeded(4)), normal(width, Random.seeded(5))];
      const rows = Float32Array.from({ length: R * width }, (_, i) => row[i % width] ?? NaN);
      const by = rowProducts(rows, width, R);
      for (const count of [1, 2, 3, 4, 7, R]) expect(new Set(multiplied(by, states, 0, R - count, count)).size).toBe(1);
    }
  });

  it.each([4, 8, 13])('are no numbers where a number of the row or the state is none, of %i', (width) => {
    for (let d = 0; d < width; d++) {
      const rows = new Float32Array(5 * width).fill(1);
      const states = new Float32Array(width).fill(1);
      rows[2 * width + d] = NaN;
      for (const by of [rowProducts(rows, width, 5), new PlainProducts(rows, width, 5)])
        expect(multiplied(by, states, 0, 0, 5)).toEqual([width, width, NaN, width, width]);
      states[d] = NaN;
      expect(multiplied(rowProducts(rows, width, 5), states, 0, 0, 5)).toEqual(Array(5).fill(NaN));
    }
  });
});

describe('products without WebAssembly', () => {
  it('are those of plain loops: where there is none, or it has no vectors, or the room behind the rows is too small', async () => {
    const rows = normal(R * 4, Random.seeded(6));
    const isPlain = (by: RowProducts): boolean => by instanceof PlainProducts;
    const most = SCRATCH_BYTES / 4 - 4 - 4;
    expect(isPlain(rowProducts(rows, 4, most))).toBe(false);
    expect(isPlain(rowProducts(rows, 4, most + 1))).toBe(true);
    const withoutVectors = {
      ...webAssembly,
      Memory: webAssembly.Memory,
      Module: () => {
        throw new Error('invalid opcode 0xfd');
      },
    };
    for (const WebAssembly of [undefined, withoutVectors]) {
      vi.stubGlobal('WebAssembly', WebAssembly);
      vi.resetModules();
      // What was compiled is kept: a fresh copy of the module has compiled nothing yet.
      const fresh = await import('./row-products.ts');
      expect(fresh.rowProducts(rows, 4, R)).toBeInstanceOf(fresh.PlainProducts);
    }
  });
});

const { WebAssembly: webAssembly } = globalThis as unknown as { WebAssembly: { Memory: unknown } };
