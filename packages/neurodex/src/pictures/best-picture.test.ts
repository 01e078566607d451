import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bestFirst } from './best-picture.ts';

const file = { width: 100, height: 80, bytes: 1000, edge: 80, format: null };
const one = { path: 'b', labels: ['x'] };

it('most pixels, then the largest file, then a label, then the name', () => {
  const pictures = [one, one, one, { ...one, labels: [] }, { ...one, path: 'a', labels: [] }, one];
  const files = [file, { ...file, width: 101 }, { ...file, bytes: 1001 }, file, file, { ...file, bytes: 999 }];
  expect(bestFirst(pictures, files)).toEqual([1, 2, 0, 4, 3, 5]);
});

it('a format without a loss is better than the largest file with one', () => {
  const files = [
    { ...file, bytes: 5000, format: 'JPEG' as const },
    { ...file, format: 'PNG' as const },
  ];
  expect(bestFirst([one, one], files)).toEqual([1, 0]);
});

it('the role that keeps pictures comes first, where there are roles', () => {
  const roles = ['train', 'validation', 'test', 'catalogue'] as const;
  const pictures = roles.map((role) => ({ ...one, role }));
  const files = roles.map((_, i) => ({ ...file, width: 1000 - i }));
  expect(bestFirst(pictures, files)).toEqual([3, 2, 1, 0]);
});

it('where sizes are not known, the size of the thumbnail counts', () => {
  const unknown = { width: null, height: null, bytes: null, format: null };
  const files = [20, 30, 10].map((edge) => ({ ...unknown, edge }));
  expect(bestFirst([one, one, one], files)).toEqual([1, 0, 2]);
});

it('does not depend on the order of the list', () => {
  const pictures = Array.from({ length: 12 }, (_, i) => ({ path: `${i}`, labels: i % 3 === 0 ? [] : ['x'] }));
  const files = pictures.map((_, i) => ({ ...file, width: 100 + (i % 2), bytes: 1000 + (i % 4) }));
  const best = bestFirst(pictures, files).map((at) => pictures[at]?.path);
  const property = fc.property(fc.shuffledSubarray([...pictures.keys()], { minLength: 12 }), (order) => {
    const shuffled = order.map((at) => pictures[at] ?? one);
    const own = order.map((at) => files[at] ?? file);
    expect(bestFirst(shuffled, own).map((at) => shuffled[at]?.path)).toEqual(best);
  });
  fc.assert(property);
});
