import { expect, it } from 'vitest';
import { feedTokens } from './token-input.ts';

it('texts are ids plus one, padded with zeros and cut at the end', () => {
  const fed = feedTokens([[4, 0], [], [1, 2, 3, 4]], 4, { sequenceLength: 3 });
  expect([...fed]).toEqual([5, 1, 0, 0, 0, 0, 2, 3, 4, 0, 0, 0]);
});
