import { Random } from '@neurodex/autograd';
import type { Picture } from '@neurodex/datasets/picture';
import { describe, expect, it } from 'vitest';
import { BLOCKS, FINGERPRINT_LENGTH, fingerprintOf, keysOf } from './fingerprint.ts';
import { grey } from './pictures.fixture.ts';

function noisy(size: number, seed: number): Picture {
  const random = Random.seeded(seed);
  return { size, pixels: Uint8Array.from({ length: size * size * 3 }, () => random.integer(256)) };
}

describe('a fingerprint', () => {
  it('of a grey picture of 16 pixels is the picture, without a colour', () => {
    const level = (x: number, y: number) => (7 * x + 11 * y) % 256;
    const expected = Array.from({ length: 256 }, (_, i) => level(i % 16, i >> 4));
    expect([...fingerprintOf(grey(16, level))]).toEqual([...expected, 128, 128]);
  });

  it.each([8, 21, 32, 48])('holds the mean brightness of areas, at %i pixels', (size) => {
    const picture = noisy(size, size);
    // By the definition: every pixel is cut into 16 × 16 pieces, which the blocks of 16 pixels' width then hold whole.
    const sums = new Float64Array(BLOCKS * BLOCKS);
    for (let y = 0; y < size * BLOCKS; y++) {
      for (let x = 0; x < size * BLOCKS; x++) {
        const i = 3 * (Math.floor(y / BLOCKS) * size + Math.floor(x / BLOCKS));
        const [red = 0, green = 0, blue = 0] = picture.pixels.subarray(i, i + 3);
        const block = Math.floor(y / size) * BLOCKS + Math.floor(x / size);
        sums[block] = (sums[block] ?? 0) + (0.299 * red + 0.587 * green + 0.114 * blue) / size ** 2;
      }
    }
    const found = fingerprintOf(picture);
    expect(found).toHaveLength(FINGERPRINT_LENGTH);
    for (const [i, sum] of sums.entries()) expect(Math.abs((found[i] ?? NaN) - sum)).toBeLessThanOrEqual(0.51);
  });

  it('ends with the colours: red and blue beside brightness', () => {
    const red = { size: 8, pixels: Uint8Array.from({ length: 192 }, (_, i) => (i % 3 === 0 ? 200 : 0)) };
    // Brightness is 0.299 · 200 = 59.8: 128 + (200 − 59.8) / 2, and 128 − 59.8 / 2.
    expect([...fingerprintOf(red).subarray(256)]).toEqual([198, 98]);
  });
});

it('keys are SHA-256 in base64 of the file and of the pixels, and the fingerprint', () => {
  // FIPS 180-2: "abc".
  const picture = noisy(8, 2);
  const { file, fingerprint } = keysOf(new TextEncoder().encode('abc'), picture);
  expect(file).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=');
  expect(fingerprint).toEqual(fingerprintOf(picture));
  const hexadecimal = Buffer.from(file, 'base64').toString('hex');
  expect(keysOf(hexadecimal, { size: 8, pixels: new Uint8Array(192) }).file).toBe(file);
});
