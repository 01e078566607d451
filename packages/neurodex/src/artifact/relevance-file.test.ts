import { sealed } from '@neurodex/core/storage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStale, parseRelevance, type Relevance, relevanceText } from './relevance-file.ts';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const relevance: Relevance = {
  catalogue: 100,
  changed: 4,
  none: {
    blocks: [
      { name: 'state', length: 2, scale: 1.5 },
      { name: 'appearance', length: 1, scale: 0.5 },
    ],
    projection: { mean: floats(1, 2, 3), components: floats(1, 0, 0, 0, 1, 0) },
    known: {
      width: 2,
      weights: floats(1, 2, 3, 4, 5, 6),
      biases: floats(1, 2, 3),
      means: floats(0, 1, 0, 1, 0, 1),
      precisions: floats(1, 0, 0, 1, 2, 0, 0, 2),
      logDeterminants: floats(0, -1),
      precisionOf: Int32Array.of(0, 1, 0),
    },
    model: { means: [0, 1], scales: [1, 2], weights: [1, 1], bias: 0.25 },
    auroc: 0.9,
    unknown: 30,
  },
  systems: {
    dsi: {
      picture: { sharpness: 1.5, relevance: { x: [0.1, 0.9], y: [0, 1] }, found: [0, 0.5, 1], queries: 3 },
    },
  },
};
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (value: object) => parseRelevance(bytesOf(sealed(value)), 'relevance.json');
const described = () =>
  JSON.parse(relevanceText(relevance)) as Record<string, never> & { none: Record<string, unknown> };

describe('the calibration of an index', () => {
  it('is read as it was written', () => {
    expect(parseRelevance(bytesOf(relevanceText(relevance)), 'relevance.json')).toEqual(relevance);
    const without = { ...relevance, none: null };
    expect(parseRelevance(bytesOf(relevanceText(without)), 'relevance.json')).toEqual(without);
  });

  it.each([
    ['another version', { version: 9 }, 'index-newer'],
    ['another format', { format: 'x' }, 'index-damaged'],
    ['no catalogue', { catalogue: 0 }, 'index-damaged'],
    [
      'a probability above 1',
      { systems: { dsi: { picture: { sharpness: 1, relevance: { x: [0], y: [2] }, found: [], queries: 1 } } } },
      'index-damaged',
    ],
    [
      'knots that fall',
      { systems: { dsi: { picture: { sharpness: 1, relevance: { x: [1, 0], y: [0, 1] }, found: [], queries: 1 } } } },
      'index-damaged',
    ],
    ['a system that there is not', { systems: { other: {} } }, 'index-damaged'],
  ])('is refused with %s', (_, changes, code) => {
    const { digest: _digest, ...rest } = described();
    expect(() => parse({ ...rest, ...changes })).toThrow(expect.objectContaining({ code }));
  });

  const numbers = (...values: number[]): string => Buffer.from(floats(...values).buffer).toString('base64');
  it.each([
    ['arrays of other lengths', { mean: numbers(1, 2) }],
    ['no components', { components: '' }],
    ['numbers that are not finite', { weights: numbers(1, 2, 3, 4, 5, Number.NaN) }],
    ['a matrix that it lacks', { precisionOf: Buffer.from(Int32Array.of(0, 2, 0).buffer).toString('base64') }],
    ['what is no base64', { means: '!' }],
    ['a model of other evidence', { model: { means: [0], scales: [1], weights: [1], bias: 0 } }],
  ])('is refused with %s', (_, changes) => {
    const { digest: _digest, ...rest } = described();
    expect(() => parse({ ...rest, none: { ...rest.none, ...changes } })).toThrow(
      expect.objectContaining({ code: 'index-damaged' }),
    );
  });

  it('is refused with any byte changed, and never ends a process', () => {
    const bytes = bytesOf(relevanceText(relevance));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const damaged = bytes.slice();
        damaged[at] = ((damaged[at] ?? 0) + by) % 256;
        try {
          // A change of white space alone says the same.
          expect(parseRelevance(damaged, 'relevance.json')).toEqual(relevance);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^index-/) });
        }
      }),
    );
  });

  it('is stale when more than a tenth of the pictures have come and gone since', () => {
    expect(isStale(relevance, undefined)).toBe(false);
    expect(isStale(relevance, { added: 10, removed: 4 })).toBe(false);
    expect(isStale(relevance, { added: 10, removed: 5 })).toBe(true);
  });
});
