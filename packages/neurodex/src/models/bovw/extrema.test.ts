import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { Arena } from './arena.ts';
import { findExtrema } from './extrema.ts';
import { HistogramCounter } from './histogram.ts';
import { orientations } from './orientation.ts';
import { SIFT_DEFAULTS, type SiftParameters } from './parameters.ts';
import type { Octave } from './pyramid.ts';

interface Peak {
  readonly x?: number;
  readonly y?: number;
  readonly layer?: number;
  /** 0 … 1 at the peak. */
  readonly height?: number;
  /** How fast it falls along x, y and scale, and the mixed terms of the quadratic form. */
  readonly fall?: readonly [xx: number, yy: number, ss: number, xy: number, xs: number, ys: number];
}
const [WIDTH, HEIGHT] = [30, 24];

function arenaOf(width: number, height: number, count: number): Arena {
  const [arena] = Arena.layOut([{ width, height, count, kept: count, reach: 13 }]);
  if (arena === undefined) throw new Error('no arena');
  return arena;
}

/** An octave whose differences are one quadratic function, for which the fit of a quadratic is exact. */
function octaveOf({ x = 12, y = 11, layer = 2, height = 0.5, fall = [0.02, 0.02, 0.05, 0, 0, 0] }: Peak): Octave {
  const arena = arenaOf(WIDTH, HEIGHT, 5);
  const [xx, yy, ss, xy, xs, ys] = fall;
  arena.planes.forEach(({ data, stride }, l) => {
    data.fill(0);
    for (let row = 0; row < HEIGHT; row++) {
      for (let column = 0; column < WIDTH; column++) {
        const [dx, dy, dl] = [column - x, row - y, l - layer];
        const form = xx * dx * dx + yy * dy * dy + ss * dl * dl + xy * dx * dy + xs * dx * dl + ys * dy * dl;
        data[row * stride + column] = 255 * (height - Math.sign(height) * form);
      }
    }
  });
  return { gaussians: [], differences: arena.planes, arena, pixel: 1 };
}
const extremaOf = (peak: Peak, parameters: Partial<SiftParameters> = {}) => [
  ...findExtrema(octaveOf(peak), { ...SIFT_DEFAULTS, ...parameters }),
];

describe('an extremum of a quadratic function', () => {
  it.each<Peak>([
    {},
    { height: -0.5 },
    { x: 12.3, y: 10.8, layer: 1.7 },
    { x: 11.6, y: 11.4, layer: 2.2, fall: [0.02, 0.03, 0.05, 0.01, -0.012, 0.02] },
    { x: 12.4, y: 11.3, layer: 2.4, height: -0.6, fall: [0.04, 0.02, 0.03, -0.015, 0.02, 0.01] },
    { x: 20.2, y: 7.1, layer: 3.1 },
  ])('is where the function has it: %j', (peak) => {
    const { x = 12, y = 11, layer = 2, height = 0.5 } = peak;
    const found = extremaOf(peak);
    expect(found).toHaveLength(1);
    const [at] = found;
    expect(at?.x).toBeCloseTo(x, 3);
    expect(at?.y).toBeCloseTo(y, 3);
    expect(at?.response).toBeCloseTo(Math.abs(height), 4);
    expect(at?.scale).toBeCloseTo(1.6 * 2 ** (layer / 3), 3);
    expect(at).toMatchObject({ column: Math.round(x), row: Math.round(y), layer: Math.round(layer) });
  });

  it('counts from its contrast on', () => {
    const contrast = (height: number) => extremaOf({ height }, { contrastThreshold: 0.3, octaveLayers: 3 }).length;
    // 0.3 over 3 layers.
    expect([0.099, 0.101, -0.101, -0.099].map(contrast)).toEqual([0, 1, 1, 0]);
  });

  it('does not count on an edge, where one curvature is ten times the other or more', () => {
    const along = (ratio: number, edgeThreshold = 10) =>
      extremaOf({ fall: [0.002, 0.002 * ratio, 0.05, 0, 0, 0] }, { edgeThreshold }).length;
    expect([1, 9.9, 10.1].map((ratio) => along(ratio))).toEqual([1, 1, 0]);
    expect([3.9, 4.1].map((ratio) => along(ratio, 4))).toEqual([1, 0]);
    // A ridge that is turned by 45 degrees: curvatures 0.02 ± 0.0175.
    expect(extremaOf({ fall: [0.02, 0.02, 0.05, 0.035, 0, 0] })).toHaveLength(0);
    expect(extremaOf({ fall: [0.02, 0.02, 0.05, 0.03, 0, 0] })).toHaveLength(1);
  });

  it('counts five pixels from the border and in the layers between, and nowhere else', () => {
    const at = (peak: Peak) => extremaOf(peak).length;
    expect([4, 5, WIDTH - 6, WIDTH - 5].map((x) => at({ x }))).toEqual([0, 1, 1, 0]);
    expect([4, 5, HEIGHT - 6, HEIGHT - 5].map((y) => at({ y }))).toEqual([0, 1, 1, 0]);
    expect([0, 1, 3, 4].map((layer) => at({ layer }))).toEqual([0, 1, 1, 0]);
    const small = arenaOf(10, 30, 5);
    const octave = { gaussians: [], differences: small.planes, arena: small, pixel: 1 };
    expect([...findExtrema(octave, SIFT_DEFAULTS)]).toEqual([]);
  });
});

describe('the orientations of a point', () => {
  const [width, height] = [31, 33];
  const point = { layer: 1, column: 15, row: 16, x: 15, y: 16, scale: 1.4, response: 1 };
  /** @param length of a gradient at a pixel, and its direction in bins of ten degrees */
  const found = (
    gradient: (dx: number, dy: number) => readonly [length: number, bin: number],
    changes: object = {},
  ) => {
    const arena = arenaOf(width, height, 1);
    const { lengths, directions } = arena;
    const { stride } = lengths;
    const at = { ...point, ...changes };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [length, bin] = gradient(x - at.column, y - at.row);
        lengths.data[y * stride + x] = length;
        directions.data[y * stride + x] = (bin * 2 * Math.PI) / 36;
      }
    }
    return orientations(at, { width, height, stride, lengths, directions, arena }).map(
      (x) => Math.round(x * 1e3) / 1e3,
    );
  };

  it.each([
    [0, 0],
    [35.7, 0],
    [1, 350],
    [9.4, 270],
    [34.6, 10],
    [18, 180],
  ])('are their one direction, turned about: bin %d is %d degrees', (bin, degrees) => {
    expect(found(() => [1, bin])).toEqual([degrees]);
  });

  it('are all directions of four fifths of the highest, in order of their bins', () => {
    const halves = (below: number) => found((_, dy) => (dy === 0 ? [0, 0] : dy < 0 ? [1, 9] : [below, 27]));
    expect(halves(0.79)).toEqual([270]);
    expect(halves(0.81)).toEqual([270, 90]);
    expect(halves(1)).toEqual([270, 90]);
    expect(halves(1.3)).toEqual([90]);
  });

  it('lie between bins where the neighbours differ', () => {
    // Weights w and w/2 in bins 9 and 10, by rows above and below: after smoothing (1 4 6 4 1) bins 8, 9, 10 have
    // 4.5, 8, 7 parts of 16, and the peak of the parabola is (4.5 − 7)/(2·(4.5 − 16 + 7)) = 0.2778 bins further.
    const [angle] = found((_, dy) => (dy === 0 ? [0, 0] : dy < 0 ? [1, 9] : [0.5, 10]));
    expect(angle).toBeCloseTo(360 - 10 * (9 + 2.5 / 9), 2);
  });

  it('come from a window of four and a half scales, and not from the border', () => {
    // 1.4 · 4.5 = 6.3.
    const one = (x: number, y: number, changes: object = {}) =>
      found((dx, dy) => (dx === x && dy === y ? [1, 9] : [0, 0]), changes).length;
    expect([6, 7, -6, -7].map((x) => one(x, 0))).toEqual([1, 0, 1, 0]);
    expect([6, 7, -6, -7].map((y) => one(2, y))).toEqual([1, 0, 1, 0]);
    const left = { column: 3, row: 4 };
    expect([-2, -3].map((x) => one(x, 0, left))).toEqual([1, 0]);
    expect([-3, -4].map((y) => one(0, y, left))).toEqual([1, 0]);
    const right = { column: width - 4, row: height - 5 };
    expect([2, 3].map((x) => one(x, 0, right))).toEqual([1, 0]);
    expect([3, 4].map((y) => one(0, y, right))).toEqual([1, 0]);
  });

  it('count with a Gaussian of one and a half scales', () => {
    // One pixel 4 away against one in the middle: exp(−16/(2·2.1²)) = 0.163.
    const pair = (far: number) =>
      found((dx, dy) => (dx === 0 && dy === 0 ? [1, 9] : dx === 4 && dy === 0 ? [far, 27] : [0, 0]));
    expect(pair(0.78 / 0.163)).toEqual([270]);
    expect(pair(0.82 / 0.163)).toEqual([270, 90]);
  });
});

it.each([
  [1, 1],
  [30, 24],
  [300, 200],
  [16_500, 150],
])('an arena of %i×%i pixels has room for everything, one after another', (width, height) => {
  const arena = arenaOf(width, height, 3);
  const { planes, lengths, directions, weights, histogram, window, scratch, lines, reach } = arena;
  const { stride } = lengths;
  const buffer = lengths.data.buffer.byteLength;
  // Planes have rows above and below, lines pixels before and behind.
  const around = [...planes.map((plane) => [plane, 4 * reach * stride] as const), [lines, 4 * reach] as const];
  const alone = [lengths, directions, weights, histogram, window, scratch].map((plane) => [plane, 0] as const);
  const parts = [...around, ...alone]
    .map(([{ address, data }, margin]) => [address - margin, address + data.byteLength + margin] as const)
    .concat([[arena.numbers.byteOffset, arena.numbers.byteOffset + arena.numbers.byteLength]])
    .sort(([a], [b]) => a - b);
  parts.forEach(([from, to], i) => {
    expect(from).toBeGreaterThanOrEqual(i === 0 ? 4096 : (parts[i - 1]?.[1] ?? 0));
    expect(from % 4).toBe(0);
    expect(to).toBeGreaterThan(from);
  });
  expect(parts.at(-1)?.[1]).toBeLessThanOrEqual(buffer - 4096);
  expect(planes).toHaveLength(3);
  expect([stride >= width, lengths.data.length, arena.numbers.length]).toEqual([
    true,
    stride * height,
    stride * height,
  ]);
  // An odd number of cache lines.
  expect((stride / 16) % 2).toBe(1);
  expect(window.data.length).toBeGreaterThanOrEqual(2 * Math.hypot(width, height) + 1);
  expect(lines.stride).toBeGreaterThanOrEqual(width + 2 * reach);
  // Five by five places, eight and one directions, two vectors; twice, and what lies behind the last row.
  expect(histogram.data.byteLength).toBeGreaterThanOrEqual(2 * 6 * 5 * 9 * 32);
  expect(scratch.data.length).toBeGreaterThanOrEqual(160);
});

it('arenas of the same sizes are the same, and an octave leaves alone what it is made from', () => {
  const shape = { width: 40, height: 30, count: 4, kept: 3, reach: 4 };
  const shapes = [shape, { ...shape, width: 20, height: 15 }];
  const [first, second] = Arena.layOut(shapes);
  expect(Arena.layOut([...shapes])[1]).toBe(second);
  for (const { data } of first?.planes ?? []) data.fill(1);
  const rows = (second?.planes[0]?.address ?? 0) - 4 * 4 * (second?.lengths.stride ?? 0);
  // Four rows of a margin above, and below the third plane of the first.
  const kept = first?.planes[2];
  expect(rows).toBe((kept?.address ?? 0) + 4 * (kept?.stride ?? 0) * (30 + 4));
  for (const { data } of second?.planes ?? []) data.fill(2);
  second?.lengths.data.fill(2);
  expect(first?.planes.map(({ data }) => data.every((value) => value === 1))).toEqual([true, true, true, false]);
  Arena.layOut([{ ...shape, width: 4000, height: 3000 }]);
  // The memory has grown, and views of the one before are empty.
  expect(first?.planes[0]?.data).toHaveLength(0);
  expect(Arena.layOut(shapes)[0]?.planes[0]?.data.length).toBeGreaterThanOrEqual(40 * 30);
});

it.each([0, 1, 63, 64, 65, 512, 513, 8192, 8193])('words are counted picture by picture: %i descriptors', async (n) => {
  const words = new Float32Array(3 * 128);
  words.fill(100, 128, 256);
  words.fill(200, 256);
  const counter = new HistogramCounter(nodeRuntime({ threads: 1 }), { words, size: 3, rootSift: false });
  const descriptors = Uint8Array.from({ length: n * 128 }, (_, at) => 100 * (Math.floor(at / 128) % 3));
  const first = Math.floor(n / 3);
  const histograms = [...(await counter.count(descriptors, [first, 0, n - first]))];
  const countOf = (from: number, to: number) => {
    const counts = [0, 0, 0];
    for (let i = from; i < to; i++) counts[i % 3] = (counts[i % 3] ?? 0) + 1;
    return counts;
  };
  expect(histograms).toEqual([...countOf(0, first), 0, 0, 0, ...countOf(first, n)]);
  await counter.release();
});
