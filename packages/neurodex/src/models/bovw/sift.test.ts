import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { grayOf, type Plane, plane } from './plane.ts';
import { type Keypoint, rootSift, sift } from './sift.ts';

interface Golden {
  readonly keypoints: readonly { x: number; y: number; size: number; angle: number; response: number }[];
  readonly descriptors: readonly (readonly number[])[];
}

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

async function load(name: string): Promise<{ picture: Plane; golden: Golden }> {
  const { data, info } = await sharp(fixture(`${name}.png`))
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const picture = plane(info.width, info.height);
  for (let i = 0; i < picture.data.length; i++) picture.data[i] = data[i * info.channels] as number;
  return { picture, golden: JSON.parse(readFileSync(fixture(`${name}.json`), 'utf8')) as Golden };
}

const turn = (a: number, b: number): number => Math.abs(((a - b + 540) % 360) - 180);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.sqrt(Array.from(a as ArrayLike<number>).reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0));

describe.each(['china', 'flower', 'noise'])('SIFT on %s, against OpenCV', (name) => {
  it('finds the same keypoints, with the same orientations and descriptors', async () => {
    const { picture, golden } = await load(name);
    const ours = sift(picture);
    let [found, same] = [0, 0];
    golden.keypoints.forEach((theirs, i) => {
      const near = ours.filter(
        (point) =>
          Math.hypot(point.x - theirs.x, point.y - theirs.y) <= 0.002 &&
          Math.abs(point.size / theirs.size - 1) <= 0.0005 &&
          Math.abs(point.response / theirs.response - 1) <= 0.0001,
      );
      if (near.length === 0) return;
      found++;
      const descriptor = golden.descriptors[i] as readonly number[];
      const norm = distance(descriptor, new Uint8Array(descriptor.length));
      const agrees = (point: Keypoint) =>
        turn(point.angle, theirs.angle) <= 0.1 && distance(point.descriptor, descriptor) < 0.01 * norm;
      if (near.some(agrees)) same++;
    });
    const total = golden.keypoints.length;
    expect(found / total).toBeGreaterThanOrEqual(0.99);
    expect(same / found).toBeGreaterThanOrEqual(0.97);
    expect(Math.abs(ours.length / total - 1)).toBeLessThan(0.01);
  });
});

describe('SIFT', () => {
  it('gives its points in order of x, y, size and angle, each once', async () => {
    const points = sift((await load('noise')).picture).map(({ x, y, size, angle }) => [x, y, -size, angle]);
    const before = (a: readonly number[], b: readonly number[]) => {
      const differs = a.findIndex((value, i) => value !== b[i]);
      return differs >= 0 && (a[differs] as number) < (b[differs] as number);
    };
    expect(points.slice(1).every((point, i) => before(points[i] as number[], point))).toBe(true);
    // One place may have several orientations.
    expect(new Set(points.map(([x, y, size]) => `${x} ${y} ${size}`)).size).toBeLessThan(points.length);
  });

  it('finds nothing where there is nothing', async () => {
    expect(sift((await load('flat')).picture)).toEqual([]);
    expect(sift(plane(64, 64))).toEqual([]);
  });

  it('takes pictures of any size, even smaller than a descriptor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.integer(),
        (width, height, seed) => {
          const picture = plane(width, height);
          let state = seed >>> 0;
          for (let i = 0; i < picture.data.length; i++) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            picture.data[i] = state >>> 24;
          }
          for (const { x, y, size, angle, descriptor } of sift(picture)) {
            expect(x >= 0 && x < width && y >= 0 && y < height && size > 0).toBe(true);
            expect(angle >= 0 && angle < 360).toBe(true);
            expect(descriptor).toHaveLength(128);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('follows a picture that is turned by 90 degrees', async () => {
    const { picture } = await load('flower');
    const turned = plane(picture.height, picture.width);
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++)
        turned.data[x * turned.width + (picture.height - 1 - y)] = picture.data[y * picture.width + x] as number;
    }
    const [before, after] = [sift(picture), sift(turned)];
    const matched = before.filter(({ x, y, angle, descriptor }) =>
      after.some(
        (point) =>
          Math.hypot(point.x - (picture.height - 1 - y), point.y - x) < 1 &&
          turn(point.angle, angle + 90) < 10 &&
          distance(point.descriptor, descriptor) < 100,
      ),
    );
    expect(matched.length / before.length).toBeGreaterThan(0.85);
  });
});

it('turns colours to gray as ITU-R BT.601 does', () => {
  expect([...grayOf(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255), 2, 2).data]).toEqual([
    76, 150, 29, 255,
  ]);
});

it('RootSIFT has unit length and keeps the order of elements', () => {
  const descriptors = new Uint8Array(2 * 128);
  descriptors.set([0, 1, 4, 9]);
  const root = rootSift(descriptors);
  expect(Math.hypot(...root)).toBeCloseTo(1, 6);
  expect([...root.subarray(0, 4)].map((value) => value * Math.sqrt(14)).map(Math.round)).toEqual([0, 1, 2, 3]);
  expect(root.subarray(128).every((value) => value === 0)).toBe(true);
});
