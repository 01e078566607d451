import { Random } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { blurred } from './blur.ts';
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
    const { data } = blurred(picture, deviation);
    expect(data).toHaveLength(width * height);
    for (let i = 0; i < 60; i++) {
      const [x, y] = [random.integer(width), random.integer(height)];
      expect(data[y * width + x]).toBeCloseTo(reference(picture, deviation, x, y), 3);
    }
  }
});
