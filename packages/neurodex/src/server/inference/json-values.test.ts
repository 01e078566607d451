import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasAtMostValues } from './json-values.ts';

/** Values of what JSON.parse makes of a text. An empty array or object is one, as is any other. */
const valuesIn = (value: unknown): number =>
  value !== null && typeof value === 'object'
    ? 1 + Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), 0)
    : 1;
const emptiesIn = (value: unknown): number => {
  if (value === null || typeof value !== 'object') return 0;
  const held = Object.values(value);
  return held.length === 0 ? 1 : held.reduce((sum: number, one) => sum + emptiesIn(one), 0);
};
const atMost = (text: string, most: number): boolean => hasAtMostValues(Buffer.from(text), most);

describe('the values of a JSON text', () => {
  it('are counted as JSON.parse has them; an empty array or object counts twice', () =>
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const parsed: unknown = JSON.parse(text);
        const count = valuesIn(parsed) + emptiesIn(parsed);
        expect([atMost(text, count), atMost(text, count - 1)]).toEqual([true, count <= 1]);
      }),
      { numRuns: 500 },
    ));

  it.each([
    ['"[[[[,,,,{{{{"', 1],
    [String.raw`["\",[", "\\", 1]`, 4],
    [String.raw`["\\\",[", "x"]`, 3],
    ['"no end [[[[,,,', 1],
    [String.raw`"\"`, 1],
    ['', 1],
  ])('in %j are %i', (text, count) =>
    expect([atMost(text, count), atMost(text, count - 1)]).toEqual([true, count <= 1]),
  );
});
