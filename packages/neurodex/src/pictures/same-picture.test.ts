import { Random } from '@neurodex/autograd';
import type { Picture } from '@neurodex/datasets/picture';
import { describe, expect, it } from 'vitest';
import { grey, ripple, stripes } from './pictures.fixture.ts';
import { fingerprintOf, keysOf, mayBeSame, noise, partRatio, samePicture, samePixels } from './same-picture.ts';

function noisy(size: number, seed: number, least = 0, most = 255): Picture {
  const random = Random.seeded(seed);
  const pixels = Uint8Array.from({ length: size * size * 3 }, () => least + random.integer(most - least + 1));
  return { size, pixels };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a fingerprint', () => {
  it('of a picture of eight pixels is the picture', () => {
    const picture = noisy(8, 1);
    expect(fingerprintOf(picture)).toEqual(picture.pixels);
  });

  it.each([12, 16, 21])('is the rounded mean colour of 8 × 8 blocks, at %i pixels', (size) => {
    const picture = noisy(size, size);
    const expected: number[] = [];
    const blockOf = (block: number) => [Math.round((block * size) / 8), Math.round(((block + 1) * size) / 8)] as const;
    for (let by = 0; by < 8; by++) {
      for (let bx = 0; bx < 8; bx++) {
        for (let c = 0; c < 3; c++) {
          const [[top, bottom], [left, right]] = [blockOf(by), blockOf(bx)];
          const inside = [...picture.pixels].filter((_, i) => {
            const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
            return i % 3 === c && y >= top && y < bottom && x >= left && x < right;
          });
          expected.push(Math.round(mean(inside)));
        }
      }
    }
    expect([...fingerprintOf(picture)]).toEqual(expected);
  });

  it('has no empty block below eight pixels: the fifth of seven stands for two', () => {
    const picture = noisy(7, 3);
    const places = [0, 1, 2, 3, 4, 4, 5, 6];
    const expected = places.flatMap((y) =>
      places.flatMap((x) => [...picture.pixels.subarray((7 * y + x) * 3, (7 * y + x) * 3 + 3)]),
    );
    expect([...fingerprintOf(picture)]).toEqual(expected);
  });
});

it('keys are SHA-256 in base64 of the file and of the pixels, and the fingerprint', () => {
  // FIPS 180-2: "abc", and the empty message.
  const picture = { size: 0, pixels: new Uint8Array() };
  const { file, pixels } = keysOf(new TextEncoder().encode('abc'), picture);
  expect(file).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=');
  expect(pixels).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  const eight = noisy(8, 2);
  expect(keysOf(new Uint8Array(), eight).fingerprint).toEqual(eight.pixels);
});

describe('two fingerprints may be of one picture', () => {
  const base = new Uint8Array(192).fill(100);

  it('where no number differs by more than 14', () => {
    expect(mayBeSame(base, new Uint8Array(192).fill(114))).toBe(true);
    expect(mayBeSame(base, new Uint8Array(192).fill(86))).toBe(true);
  });

  it('and not where a single one does, in any place', () => {
    for (let at = 0; at < 192; at++) {
      for (const level of [115, 85]) {
        const other = base.slice();
        other[at] = level;
        expect(mayBeSame(base, other), `number ${at}`).toBe(false);
      }
    }
  });
});

describe('the energy of a difference', () => {
  it('is a share of the smaller variance, summed over the colours', () => {
    // Of 0, 2 in red: variance 2; of 0, 4: 8; of 10, 10 nothing. The difference is 2² + 0 in the second pixel.
    const a: Picture = { size: 1, pixels: Uint8Array.of(0, 0, 10, 2, 4, 10) };
    const b: Picture = { size: 1, pixels: Uint8Array.of(0, 0, 10, 4, 4, 10) };
    expect(noise(a, b)).toBeCloseTo(4 / 10, 12);
    expect(noise(b, a)).toBeCloseTo(4 / 10, 12);
  });

  it('is 1 beside a variance of the same size, and NaN between pictures of one colour', () => {
    const a = grey(2, (x) => 100 + 10 * x);
    const b = grey(2, (x) => 100 + 20 * x);
    // Differences 0, 10: energy 2 · 100; the variance of 100, 110 is 4 · 25.
    expect(noise(a, b)).toBeCloseTo(2, 12);
    expect(
      noise(
        grey(2, () => 7),
        grey(2, () => 7),
      ),
    ).toBeNaN();
  });
});

/** By the definition: the pixels of each part, and of the parts around it that are in the picture. */
function ratioByDefinition(a: Picture, b: Picture): number {
  const partOf = (at: number) => Math.floor((at * 16) / a.size);
  const inParts = (x: number, y: number, reach: number) =>
    [...a.pixels.keys()].filter((i) => {
      const pixel = Math.floor(i / 3);
      const [px, py] = [partOf(pixel % a.size), partOf(Math.floor(pixel / a.size))];
      return Math.abs(px - x) <= reach && Math.abs(py - y) <= reach;
    });
  let most = 0;
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x++) {
      const energy = mean(inParts(x, y, 0).map((i) => ((a.pixels[i] ?? NaN) - (b.pixels[i] ?? NaN)) ** 2));
      const around = inParts(x, y, 1).map((i) => a.pixels[i] ?? NaN);
      const variance = mean(around.map((value) => (value - mean(around)) ** 2));
      if (energy > 16) most = Math.max(most, (energy - 16) / variance);
    }
  }
  return most;
}

describe('the largest difference of a part', () => {
  /** Parts that count most: in the corners, at the borders and inside. */
  it.each([
    [0, 0],
    [15, 0],
    [0, 15],
    [15, 15],
    [7, 9],
    [8, 0],
    [0, 8],
    [15, 6],
  ])('is that of its definition, in part %i, %i', (x, y) => {
    const size = 20;
    const a = noisy(size, 16 * y + x, 60, 180);
    const b = { size, pixels: a.pixels.map((value, i) => value + (i % 3)) };
    const [left, top] = [Math.ceil((x * size) / 16), Math.ceil((y * size) / 16)];
    const at = 3 * (top * size + left) + 1;
    b.pixels[at] = (a.pixels[at] ?? NaN) + 40;
    expect(partRatio(a, b)).toBeGreaterThan(0);
    expect(partRatio(a, b)).toBeCloseTo(ratioByDefinition(a, b), 9);
  });

  it('is nothing up to 16 squared levels', () => {
    const a = grey(32, stripes);
    const by = (level: number) => grey(32, (x) => stripes(x) + level);
    expect(partRatio(a, by(4))).toBe(0);
    // (25 − 16) / 100 within, and less than that nowhere.
    expect(partRatio(a, by(5))).toBeGreaterThanOrEqual(0.09);
  });
});

describe('pixels show the same', () => {
  it('where they are equal, at any size, and never at two sizes', () => {
    const one = grey(1, () => 3);
    expect(samePixels(one, { size: 1, pixels: one.pixels.slice() })).toBe(true);
    expect(
      samePixels(
        one,
        grey(1, () => 4),
      ),
    ).toBe(false);
    expect(samePixels({ size: 2, pixels: one.pixels }, one)).toBe(false);
  });

  it('up to 2 % of the variance as a whole', () => {
    const a = grey(20, stripes);
    // Half of the pixels by 2 levels: 2 of a variance of 100.
    const at = grey(20, (x, y) => stripes(x) + ripple(y, 2));
    expect(noise(a, at)).toBe(0.02);
    expect(samePixels(a, at)).toBe(true);
    const beyond = grey(20, (x, y) => stripes(x) + ripple(y, 2) + (y === 2 && x < 2 ? 1 : 0));
    expect(samePixels(a, beyond)).toBe(false);
  });

  it('up to 20 % of the variance in a part, over what encoding may change where all is even', () => {
    const a = grey(64, stripes);
    // Parts of 4 × 4 pixels: (36 − 16) / 100 in one of them.
    const inPart = (x: number, y: number) => x >= 20 && x < 24 && y >= 20 && y < 24;
    const at = grey(64, (x, y) => stripes(x) + (inPart(x, y) ? 6 : 0));
    expect(partRatio(a, at)).toBe(0.2);
    expect(samePixels(a, at)).toBe(true);
    const beyond = grey(64, (x, y) => stripes(x) + (inPart(x, y) ? (x === 20 && y === 20 ? 7 : 6) : 0));
    expect(noise(a, beyond)).toBeLessThan(0.02);
    expect(samePixels(a, beyond)).toBe(false);
  });

  it('with a difference from 16 pixels on', () => {
    const near = (size: number) =>
      samePixels(
        grey(size, stripes),
        grey(size, (x, y) => stripes(x) + (x === 0 && y === 0 ? 1 : 0)),
      );
    expect([near(15), near(16)]).toEqual([false, true]);
  });
});

describe('pictures of two sizes show the same', () => {
  const flat = (size: number) => grey(size, () => 80);

  it('where the larger looks like the other once it is as small', async () => {
    expect(await samePicture(flat(32), flat(16))).toBe(true);
    expect(await samePicture(flat(16), flat(32))).toBe(true);
    expect(
      await samePicture(
        flat(32),
        grey(16, () => 200),
      ),
    ).toBe(false);
  });

  it('and not below 16 pixels, where only pictures of one size are compared', async () => {
    expect(await samePicture(flat(15), flat(30))).toBe(false);
    expect(await samePicture(flat(30), flat(15))).toBe(false);
    expect(await samePicture(flat(8), flat(8))).toBe(true);
  });
});
