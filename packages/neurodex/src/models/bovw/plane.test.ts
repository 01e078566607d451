import { describe, expect, it } from 'vitest';
import { Arena, type ArenaPlane } from './arena.ts';
import { grayOf, type Plane } from './plane.ts';
import { doubled, halved } from './resample.ts';

/** A picture whose rows lie farther apart than they are wide; what lies between them must not be read. */
function padded(rows: readonly (readonly number[])[]): Plane {
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  const stride = width + 3;
  const data = new Float32Array(height * stride).fill(1e6);
  rows.forEach((row, y) => {
    data.set(row, y * stride);
  });
  return { width, height, stride, data };
}

/** An arena with one plane of that size, whose memory holds something else yet. */
function arenaOf(width: number, height: number): { arena: Arena; plane: ArenaPlane } {
  const [arena] = Arena.layOut([{ width, height, count: 2, kept: 2, reach: 1 }]);
  const plane = arena?.planes[0];
  if (arena === undefined || plane === undefined) throw new Error('no arena');
  arena.lengths.data.fill(1e6);
  plane.data.fill(1e6);
  return { arena, plane };
}

function twice(picture: Plane): Plane {
  const { arena, plane } = arenaOf(2 * picture.width, 2 * picture.height);
  doubled(picture, plane, arena);
  return plane;
}

function half({ width, height, stride, data }: Plane): Plane {
  const shapes = [
    [width, height],
    [width >> 1, height >> 1],
  ].map(([w = 0, h = 0]) => ({ width: w, height: h, count: 1, kept: 1, reach: 1 }));
  const [source, target] = Arena.layOut(shapes).map(({ planes }) => planes[0]);
  if (source === undefined || target === undefined) throw new Error('no plane');
  for (let y = 0; y < height; y++) source.data.set(data.subarray(y * stride, y * stride + width), y * source.stride);
  halved(source, target);
  return target;
}

const rowsOf = ({ width, height, stride, data }: Plane) =>
  Array.from({ length: height }, (_, y) => [...data.subarray(y * stride, y * stride + width)]);

describe('grayOf', () => {
  it('is 0.299 R + 0.587 G + 0.114 B, rounded', () => {
    // 76.245, 149.685, 29.07, 255; then 0.299·10 + 0.587·20 + 0.114·30 = 18.15, and 0.587 → 1
    const pixels = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 20, 30, 0, 1, 0);
    const gray = grayOf(pixels, 3, 2);
    expect(gray).toMatchObject({ width: 3, height: 2, stride: 3 });
    expect(rowsOf(gray)).toEqual([
      [76, 150, 29],
      [255, 18, 1],
    ]);
  });
});

describe('doubled', () => {
  it('interpolates a quarter and three quarters of a pixel away, and repeats the borders', () => {
    // Along one line 0, 16 becomes 0, 4, 12, 16; here so in both directions.
    const target = twice(
      padded([
        [0, 16],
        [64, 80],
      ]),
    );
    expect(rowsOf(target)).toEqual([
      [0, 4, 12, 16],
      [16, 20, 28, 32],
      [48, 52, 60, 64],
      [64, 68, 76, 80],
    ]);
  });

  it('reads the middle of an odd number of rows and columns', () => {
    const target = twice(padded([[0], [16], [64]]));
    expect(rowsOf(target)).toEqual([0, 4, 12, 28, 52, 64].map((value) => [value, value]));
    const wide = twice(padded([[0, 16, 64]]));
    expect(rowsOf(wide)).toEqual([
      [0, 4, 12, 28, 52, 64],
      [0, 4, 12, 28, 52, 64],
    ]);
  });
});

describe('halved', () => {
  it('takes every second pixel of every second row, without an odd last row or column', () => {
    const rows = [
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
      [11, 12, 13, 14, 15],
      [16, 17, 18, 19, 20],
      [21, 22, 23, 24, 25],
    ];
    const even = [
      [1, 3],
      [11, 13],
    ];
    expect(rowsOf(half(padded(rows)))).toEqual(even);
    expect(rowsOf(half(padded(rows.slice(0, 4).map((row) => row.slice(0, 4)))))).toEqual(even);
  });
});
