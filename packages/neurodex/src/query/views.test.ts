import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { type AugmentSettings, drawView, renderView, type View } from './augment.ts';

const none: View = {
  xx: 1,
  xy: 0,
  cosine: 1,
  sine: 0,
  originX: 0,
  originY: 0,
  brightness: 1,
  contrast: 1,
  saturation: 1,
  turn: 0,
  erasure: null,
};
const full: AugmentSettings = {
  strength: 0.5,
  shift: 0.2,
  scale: 0.4,
  rotate: 30,
  flip: true,
  colour: 0.4,
  hue: 40,
  erase: 1,
};

/** A Random that gives these numbers in [0, 1) one after the other, then halves; whole numbers in the same way. */
function scripted(draws: readonly number[]): Random {
  let at = 0;
  const next = () => draws[at++] ?? 0.5;
  return {
    uniform: (low = 0, high = 1) => low + (high - low) * next(),
    integer: (n: number) => Math.floor(n * next()),
    uint32: () => 0,
    state: [1, 2, 3, 4],
  } as unknown as Random;
}
// Order of the draws: rotation, zoom, shift x, shift y, mirror, brightness, contrast, saturation, hue, erase; of a rectangle
// its area, aspect, left, top, and noise or grey.

describe('a view that is drawn', () => {
  it('is none at strength 0, for which nothing is drawn', () => {
    const random = Random.seeded(1);
    const before = random.state;
    expect(drawView(9, { ...full, strength: 0 }, random)).toBeNull();
    expect(random.state).toEqual(before);
  });

  it('has half of every range at strength ½', () => {
    const view = drawView(11, full, scripted([1, 1, 1, 0.75, 0.4, 1, 0, 0.75, 1, 0.6]));
    const [angle, zoom] = [(15 * Math.PI) / 180, 1.2];
    // 10 % of 11 pixels to the right, half of that downwards; mirrored.
    const [centre, right, down] = [5, 1.1, 0.55];
    const [cosine, sine] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
    expect(view?.xx).toBeCloseTo(-cosine, 12);
    expect(view?.xy).toBeCloseTo(-sine, 12);
    expect(view?.cosine).toBeCloseTo(cosine, 12);
    expect(view?.sine).toBeCloseTo(sine, 12);
    // The shifted centre is taken from the centre.
    const from = (x: number, y: number) => [
      (view?.xx as number) * x + (view?.xy as number) * y + (view?.originX as number),
      -(view?.sine as number) * x + (view?.cosine as number) * y + (view?.originY as number),
    ];
    for (const coordinate of from(centre + right, centre + down)) expect(coordinate).toBeCloseTo(centre, 12);
    expect([view?.brightness, view?.contrast, view?.saturation]).toEqual([1.2, 0.8, 1.1]);
    expect(view?.turn).toBeCloseTo((20 * Math.PI) / 180, 12);
    // The draw of 0.6 is above half the probability of 1.
    expect(view?.erasure).toBeNull();
  });

  it('is mirrored below ½ and erased below its probability, where that is asked for', () => {
    const mirrored = (draw: number, flip: boolean) => {
      const view = drawView(4, { ...full, flip, rotate: 0 }, scripted([0.5, 0.5, 0.5, 0.5, draw]));
      return (view as View).xx < 0;
    };
    expect([mirrored(0.49, true), mirrored(0.5, true), mirrored(0.1, false)]).toEqual([true, false, false]);
    const erased = (draw: number) =>
      drawView(4, full, scripted([...Array<number>(9).fill(0.5), draw]))?.erasure !== null;
    expect([erased(0.49), erased(0.5)]).toEqual([true, false]);
  });

  const rectangle = (size: number, ...draws: number[]) =>
    drawView(size, { ...full, strength: 1 }, scripted([...Array<number>(9).fill(0.5), 0, ...draws]))?.erasure;

  it('blanks out a rectangle of 2 to 20 % with an aspect of ⅓ to 3', () => {
    // 2 % of 100 × 100 at aspect 1: 14.1 × 14.1; of 87 places the one at 0.99 is the last.
    expect(rectangle(100, 0, 0.5, 0, 0.999, 0.5)).toEqual({ left: 0, top: 86, width: 14, height: 14, noise: null });
    // 20 % at aspect 3: √6000 × √(2000 / 3).
    expect(rectangle(100, 1, 1, 0.999, 0, 0.5)).toEqual({ left: 23, top: 0, width: 77, height: 26, noise: null });
    expect(rectangle(100, 1, 0, 0, 0, 0.5)).toEqual({ left: 0, top: 0, width: 26, height: 77, noise: null });
    expect(rectangle(100, 0, 0.5, 0, 0, 0.49)?.noise).toEqual([1, 2, 3, 4]);
  });

  it('blanks out at least a pixel, and no more than there are', () => {
    expect(rectangle(1, 0, 0.5, 0.5, 0.5, 0.5)).toEqual({ left: 0, top: 0, width: 1, height: 1, noise: null });
    // 2 % of 3 × 3 at aspect ⅓ would be less than half a pixel wide.
    expect(rectangle(3, 0, 0, 0, 0, 0.5)).toMatchObject({ width: 1, height: 1 });
    expect(rectangle(3, 0, 1, 0, 0, 0.5)).toMatchObject({ width: 1, height: 1 });
  });

  it('draws the noise of its rectangle, so that what follows is drawn behind it', () => {
    const settings: AugmentSettings = { ...full, strength: 1, erase: 1 };
    for (let seed = 0; seed < 20; seed++) {
      const random = Random.seeded(seed);
      const erasure = drawView(20, settings, random)?.erasure;
      if (erasure === null || erasure === undefined || erasure.noise === null) continue;
      const noise = Random.restore(erasure.noise);
      for (let i = 0; i < erasure.width * erasure.height; i++) noise.uint32();
      expect(random.state).toEqual(noise.state);
      return;
    }
    throw new Error('no view has noise');
  });
});

const SIZE = 7;
const source = new Uint8Array(SIZE * SIZE * 3);
Random.seeded(3).fillBytes(source);
const rendered = (changes: Partial<View>): Uint8Array => {
  const target = new Uint8Array(source.length);
  renderView(source, target, SIZE, { ...none, ...changes });
  return target;
};
const at = (x: number, y: number, channel: number) => source[(y * SIZE + x) * 3 + channel] as number;
const clamped = (value: number, most: number) => Math.min(Math.max(value, 0), most);
const luma = ([r, g, b]: readonly number[]) => (77 * (r as number) + 150 * (g as number) + 29 * (b as number)) / 256;
const channels = [0, 1, 2];

/** Each pixel by its definition, before it is rounded. */
const plainly = (of: (x: number, y: number) => number[]): number[] =>
  Array.from({ length: SIZE * SIZE }, (_, i) => of(i % SIZE, Math.floor(i / SIZE))).flat();
const compare = (found: Uint8Array, expected: readonly number[]) => {
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((found[i] as number) - clamped(value, 255))).toBeLessThanOrEqual(0.5 + 1e-6);
  }
};

describe('a view that is rendered', () => {
  it('is sampled bilinearly, and clamped to the edge', () => {
    const map = { xx: 0.8, xy: -0.5, sine: -0.3, cosine: 1.1, originX: 0.7, originY: -1.3 };
    const sampled = (x: number, y: number) => {
      const [fromX, fromY] = [
        clamped(map.xx * x + map.xy * y + map.originX, SIZE - 1),
        clamped(-map.sine * x + map.cosine * y + map.originY, SIZE - 1),
      ];
      return channels.map((channel) => {
        let sum = 0;
        for (let row = 0; row < SIZE; row++) {
          for (let column = 0; column < SIZE; column++) {
            // The weight of a pixel falls to 0 at a distance of one.
            const weight = Math.max(0, 1 - Math.abs(column - fromX)) * Math.max(0, 1 - Math.abs(row - fromY));
            sum += weight * at(column, row, channel);
          }
        }
        return sum;
      });
    };
    compare(rendered(map), plainly(sampled));
  });

  it('has its colours changed: saturation, then contrast about the mean luma, then brightness', () => {
    const mean = plainly((x, y) => [luma(channels.map((c) => at(x, y, c)))]).reduce((a, b) => a + b, 0) / SIZE ** 2;
    const [brightness, contrast, saturation] = [0.9, 0.7, 0.6];
    const changed = (x: number, y: number) => {
      const own = channels.map((channel) => at(x, y, channel));
      const grey = luma(own);
      return own.map((value) => brightness * (contrast * (grey + saturation * (value - grey) - mean) + mean));
    };
    compare(rendered({ brightness, contrast, saturation }), plainly(changed));
  });

  it('has its hues turned: a rotation about the grey axis (Rodrigues)', () => {
    const turn = 0.7;
    const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
    const turned = (x: number, y: number) => {
      const [r, g, b] = channels.map((channel) => at(x, y, channel)) as [number, number, number];
      const along = (r + g + b) / 3;
      // k × v for k = (1, 1, 1)/√3.
      const cross = [b - g, r - b, g - r].map((value) => value / Math.sqrt(3));
      return [r, g, b].map((value, c) => value * cosine + (cross[c] as number) * sine + along * (1 - cosine));
    };
    compare(rendered({ turn }), plainly(turned));
  });

  it('has a rectangle of the mean luma, or of noise', () => {
    const box = { left: 1, top: 2, width: 3, height: 4 };
    const inside = (x: number, y: number) => x >= 1 && x < 4 && y >= 2 && y < 6;
    const mean = plainly((x, y) => [luma(channels.map((c) => at(x, y, c)))]).reduce((a, b) => a + b, 0) / SIZE ** 2;
    const own = (x: number, y: number) => channels.map((channel) => at(x, y, channel));
    const grey = plainly((x, y) => (inside(x, y) ? Array(3).fill(Math.floor(mean)) : own(x, y)));
    expect([...rendered({ erasure: { ...box, noise: null } })]).toEqual(grey);
    const { state } = Random.seeded(5);
    const random = Random.seeded(5);
    const noisy = plainly((x, y) => {
      if (!inside(x, y)) return own(x, y);
      const word = random.uint32();
      return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255];
    });
    expect([...rendered({ erasure: { ...box, noise: state } })]).toEqual(noisy);
  });

  it('is written where the target lies, and needs source and target of the same size', () => {
    const memory = new Uint8Array(3 * source.length);
    renderView(source, memory.subarray(source.length, 2 * source.length), SIZE, none);
    expect(memory.subarray(source.length, 2 * source.length)).toEqual(source);
    expect(memory.subarray(0, source.length).some((value) => value !== 0)).toBe(false);
    expect(() => renderView(source, new Uint8Array(3), SIZE, none)).toThrow(RangeError);
    expect(() => renderView(new Uint8Array(3), new Uint8Array(source.length), SIZE, null)).toThrow(RangeError);
  });
});
