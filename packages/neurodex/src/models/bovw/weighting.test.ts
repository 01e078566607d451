import { expect, it } from 'vitest';
import { weightBy } from './weighting.ts';

const histograms = Float32Array.of(2, 1, 0, 0, 1, 1, 0, 0, 3, 1, 4, 0, 1, 1, 0, 0);

it('counts: as they are', () => {
  expect(weightBy('counts', histograms, 4)(histograms)).toEqual(histograms);
});

it('tfidf: ln(N/d); nothing for a word that is in every picture, or in none', () => {
  const weight = weightBy('tfidf', histograms, 4);
  const [a = 0, b = 0, c = 0, d = 0] = weight(Float32Array.of(2, 5, 3, 7));
  expect([a, b, d]).toEqual([0, 0, 0]);
  expect(c).toBeCloseTo(3 * Math.log(4), 5);
});
