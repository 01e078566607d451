import { Random } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { Arena } from './arena.ts';
import { blur } from './blur.ts';
import { gradientsOf } from './gradients.ts';
import { type Plane, plane } from './plane.ts';

function noise(width: number, height: number): Plane {
  const random = Random.seeded(width * 1000 + height);
  const picture = plane(width, height);
  for (let i = 0; i < picture.data.length; i++) picture.data[i] = random.uniform(0, 255);
  return picture;
}

const mirrored = (at: number, length: number): number => {
  const period = Math.max(1, 2 * (length - 1));
  const i = ((at % period) + period) % period;
  return i < length ? i : period - i;
};

/** One pixel by the definition, in float64. */
function reference({ width, height, data }: Plane, deviation: number, x: number, y: number): number {
  const radius = Math.round(deviation * 8 + 1) >> 1;
  const weight = (i: number): number => Math.exp(-(i * i) / (2 * deviation * deviation));
  let [sum, total] = [0, 0];
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const w = weight(dx) * weight(dy);
      total += w;
      sum += w * (data[mirrored(y + dy, height) * width + mirrored(x + dx, width)] as number);
    }
  }
  return sum / total;
}

it.each([
  [1, 1],
  [2, 1],
  [3, 7],
  [15, 16],
  [17, 40],
  [100, 33],
  // More rows than a band.
  [16_500, 150],
])('blurs %i×%i pixels as the definition says, up to the border', (width, height) => {
  const picture = noise(width, height);
  const random = Random.seeded(9);
  for (const deviation of [1.2, 3.1]) {
    const arena = new Arena(width, height, 3);
    const [, target, next] = arena.planes;
    if (target === undefined || next === undefined) throw new Error('no plane');
    next.data.fill(-1);
    blur(picture, deviation, target, arena);
    // What lies behind the target is not written to.
    expect(next.data.every((value) => value === -1)).toBe(true);
    for (let i = 0; i < 60; i++) {
      const [x, y] = [random.integer(width), random.integer(height)];
      expect(target.data[y * target.stride + x]).toBeCloseTo(reference(picture, deviation, x, y), 3);
    }
  }
});

it('gradients are central differences, their direction atan2 from 0 to 2π, to 2·10⁻⁵', () => {
  const [width, height] = [37, 21];
  const picture = noise(width, height);
  const arena = new Arena(width, height, 1);
  const target = arena.planes[0];
  if (target === undefined) throw new Error('no plane');
  for (let y = 0; y < height; y++) {
    // Flat places have no direction, and must not divide by zero.
    const row =
      y === 7 || y === 8 || y === 9 ? new Float32Array(width) : picture.data.subarray(y * width, (y + 1) * width);
    target.data.set(row, y * target.stride);
  }
  const { stride, ...found } = gradientsOf(target, arena);
  const [lengths, directions] = [found.lengths.data, found.directions.data];
  const at = (x: number, y: number): number => target.data[y * stride + x] as number;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const [dx, dy] = [at(x + 1, y) - at(x - 1, y), at(x, y - 1) - at(x, y + 1)];
      expect(lengths[y * stride + x]).toBeCloseTo(Math.hypot(dx, dy), 3);
      const direction = directions[y * stride + x] as number;
      const turn = Math.abs(direction - Math.atan2(dy, dx)) % (2 * Math.PI);
      expect(Math.min(turn, 2 * Math.PI - turn)).toBeLessThan(2e-5);
      expect(direction >= 0 && direction < 6.2832).toBe(true);
    }
  }
});
