import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AugmentSettings, augment } from './augment.ts';

const SIZE = 48;
const still: AugmentSettings = { strength: 1, shift: 0, scale: 0, rotate: 0, flip: false, colour: 0, hue: 0, erase: 0 };
const full: AugmentSettings = {
  strength: 1,
  shift: 0.1,
  scale: 0.2,
  rotate: 15,
  flip: true,
  colour: 0.3,
  hue: 20,
  erase: 0.5,
};

/** A soft, asymmetric pattern: bilinear sampling moves it without much loss. */
function pattern(size = SIZE): Uint8Array {
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 3;
      pixels[at] = 128 + 90 * Math.sin((5 * x) / size);
      pixels[at + 1] = 128 + 90 * Math.cos((4 * y) / size);
      pixels[at + 2] = 40 + (150 * x * y) / (size * size);
    }
  }
  return pixels;
}

function view(settings: AugmentSettings, seed: number, source = pattern(), size = SIZE): Uint8Array {
  const target = new Uint8Array(source.length);
  augment(source, target, size, settings, Random.seeded(seed));
  return target;
}

const mean = (pixels: Uint8Array, channel: number): number => {
  let sum = 0;
  for (let i = channel; i < pixels.length; i += 3) sum += pixels[i] as number;
  return sum / (pixels.length / 3);
};

/** A Random whose uniform draws are given, so that a transformation can be computed by hand. */
function scripted(draws: readonly number[]): Random {
  let at = 0;
  return {
    uniform: (low = 0, high = 1) => low + (high - low) * (draws[at++] ?? 0.5),
  } as unknown as Random;
}
// Order of the draws: rotation, zoom, shift x, shift y, mirror, brightness, contrast, saturation, erase.

describe('augment', () => {
  it('copies the picture at strength 0 and with all ranges 0', () => {
    const source = pattern();
    expect(view({ ...full, strength: 0 }, 1, source)).toEqual(source);
    expect(view(still, 1, source)).toEqual(source);
  });

  it('gives the same bytes for the same random state, and others for another', () => {
    expect(view(full, 7)).toEqual(view(full, 7));
    expect(view(full, 7)).not.toEqual(view(full, 8));
  });

  it('shifts by whole pixels and repeats the edge', () => {
    const source = pattern();
    const target = new Uint8Array(source.length);
    // 0.25 of 48 pixels, at its largest draw: 12 to the right; a draw of 0 is 12 upwards.
    augment(source, target, SIZE, { ...still, shift: 0.25 }, scripted([0.5, 0.5, 1, 0]));
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const from = (Math.min(SIZE - 1, y + 12) * SIZE + Math.max(0, x - 12)) * 3;
        const at = (y * SIZE + x) * 3;
        expect([...target.subarray(at, at + 3)]).toEqual([...source.subarray(from, from + 3)]);
      }
    }
  });

  it('turns by a quarter and mirrors exactly', () => {
    const source = pattern();
    const target = new Uint8Array(source.length);
    const settings = { ...still, rotate: 90, flip: true };
    augment(source, target, SIZE, settings, scripted([1, 0.5, 0.5, 0.5, 0.9]));
    const pixel = (pixels: Uint8Array, x: number, y: number) => [
      ...pixels.subarray((y * SIZE + x) * 3, (y * SIZE + x) * 3 + 3),
    ];
    // The picture turned clockwise: its left column is read upwards along the top row.
    expect(pixel(target, 0, 0)).toEqual(pixel(source, 0, SIZE - 1));
    expect(pixel(target, SIZE - 1, 0)).toEqual(pixel(source, 0, 0));
    expect(pixel(target, SIZE - 1, 10)).toEqual(pixel(source, 10, 0));

    augment(source, target, SIZE, settings, scripted([0.5, 0.5, 0.5, 0.5, 0.1]));
    expect(pixel(target, 3, 7)).toEqual(pixel(source, SIZE - 1 - 3, 7));
  });

  it('halves the scale about the centre', () => {
    const source = pattern();
    const target = new Uint8Array(source.length);
    // The largest draw doubles the picture: its middle half fills the target.
    augment(source, target, SIZE, { ...still, scale: 1 }, scripted([0.5, 1]));
    const at = (24 * SIZE + 40) * 3;
    const from = (24 * SIZE + 32) * 3;
    expect(Math.abs((target[at] as number) - (source[from] as number))).toBeLessThan(8);
  });

  it('changes brightness by the factor drawn', () => {
    const source = new Uint8Array(SIZE * SIZE * 3).fill(100);
    const target = new Uint8Array(source.length);
    augment(source, target, SIZE, { ...still, colour: 0.2 }, scripted([0.5, 0.5, 0.5, 0.5, 0.9, 1, 0.5, 0.5]));
    expect(new Set(target)).toEqual(new Set([120]));
  });

  it('takes the colour out at saturation 0', () => {
    const target = new Uint8Array(SIZE * SIZE * 3);
    augment(pattern(), target, SIZE, { ...still, colour: 1 }, scripted([0.5, 0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0]));
    for (let i = 0; i < target.length; i += 3) expect(target[i]).toBe(target[i + 1]);
  });

  it('turns hues about the grey axis: a third of the circle hands the channels on, greys stay', () => {
    const source = pattern();
    for (let i = 0; i < 30; i++) source[i] = 77; // ten grey pixels
    const target = new Uint8Array(source.length);
    augment(source, target, SIZE, { ...still, hue: 120 }, scripted([0.5, 0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0.5, 1]));
    for (let i = 0; i < source.length; i += 3) {
      expect([...target.subarray(i, i + 3)]).toEqual([source[i + 2], source[i], source[i + 1]]);
    }
  });

  it('erases between 2 and 20 % of the area, always and never as asked', () => {
    const white = new Uint8Array(SIZE * SIZE * 3).fill(255);
    const shares: number[] = [];
    for (let seed = 0; seed < 200; seed++) {
      // Dark pixels cannot come from anything but the rectangle of noise; a white picture's mean grey is white.
      const target = view({ ...still, erase: 1 }, seed, white);
      let changed = 0;
      for (const value of target) if (value !== 255) changed++;
      shares.push(changed / target.length);
      expect(view({ ...still, erase: 0 }, seed, white).every((value) => value === 255)).toBe(true);
    }
    expect(Math.max(...shares)).toBeLessThan(0.22);
    const noisy = shares.filter((share) => share > 0);
    expect(Math.min(...noisy)).toBeGreaterThan(0.013);
    expect(noisy.length).toBeGreaterThan(70);
    expect(noisy.length).toBeLessThan(130);
  });

  it('roughly keeps the mean colour', () => {
    const source = pattern();
    const sums = [0, 0, 0];
    for (let seed = 0; seed < 200; seed++) {
      const target = view({ ...full, erase: 0 }, seed, source);
      for (let channel = 0; channel < 3; channel++) sums[channel] = (sums[channel] as number) + mean(target, channel);
    }
    for (let channel = 0; channel < 3; channel++) {
      expect(Math.abs((sums[channel] as number) / 200 - mean(source, channel))).toBeLessThan(12);
    }
  });

  it('writes every pixel, for any size, settings and seed, and leaves the source alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer(),
        fc.record({
          strength: fc.double({ min: 0, max: 1, noNaN: true }),
          shift: fc.double({ min: 0, max: 1, noNaN: true }),
          scale: fc.double({ min: 0, max: 1, noNaN: true }),
          rotate: fc.double({ min: 0, max: 180, noNaN: true }),
          flip: fc.boolean(),
          colour: fc.constant(0),
          hue: fc.constant(0),
          erase: fc.constant(0),
        }),
        (size, seed, settings) => {
          const source = new Uint8Array(size * size * 3);
          for (let i = 0; i < source.length; i++) source[i] = 50 + ((i * 37) % 100);
          const before = source.slice();
          const target = view(settings, seed, source, size);
          expect(source).toEqual(before);
          // Bilinear samples lie within the range of the source.
          expect(Math.min(...target)).toBeGreaterThanOrEqual(Math.min(...source));
          expect(Math.max(...target)).toBeLessThanOrEqual(Math.max(...source));
        },
      ),
    );
  });

  it('does not wrap around at black and white', () => {
    const source = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => ((i / 3) % 2 < 1 ? 0 : 255));
    const target = new Uint8Array(source.length);
    // Brightness × 2, contrast × 2: the white pixels must stay white and the black ones black.
    augment(source, target, SIZE, { ...still, colour: 1 }, scripted([0.5, 0.5, 0.5, 0.5, 0.9, 1, 1, 0.5]));
    expect(target).toEqual(source);
  });

  it('refuses pictures of another size', () => {
    expect(() => augment(new Uint8Array(3), new Uint8Array(12), 2, full, Random.seeded(1))).toThrow(/edge 2 has 12/);
  });
});
