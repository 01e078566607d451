import { Random } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { Arena, type ArenaPlane } from './arena.ts';
import { blur } from './blur.ts';
import { gradientsOf } from './gradients.ts';
import { type Plane, plane } from './plane.ts';

function noise(width: number, height: number): Plane {
  const random = Random.seeded(width * 1000 + height);
  const picture = plane(width, height);
  for (let i = 0; i < picture.data.length; i++) picture.data[i] = random.uniform(0, 255);
  return picture;
}

function arenaOf(width: number, height: number, count: number): Arena {
  const [arena] = Arena.layOut([{ width, height, count, kept: count, reach: 13 }]);
  if (arena === undefined) throw new Error('no arena');
  return arena;
}

function fill(target: ArenaPlane, { width, height, data }: Plane): void {
  for (let y = 0; y < height; y++) target.data.set(data.subarray(y * width, (y + 1) * width), y * target.stride);
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
  // Rows that no cache holds several of.
  [16_500, 150],
])('blurs %i×%i pixels as the definition says, up to the border', (width, height) => {
  const picture = noise(width, height);
  const random = Random.seeded(9);
  for (const deviation of [1.2, 3.1]) {
    const arena = arenaOf(width, height, 4);
    const [source, target, difference, next] = arena.planes;
    if (source === undefined || target === undefined || difference === undefined || next === undefined) {
      throw new Error('no plane');
    }
    fill(source, picture);
    next.data.fill(-1);
    arena.lengths.data.fill(-1);
    blur(source, deviation, target, arena, difference);
    // What lies behind the planes is not written to.
    expect(next.data.every((value) => value === -1)).toBe(true);
    expect(arena.lengths.data.every((value) => value === -1)).toBe(true);
    for (let i = 0; i < 60; i++) {
      const [x, y] = [random.integer(width), random.integer(height)];
      const at = y * target.stride + x;
      const expected = reference(picture, deviation, x, y);
      expect(target.data[at]).toBeCloseTo(expected, 3);
      expect(difference.data[at]).toBeCloseTo(expected - (picture.data[y * width + x] as number), 3);
    }
    // The source stays as it was, and without a plane for them no differences are written.
    difference.data.fill(-1);
    blur(source, deviation, target, arena);
    expect(difference.data.every((value) => value === -1)).toBe(true);
    expect(source.data[(height - 1) * source.stride + width - 1]).toBe(picture.data.at(-1));
  }
});

it('does not blur further than an arena has room for', () => {
  const arena = arenaOf(20, 20, 2);
  const [source, target] = arena.planes;
  if (source === undefined || target === undefined) throw new Error('no plane');
  expect(() => blur(source, 3.4, target, arena)).toThrow('a blur of 14 pixels in an arena for 13');
});

it.each([
  ['everywhere', [{ column: 20, row: 10, radius: 40 }]],
  [
    'around some points',
    [
      { column: 3, row: 2, radius: 5 },
      { column: 33, row: 18, radius: 6 },
      { column: 16, row: 8, radius: 0 },
      { column: 15, row: 15, radius: 1 },
    ],
  ],
])('gradients are central differences, their direction atan2 from 0 to 2π, to 2·10⁻⁵, %s', (_, places) => {
  const [width, height] = [37, 21];
  const picture = noise(width, height);
  const arena = arenaOf(width, height, 1);
  const [target] = arena.planes;
  if (target === undefined) throw new Error('no plane');
  fill(target, picture);
  // Flat places have no direction, and must not divide by zero.
  for (const y of [7, 8, 9]) target.data.fill(0, y * target.stride, y * target.stride + width);
  const { stride, ...found } = gradientsOf(target, arena, places);
  const [lengths, directions] = [found.lengths.data, found.directions.data];
  const at = (x: number, y: number): number => target.data[y * stride + x] as number;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const asked = ({ column, row, radius }: (typeof places)[number]) =>
        Math.max(Math.abs(x - column), Math.abs(y - row)) <= radius;
      if (!places.some(asked)) continue;
      const [dx, dy] = [at(x + 1, y) - at(x - 1, y), at(x, y - 1) - at(x, y + 1)];
      expect(lengths[y * stride + x]).toBeCloseTo(Math.hypot(dx, dy), 3);
      const direction = directions[y * stride + x] as number;
      const turn = Math.abs(direction - Math.atan2(dy, dx)) % (2 * Math.PI);
      expect(Math.min(turn, 2 * Math.PI - turn)).toBeLessThan(2e-5);
      expect(direction >= 0 && direction < 6.2832).toBe(true);
    }
  }
});
