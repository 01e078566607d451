import { defined } from '@neurodex/core';
import type { Picture } from '@neurodex/datasets/picture';
import { DisjointSets } from './disjoint-sets.ts';
import { mayBeSame, noise, type PictureKeys, samePicture } from './same-picture.ts';

/** Ways to look at a picture again, by its place in the list. */
export interface PictureAccess {
  /** As the model sees it. */
  pixels(at: number): Promise<Picture>;
  /** PNG, as people see it. */
  thumbnail(at: number): Promise<Uint8Array>;
  /** Undefined for a file that is not a picture. */
  decodeThumbnail(png: Uint8Array): Promise<Picture | undefined>;
  /** A digest of the whole decoded picture, with its width and height; undefined where it cannot be had. */
  wholeDigest(at: number): Promise<string | undefined>;
}

/** For every picture, the first one in the list that shows the same. */
export interface SamePictures {
  /** The same file, or the same pixels. */
  readonly exact: readonly number[];
  /** Those, and pictures that were resized or encoded again with a loss. */
  readonly alike: readonly number[];
}

/** Leaders of one cell that a picture is compared with, the last ones first: many that are nearly alike must not cost a square. */
const COMPARED = 256;
/** Thumbnails that are decoded for one picture. */
const LOOKED_AT = 16;
/** More than `samePixels` allows, because the model's picture may be smaller than the thumbnail. */
const ROUGHLY = 0.1;
/** More still: of pictures of noise, ways of scaling down leave different pixels. Without anything in common it would be 2. */
const PERHAPS = 0.5;

/**
 * Finds the pictures that occur more than once: the same bytes; the same pixels in another file format; or the same
 * picture resized or encoded again. Fingerprints say which may be the same, and only pixels say that they are. A picture
 * is compared with the first of each set, so that a chain of small differences does not grow. Time and memory grow with
 * the number of pictures, not with its square.
 */
export async function findSamePictures(keys: readonly PictureKeys[], access: PictureAccess): Promise<SamePictures> {
  const exact = new DisjointSets(keys.length);
  const alike = new DisjointSets(keys.length);
  const files = new Map<string, number>();
  const cells = new Map<string, number[]>();
  /** The first leader with these pixels: found however many pictures are in its cell. */
  const pixels = new Map<string, number>();
  /** Those with a neighbour whose pixels are not the same as they are stored: their whole pictures may be. */
  const unsure = new Set<number>();
  for (const [at, { file, pixels: seen, fingerprint }] of keys.entries()) {
    const copy = files.get(file);
    if (copy !== undefined) {
      exact.union(copy, at);
      alike.union(copy, at);
      continue;
    }
    files.set(file, at);
    const place = coordinates(fingerprint);
    const twin = pixels.get(seen);
    let same = false;
    for (const { leader, equal } of await matches(
      at,
      new Set([...(twin === undefined ? [] : [twin]), ...candidates(fingerprint, place, cells, keys)]),
      access,
      unsure,
    )) {
      alike.union(leader, at);
      if (equal) exact.union(leader, at);
      same = true;
    }
    if (same) continue;
    enter(cells, place, at);
    if (twin === undefined) pixels.set(seen, at);
  }
  const digests = new Map<string, number>();
  for (const at of [...unsure].sort((a, b) => a - b)) {
    const digest = await access.wholeDigest(at);
    if (digest === undefined) continue;
    const copy = digests.get(digest) ?? at;
    digests.set(digest, copy);
    exact.union(copy, at);
    alike.union(copy, at);
  }
  return { exact: exact.roots(), alike: alike.roots() };
}

/** The leaders whose fingerprints are near enough to a picture's. */
function candidates(
  fingerprint: Uint8Array,
  place: readonly number[],
  cells: ReadonlyMap<string, readonly number[]>,
  keys: readonly PictureKeys[],
): number[] {
  const near: number[] = [];
  for (const cell of cellsAround(place)) {
    const leaders = cells.get(cell);
    if (leaders === undefined) continue;
    for (let i = leaders.length - 1; i >= Math.max(0, leaders.length - COMPARED); i--) {
      const leader = leaders[i] ?? NaN;
      if (mayBeSame(fingerprint, defined(keys[leader], 'a leader').fingerprint)) near.push(leader);
    }
  }
  return near;
}

/** Those of the candidates that show the same as a picture. */
async function matches(
  at: number,
  near: ReadonlySet<number>,
  access: PictureAccess,
  unsure: Set<number>,
): Promise<{ leader: number; equal: boolean }[]> {
  const found: { leader: number; equal: boolean }[] = [];
  const mine: Mine = { at };
  let looked = 0;
  for (const leader of near) {
    const verdict = looked < LOOKED_AT ? await compare(mine, leader, access) : 'different';
    if (verdict !== 'far' && verdict !== 'another') looked++;
    if (verdict === 'equal' || verdict === 'alike') found.push({ leader, equal: verdict === 'equal' });
    if (verdict !== 'equal' && verdict !== 'another') unsure.add(at).add(leader);
  }
  return found;
}

/** A picture that is compared with several, looked at as seldom as possible. */
interface Mine {
  readonly at: number;
  pixels?: Picture;
  thumbnail?: Uint8Array;
  decoded?: Picture | undefined;
}

/** `another`: certainly; `far`, `different`: as they are stored, but the whole pictures may have the same pixels. */
type Verdict = 'equal' | 'alike' | 'different' | 'far' | 'another';

async function compare(mine: Mine, leader: number, access: PictureAccess): Promise<Verdict> {
  mine.pixels ??= await access.pixels(mine.at);
  const pixels = await access.pixels(leader);
  const equalPixels = Buffer.compare(mine.pixels.pixels, pixels.pixels) === 0;
  const difference = equalPixels ? 0 : noise(mine.pixels, pixels);
  // Two pictures of one colour have a difference of NaN, which this comparison counts as too large.
  if (!(difference <= PERHAPS)) return 'another';
  if (difference > ROUGHLY) return 'far';
  mine.thumbnail ??= await access.thumbnail(mine.at);
  const thumbnail = await access.thumbnail(leader);
  if (equalPixels && Buffer.compare(mine.thumbnail, thumbnail) === 0) return 'equal';
  mine.decoded ??= await access.decodeThumbnail(mine.thumbnail);
  const decoded = await access.decodeThumbnail(thumbnail);
  if (decoded === undefined || mine.decoded === undefined) return 'another';
  if (decoded.size === mine.decoded.size && Buffer.compare(decoded.pixels, mine.decoded.pixels) === 0) return 'equal';
  return (await samePicture(mine.decoded, decoded)) ? 'alike' : 'different';
}

/** Edge of a cell, and the reach around a picture, in levels of 255: means of many blocks differ less than one block. */
const CELL = 16;
const REACH = 4;

/** Blocks of a fingerprint that each mean is of: the quarters, the middle, and the middle of the upper and lower border. */
const REGIONS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => x < 4 && y < 4,
  (x, y) => x >= 4 && y < 4,
  (x, y) => x < 4 && y >= 4,
  (x, y) => x >= 4 && y >= 4,
  (x, y) => x >= 2 && x < 6 && y >= 2 && y < 6,
  (x, y) => x >= 2 && x < 6 && (y < 2 || y >= 6),
];
const BLOCKS_OF_REGION = REGIONS.map((inside) =>
  Array.from({ length: 64 }, (_, block) => block).filter((block) => inside(block % 8, block >> 3)),
);

/** Eight means over blocks of a fingerprint: brightness of six regions, and two differences of colours. */
function coordinates(fingerprint: Uint8Array): number[] {
  const brightness = BLOCKS_OF_REGION.map((blocks) => {
    let sum = 0;
    for (const block of blocks) for (let c = 0; c < 3; c++) sum += fingerprint[3 * block + c] ?? NaN;
    return sum / (3 * blocks.length);
  });
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < fingerprint.length; i += 3) {
    red += fingerprint[i] ?? NaN;
    green += fingerprint[i + 1] ?? NaN;
    blue += fingerprint[i + 2] ?? NaN;
  }
  // Without colour a picture is in the middle of a cell.
  return [...brightness, (red - green) / 64 + CELL / 2, (blue - green) / 64 + CELL / 2];
}

function enter(cells: Map<string, number[]>, place: readonly number[], at: number): void {
  const cell = place.map((value) => Math.floor(value / CELL)).join();
  const inside = cells.get(cell);
  if (inside === undefined) cells.set(cell, [at]);
  else inside.push(at);
}

/** The cells that a picture within reach may be in: one or two along each coordinate. */
function cellsAround(place: readonly number[]): string[] {
  let cells = [''];
  for (const value of place) {
    const [from, to] = [Math.floor((value - REACH) / CELL), Math.floor((value + REACH) / CELL)];
    cells = cells.flatMap((cell) => {
      const start = cell === '' ? '' : `${cell},`;
      return from === to ? [`${start}${from}`] : [`${start}${from}`, `${start}${to}`];
    });
  }
  return cells;
}
