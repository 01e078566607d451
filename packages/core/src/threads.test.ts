import { expect, it } from 'vitest';
import { threadsFrom } from './threads.ts';

it.each([[undefined], [''], [' ']])('%j: none are given', (given) => {
  expect(threadsFrom({ NEURODEX_THREADS: given })).toBeUndefined();
});

it.each([
  ['1', 1],
  [' 12 ', 12],
  ['1024', 1024],
])('%j threads', (given, threads) => {
  expect(threadsFrom({ NEURODEX_THREADS: given })).toBe(threads);
});

it.each(['0', '-1', '1.5', '1e2', 'two', '1025', '0x2'])('%j is refused by name', (given) => {
  expect(() => threadsFrom({ NEURODEX_THREADS: given })).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `NEURODEX_THREADS is "${given}", not a whole number from 1 to 1024`,
    }),
  );
});
