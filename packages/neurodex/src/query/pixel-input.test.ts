import {
  float32,
  initialParameters,
  loadable,
  openParameters,
  parameterCount,
  Random,
  trace,
  uint8,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { asQueries } from '../systems/queries.fixture.ts';
import type { InputGeometry } from './model-input.ts';
import { pixelInput } from './pixel-input.ts';

/** Two by two patches of 4×4 pixels: both stems have more than one tile, window and neighbour. */
const geometry: InputGeometry = {
  input: 'pixels',
  imageSize: 8,
  patchSize: 4,
  stem: 'linear',
  sequenceLength: 4,
  width: 6,
};
const convolutional: InputGeometry = { ...geometry, stem: 'convolutional' };
const windows: InputGeometry = { ...geometry, stem: 'windows' };
/** One patch of 8×8 pixels, with four by four windows. */
const smallWindows: InputGeometry = { ...windows, patchSize: 8, windows: 4, sequenceLength: 1 };
const largeWindows: InputGeometry = { ...windows, windows: 1 };

describe('sizes', () => {
  it.each([
    [{}, true],
    [{ sequenceLength: 5 }, false],
    [{ patchSize: 3, sequenceLength: 4 }, false],
    [{ imageSize: 9, patchSize: 3, sequenceLength: 9 }, true],
    [{ imageSize: 9, patchSize: 3, sequenceLength: 9, stem: 'convolutional' }, false],
    [{ stem: 'convolutional' }, true],
    [{ stem: 'windows' }, true],
    [{ stem: 'windows', width: 5 }, false],
    [{ stem: 'windows', windows: 1 }, true],
    [{ stem: 'windows', windows: 4 }, false],
    [{ stem: 'windows', windows: 4, patchSize: 8, sequenceLength: 1 }, true],
    [{ stem: 'convolutional', width: 5 }, false],
    [{ width: 5 }, true],
    [{ channels: 3 }, false],
  ] as const)('with %j fit: %s', (changes, sound) => {
    expect(pixelInput.isSound({ ...geometry, ...changes })).toBe(sound);
  });

  it('are those of the pictures, and need no encoder', () => {
    expect(pixelInput.needsBackbone).toBe(false);
    expect(pixelInput.type(geometry, 3)).toEqual(uint8(3, 8, 8, 3));
  });
});

type Grid = number[][][];
const gelu = (x: number): number => {
  // erf by its series; what it is given here is small.
  const z = x / Math.SQRT2;
  let [term, sum] = [z, z];
  for (let n = 1; n < 100; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return (x / 2) * (1 + (2 / Math.sqrt(Math.PI)) * sum);
};
/** Positions (y, x) of a grid, each a vector. */
const grid = (edge: number, at: (y: number, x: number) => number[]): Grid =>
  Array.from({ length: edge }, (_, y) => Array.from({ length: edge }, (_, x) => at(y, x)));

describe.each([geometry, windows, smallWindows, largeWindows, convolutional])(
  'patches ($stem, windows $windows)',
  (own) => {
    const { patchSize, windows: count = 2 } = own;
    const [patches, stride] = [8 / patchSize, patchSize / count];
    const specs = pixelInput.parameters(own);
    const random = Random.seeded(1);
    const flat = initialParameters(specs, random).map((value) => value + 0.1 * random.normal());
    let start = 0;
    const weights = new Map<string, Float32Array>();
    for (const [name, { shape }] of Object.entries(specs)) {
      const count = shape.reduce((product, size) => product * size, 1);
      weights.set(name, flat.subarray(start, start + count));
      start += count;
    }
    const linear = (row: readonly number[], name: string): number[] => {
      const [matrix, bias] = [weights.get(`${name}.weight`), weights.get(`${name}.bias`)] as [
        Float32Array,
        Float32Array,
      ];
      return Array.from(bias, (b, j) =>
        row.reduce((sum, x, i) => sum + x * (matrix[i * bias.length + j] as number), b),
      );
    };
    const pictures = new Uint8Array(2 * 8 * 8 * 3);
    random.fillBytes(pictures);
    /** A pixel of picture b, −1 … 1; beyond its edge it is black. */
    const pixel = (b: number, y: number, x: number, channel: number): number =>
      y < 0 || x < 0 || y > 7 || x > 7
        ? -1
        : ((pictures[((b * 8 + y) * 8 + x) * 3 + channel] as number) - 127.5) / 127.5;
    /** A tile of pixels as a convolution's kernel has them: channel, row, column. */
    const tile = (b: number, top: number, left: number, edge: number): number[] =>
      Array.from({ length: 3 * edge * edge }, (_, i) =>
        pixel(b, top + (Math.floor(i / edge) % edge), left + (i % edge), Math.floor(i / edge / edge)),
      );

    function plain(b: number): number[][] {
      if (own.stem === 'linear') return grid(2, (y, x) => linear(tile(b, 4 * y, 4 * x, 4), 'patch')).flat();
      // Windows that move by half their edge and begin half a step outside, as four tiles.
      const first = grid(8 / stride, (y, x) => {
        const [top, left] = [stride * y - stride / 2, stride * x - stride / 2];
        const corners = [0, stride].flatMap((dy) => [0, stride].map((dx) => tile(b, top + dy, left + dx, stride)));
        return linear(corners.flat(), 'stem').map(gelu);
      });
      // A residual 3×3 convolution, zeros beyond the edge.
      const second =
        own.stem === 'windows'
          ? first
          : grid(4, (y, x) => {
              const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => first[y + dy]?.[x + dx] ?? [0, 0, 0]));
              const own = linear(around.flat(), 'stem.block0').map(gelu);
              return own.map((value, c) => value + (first[y]?.[x]?.[c] as number));
            });
      const places = Array.from({ length: count }, (_, i) => i);
      return grid(patches, (y, x) =>
        linear(
          places.flatMap((dy) => places.flatMap((dx) => second[count * y + dy]?.[count * x + dx] as number[])),
          'patch',
        ),
      ).flat();
    }

    it('are what the stem makes of pixels, written plainly', async () => {
      const graph = trace({ parameters: float32(parameterCount(specs)), pictures: uint8(2, 8, 8, 3) }, (tensors) => ({
        out: pixelInput.embed(openParameters(specs, tensors.parameters), tensors.pictures, own),
      }));
      const session = await nodeRuntime({ threads: 1 }).load(loadable(graph));
      const { out } = await session.run({ parameters: flat, pictures });
      await session.release();
      const expected = [plain(0), plain(1)];
      expect(out).toHaveLength(patches ** 2 * 2 * 6);
      for (let patch = 0; patch < patches ** 2; patch++) {
        for (const b of [0, 1]) {
          for (let d = 0; d < 6; d++) {
            expect(out?.[(patch * 2 + b) * 6 + d]).toBeCloseTo(expected[b]?.[patch]?.[d] as number, 4);
          }
        }
      }
    });
  },
);

it('feeds pictures one after another; a batch that is not full ends in black ones', async () => {
  const pictures = new Uint8Array(2 * 192);
  Random.seeded(2).fillBytes(pictures);
  const fed = await pixelInput.feed(asQueries(pictures, 192), 3, geometry, undefined);
  expect(fed).toEqual(Uint8Array.from([...pictures, ...new Uint8Array(192)]));
});
