import { totalmem } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bytesInWords, stepBytes } from './memory.ts';
import { machineMemory } from './node-machine.ts';

const sizes = {
  layers: 3,
  width: 3,
  feedForwardWidth: 7,
  heads: 4,
  sequenceLength: 5,
  stem: 11,
  vocabulary: 17,
  embeddingRows: 13,
  positions: 7,
  batch: 2,
};

describe('the bytes of a training step', () => {
  // Norms 2·2·3, projections 3·9 + 9 and 9 + 3, feed-forward 21 + 7 and 21 + 3.
  const layer = 12 + 36 + 12 + 28 + 24;
  // Stem 11·3, embeddings 13·3, output 3·17.
  const rest = 33 + 39 + 51;
  // Float32 of two queries: 12 positions with six vectors and a hidden one each, and 4 · 12 · 12 attentions.
  const kept = 4 * 2 * (12 * (6 * 3 + 7) + 4 * 12 * 12);

  it('are eight vectors of parameters, what all layers but one keep, and their graphs', () => {
    expect(stepBytes(sizes)).toBe(8 * 4 * (3 * layer + rest) + 2 * kept + 3 * 2e6);
    expect(stepBytes({ ...sizes, layers: 1 })).toBe(8 * 4 * (layer + rest) + 2e6);
    expect(stepBytes({ ...sizes, layers: 0 })).toBe(8 * 4 * rest);
  });
});

describe('the memory of this process', () => {
  afterEach(() => void vi.restoreAllMocks());
  it.each([
    ['the machine’s where nothing limits it', 0, totalmem()],
    ['the limit', 1000, 1000],
    ['the machine’s where the limit is larger', Number.MAX_SAFE_INTEGER, totalmem()],
  ])('is %s', (_, limit, expected) => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(limit);
    expect(machineMemory()).toBe(expected);
  });
});

it.each([
  [0, '0 bytes'],
  [1, '1 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [1e6, '1.0 MB'],
  [12.34e9, '12.3 GB'],
  [1e12, '1.0 TB'],
  [1e15, '1.0 PB'],
  [9.994e17, '999.4 PB'],
  // The largest number below the power of ten: its logarithm is rounded up to 18.
  [1e18 - 128, '1000.0 PB'],
  [1e18, '1.0e+18 bytes'],
  [2.5e20, '2.5e+20 bytes'],
])('%d bytes are said as %s', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});
