import { isRecord } from '@neurodex/core';
/** What an annotation says of a region: polygons [x, y, x, y, …], or runs (an RLE), compressed to text or not. */
export type Segmentation = readonly (readonly number[])[] | RunLengths;

/** Runs of pixels outside and inside by turns, column by column; `size` is [height, width]. */
export interface RunLengths {
  readonly counts: readonly number[] | string;
  readonly size: readonly [height: number, width: number];
}

/** The largest region that is drawn: far above any picture of COCO. */
const LARGEST = 1 << 28;

/**
 * The region as a mask, uint8 [width, height] (column by column, as COCO counts), 1 inside. Several polygons are one
 * region. Undefined for what is no region: odd coordinates, runs that do not fill the picture.
 */
export function regionMask(segmentation: unknown, height: number, width: number): Uint8Array | undefined {
  if (!(height > 0 && width > 0 && height * width <= LARGEST)) return undefined;
  const mask = new Uint8Array(height * width);
  if (Array.isArray(segmentation)) {
    for (const polygon of polygonsOf(segmentation)) {
      if (!isPolygon(polygon)) return undefined;
      fillRuns(mask, polygonRuns(polygon, height, width));
    }
    return mask;
  }
  const { counts, size }: Readonly<Record<string, unknown>> = isRecord(segmentation) ? segmentation : {};
  if (!Array.isArray(size) || size[0] !== height || size[1] !== width) return undefined;
  const runs = typeof counts === 'string' ? decodeCounts(counts) : counts;
  if (!isRuns(runs) || runs.reduce((sum, run) => sum + run, 0) !== mask.length) return undefined;
  fillRuns(mask, runs);
  return mask;
}

/**
 * Pixels of a region, as pycocotools draws it: polygons [x, y, x, y, …], or runs outside and inside by turns, column by column.
 * @returns undefined for odd coordinates, and for runs that do not fill the picture
 * @example
 * ```ts
 * import { regionArea } from '@neurodex/datasets';
 *
 * console.log(regionArea([[1, 1, 5, 1, 5, 4, 1, 4]], 10, 10)); // → 12
 * console.log(regionArea({ counts: [2, 3, 4], size: [3, 3] }, 3, 3), regionArea([[1, 1, 5]], 10, 10)); // → 3 undefined
 * ```
 */
export function regionArea(segmentation: unknown, height: number, width: number): number | undefined {
  const mask = regionMask(segmentation, height, width);
  if (mask === undefined) return undefined;
  let area = 0;
  for (const inside of mask) area += inside;
  return area;
}

/** One polygon may stand without a list around it; an empty one is none. */
const polygonsOf = (segmentation: readonly unknown[]): readonly unknown[] =>
  (typeof segmentation[0] === 'number' ? [segmentation] : segmentation).filter(
    (polygon) => !(Array.isArray(polygon) && polygon.length === 0),
  );

/** What is known of the picture that a region is in. */
interface Frame {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** The mask of a region with its own size: that of the runs, of the picture, or, where nobody knows it, of the polygons. */
function framed(segmentation: unknown, { width, height }: Frame): { mask: Uint8Array; height: number } | undefined {
  const size = isRecord(segmentation) ? segmentation.size : undefined;
  let [h, w]: readonly unknown[] = Array.isArray(size) ? size : [height, width];
  if (w === undefined && Array.isArray(segmentation)) {
    const points: readonly unknown[] = polygonsOf(segmentation).flat();
    const most = (axis: number): number =>
      points.reduce<number>(
        (far, value, i) => (i % 2 === axis && typeof value === 'number' ? Math.max(far, value) : far),
        0,
      );
    [h, w] = [Math.ceil(most(1)), Math.ceil(most(0))];
  }
  if (typeof h !== 'number' || typeof w !== 'number') return undefined;
  const mask = regionMask(segmentation, h, w);
  return mask === undefined ? undefined : { mask, height: h };
}

/** Pixels of a region; undefined for none. */
export function pixelsOfRegion(segmentation: unknown, frame: Frame): number | undefined {
  const pixels = framed(segmentation, frame)?.mask.reduce((sum, inside) => sum + inside, 0);
  return pixels === 0 ? undefined : pixels;
}

/** The smallest box around a region; undefined for none. */
export function boxOfRegion(segmentation: unknown, frame: Frame): [number, number, number, number] | undefined {
  const found = framed(segmentation, frame);
  if (found === undefined) return undefined;
  const { mask, height } = found;
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1];
  for (let i = mask.indexOf(1); i >= 0; i = mask.indexOf(1, i + 1)) {
    const [x, y] = [Math.floor(i / height), i % height];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? undefined : [left, top, right - left + 1, bottom - top + 1];
}

const isRuns = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((run) => Number.isInteger(run) && run >= 0);

const isPolygon = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length >= 6 &&
  value.length % 2 === 0 &&
  value.every((coordinate) => Number.isFinite(coordinate) && Math.abs(coordinate) < 1e5);

function fillRuns(mask: Uint8Array, runs: readonly number[]): void {
  let at = 0;
  runs.forEach((run, i) => {
    if (i % 2 === 1) mask.fill(1, at, at + run);
    at += run;
  });
}

/**
 * The compressed form of COCO: each run as its difference from the one before the last (from the fourth on), five bits
 * a character, lowest first; bit 5 says that more follow, and the last character's bit 4 is the sign.
 */
export function decodeCounts(text: string): number[] | undefined {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    for (let shift = 0, more = true; more; shift += 5) {
      const bits = text.charCodeAt(at++) - 48;
      if (!(bits >= 0 && bits < 64) || shift > 30) return undefined;
      value |= (bits & 0x1f) << shift;
      more = (bits & 0x20) !== 0;
      if (!more && (bits & 0x10) !== 0 && shift + 5 < 32) value |= -1 << (shift + 5);
    }
    const run = value + (runs.length > 2 ? (runs.at(-2) ?? Number.NaN) : 0);
    if (run < 0) return undefined;
    runs.push(run);
  }
  return runs;
}

/** Polygons are drawn on a grid that is finer by this factor. */
const SCALE = 5;

/**
 * The pixels of a polygon as runs, by COCO's own rule (Lin et al., cocoapi, common/maskApi.c, `rleFrPoly`), because the
 * published areas follow from it: the outline is walked on a grid five times as fine, and where it passes from one
 * column of pixels to the next, that column's inside begins or ends at the row it passes.
 */
function polygonRuns(polygon: readonly number[], height: number, width: number): number[] {
  const corners = polygon.length / 2;
  const fine = (i: number, axis: 0 | 1): number =>
    Math.trunc(SCALE * (polygon[2 * (i % corners) + axis] ?? Number.NaN) + 0.5);
  const u: number[] = [];
  const v: number[] = [];
  for (let i = 0; i < corners; i++) walk(fine(i, 0), fine(i, 1), fine(i + 1, 0), fine(i + 1, 1), u, v);

  const crossings: number[] = [];
  for (let i = 1; i < u.length; i++) {
    const [x, before] = [u[i] ?? Number.NaN, u[i - 1] ?? Number.NaN];
    if (x === before) continue;
    const column = ((x < before ? x : x - 1) + 0.5) / SCALE - 0.5;
    if (!Number.isInteger(column) || column < 0 || column > width - 1) continue;
    const y = (Math.min(v[i] ?? Number.NaN, v[i - 1] ?? Number.NaN) + 0.5) / SCALE - 0.5;
    crossings.push(column * height + Math.ceil(Math.min(Math.max(y, 0), height)));
  }
  crossings.push(height * width);
  crossings.sort((a, b) => a - b);

  // Differences between crossings are the runs; an empty run joins its neighbours, but for the first.
  const lengths = crossings.map((crossing, i) => crossing - (i === 0 ? 0 : (crossings[i - 1] ?? Number.NaN)));
  const runs = lengths.slice(0, 1);
  for (let i = 1; i < lengths.length; i++) {
    const length = lengths[i] ?? Number.NaN;
    if (length > 0) runs.push(length);
    else if (++i < lengths.length) runs.push((runs.pop() ?? Number.NaN) + (lengths[i] ?? Number.NaN));
  }
  return runs;
}

/** The points of a straight line between two points of the fine grid, both included (appended to u and v). */
function walk(fromX: number, fromY: number, toX: number, toY: number, u: number[], v: number[]): void {
  const dx = Math.abs(toX - fromX);
  const dy = Math.abs(toY - fromY);
  const flat = dx >= dy;
  // Always from the smaller coordinate to the larger, so that a line has the same points in both directions.
  const flip = flat ? fromX > toX : fromY > toY;
  const [xs, ys, xe, ye] = flip ? [toX, toY, fromX, fromY] : [fromX, fromY, toX, toY];
  const steps = flat ? dx : dy;
  const slope = steps === 0 ? 0 : flat ? (ye - ys) / dx : (xe - xs) / dy;
  for (let d = 0; d <= steps; d++) {
    const t = flip ? steps - d : d;
    u.push(flat ? t + xs : Math.trunc(xs + slope * t + 0.5));
    v.push(flat ? Math.trunc(ys + slope * t + 0.5) : t + ys);
  }
}
