import fc from 'fast-check';
import { expect, it } from 'vitest';
import { topK } from './answers.ts';

const scores = fc.array(fc.oneof(fc.constantFrom(0, -1, -Infinity, 0.5), fc.double({ noNaN: true })), {
  maxLength: 40,
});

it('the k best are the first k of all, ties by the smaller row', () => {
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 45 }), (values, k) => {
      const answers = () => values.map((score, row) => ({ row, score }));
      const sorted = answers().sort((a, b) => (a.score === b.score ? a.row - b.row : a.score < b.score ? 1 : -1));
      expect(topK(answers(), k)).toEqual(sorted.slice(0, k));
    }),
  );
});

it('an answer whose score is no number is not lost, so that it can be complained of', () => {
  const answers = [0.5, Number.NaN, 0.25].map((score, row) => ({ row, score }));
  expect(topK([...answers], 3)).toHaveLength(3);
  expect(topK([...answers], 2).map(({ score }) => score)).toEqual([0.5, Number.NaN]);
});
