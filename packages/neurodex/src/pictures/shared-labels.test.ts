import { expect, it } from 'vitest';
import { sharedLabels } from './shared-labels.ts';

it('makes equal lists one list, and no others', () => {
  const shared = sharedLabels();
  const lists = [['a', 'b'], ['["a","b"]'], ['a', 'b'], [], ['b', 'a'], [], ['["a","b"]']];
  const found = lists.map(shared);
  expect(found).toEqual(lists);
  expect(found.map((list) => found.indexOf(list))).toEqual([0, 1, 0, 3, 4, 3, 1]);
});
