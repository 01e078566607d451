import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOf, fitKnownClasses, sumClasses } from './known-classes.ts';
import { invertPositive } from './positive-matrix.ts';
import { principalComponents, project } from './principal-components.ts';

/** NumPy (fixtures/README.md). */
const golden = JSON.parse(readFileSync(new URL('./fixtures/known-classes.json', import.meta.url), 'utf8')) as {
  vectors: number[];
  length: number;
  count: number;
  mean: number[];
  axes: number[][];
  scale: number;
  known: {
    width: number;
    points: number[];
    classes: number[];
    count: number;
    queries: number[][];
    all: number[][];
    some: number[][];
  };
};

describe('principal components', () => {
  const { vectors, length, count, mean, axes, scale } = golden;
  const found = principalComponents(Float32Array.from(vectors), length, count);

  it('are the directions of the largest variance, as NumPy has them up to their signs', () => {
    for (const [i, axis] of axes.entries()) {
      const own = found.components.subarray(i * length, (i + 1) * length);
      const sign = Math.sign(own.reduce((sum, value, j) => sum + value * (axis[j] ?? NaN), 0));
      for (const [j, value] of axis.entries()) expect(own[j]).toBeCloseTo((sign * value) / scale, 3);
    }
    for (const [j, value] of mean.entries()) expect(found.mean[j]).toBeCloseTo(value, 4);
  });

  it('give projected numbers a mean variance of 1', () => {
    const rows = Array.from({ length: vectors.length / length }, (_, i) =>
      project(found, vectors.slice(i * length, (i + 1) * length)),
    );
    const squares = rows.reduce((sum, row) => sum + row.reduce((own, value) => own + value * value, 0), 0);
    expect(squares / rows.length / count).toBeCloseTo(1, 4);
  });

  it('are fewer where vectors have fewer directions', () => {
    const line = Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? i : 2 * i - 2));
    expect(principalComponents(line, 2, 2).components.length).toBe(2);
    const same = principalComponents(new Float32Array(10).fill(3), 2, 2);
    expect([...project(same, [3, 3])]).toEqual(new Array(same.components.length / 2).fill(0));
  });
});

describe('the inverse of a positive definite matrix', () => {
  const entries = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 });

  it('times the matrix is one, and its determinant is that of the diagonal where there is nothing else', () => {
    fc.assert(
      fc.property(entries, (values) => {
        const matrix = new Float64Array(9);
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < 3; j++) {
            let sum = i === j ? 0.1 : 0;
            for (let k = 0; k < 3; k++) sum += (values[3 * i + k] ?? NaN) * (values[3 * j + k] ?? NaN);
            matrix[3 * i + j] = sum;
          }
        }
        const { inverse } = invertPositive(matrix, 3) ?? { inverse: new Float64Array() };
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < 3; j++) {
            let sum = 0;
            for (let k = 0; k < 3; k++) sum += (inverse[3 * i + k] ?? NaN) * (matrix[3 * k + j] ?? NaN);
            expect(sum).toBeCloseTo(i === j ? 1 : 0, 8);
          }
        }
      }),
    );
    expect(invertPositive(Float64Array.of(2, 0, 0, 3), 2)?.logDeterminant).toBeCloseTo(Math.log(6), 12);
  });

  it('is not there for another one', () => {
    expect(invertPositive(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
    expect(invertPositive(Float64Array.of(NaN), 1)).toBeUndefined();
  });
});

describe('known classes', () => {
  const { width, points, classes, count, queries, all, some } = golden.known;
  const sums = sumClasses(Float64Array.from(points), width, classes, count);

  it.each([
    ['all of them', [0, 1, 2, 3], all],
    ['some of them, as if the others were not there', [0, 2], some],
  ])('give the evidence that NumPy has: %s', (_, kept, expected) => {
    const known = fitKnownClasses(sums, kept);
    for (const [i, query] of queries.entries()) {
      const found = evidenceOf(known, Float64Array.from(query));
      for (const [j, value] of found.entries()) expect(value).toBeCloseTo(expected[i]?.[j] ?? NaN, 4);
    }
  });

  it('have more evidence for a vector like theirs than for one far away', () => {
    const known = fitKnownClasses(sums, [0, 1, 2, 3]);
    const near = evidenceOf(known, Float64Array.from(known.means.subarray(0, width)));
    const far = evidenceOf(
      known,
      Float64Array.from({ length: width }, () => 50),
    );
    expect(near[1]).toBeGreaterThan(far[1]);
  });

  it('can be one picture each', () => {
    const single = sumClasses(Float64Array.of(0, 0, 1, 1, 2, 0), 2, [0, 1, 2], 3);
    const [squares, density] = evidenceOf(fitKnownClasses(single, [0, 1, 2]), Float64Array.of(1, 1));
    expect([squares, density].every(Number.isFinite)).toBe(true);
  });
});
