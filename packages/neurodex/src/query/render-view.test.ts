import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { renderView, type View } from './augment.ts';

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
