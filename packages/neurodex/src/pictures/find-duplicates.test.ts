import { defined, NeurodexError } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { NO_KINDS } from './duplicate-facts.ts';
import { findDuplicates } from './duplicates.ts';
import type { FileFacts } from './find-same.ts';
import { fingerprintOf, type PictureKeys } from './fingerprint.ts';

const WIDTH = 40;
/** A picture of 40 × 40 pixels with one light pixel, as PNG: another one for every number. */
const png = (number: number): Promise<Buffer> => {
  const pixels = new Uint8Array(3 * WIDTH * WIDTH).fill(255, 3 * number, 3 * number + 3);
  return sharp(pixels, { raw: { width: WIDTH, height: WIDTH, channels: 3 } })
    .png()
    .toBuffer();
};

/** What the model sees of each of them. */
const SEEN = { size: 16, pixels: Uint8Array.from({ length: 3 * 16 * 16 }, (_, i) => (7 * i) % 255) };

interface Entry extends Partial<SourcePicture> {
  readonly path: string;
  /** Files with one name are the same file. */
  readonly file?: string;
  /** Only of two formats may whole pixels be the same where the thumbnails are not. */
  readonly format?: 'PNG' | 'JPEG';
  /** Of the thumbnail, where that is decoded. */
  readonly thumbnail?: Uint8Array;
}

async function find(
  entries: readonly Entry[],
  { signal, maxPixels = 10_000 }: { signal?: AbortSignal; maxPixels?: number } = {},
) {
  const warnings: string[] = [];
  const about: unknown[] = [];
  const reporter = {
    warn: (message: string, details?: unknown) => {
      warnings.push(message);
      if (details !== undefined) about.push(details);
    },
    info() {},
    progress() {},
  };
  const pictures = entries.map(
    ({ file: _, thumbnail: __, format: ___, ...rest }): SourcePicture => ({
      labels: [],
      read: async () => {
        throw new Error(`${rest.path} is read`);
      },
      ...rest,
    }),
  );
  // All look alike to the model, and files that are not the same have other pixels there.
  const keys = entries.map(({ file, path, format = 'PNG' }): PictureKeys & FileFacts => ({
    ...{ file: file ?? path, pixels: path, fingerprint: fingerprintOf(SEEN) },
    ...{ width: 2 * WIDTH, height: 2 * WIDTH, bytes: 100, edge: WIDTH, format },
  }));
  const found = await findDuplicates(pictures, keys, {
    pixels: async () => SEEN,
    thumbnail: async (at) => entries[at]?.thumbnail ?? new Uint8Array(at + 1),
    source: (at) => defined(pictures[at], 'a picture'),
    maxPixels,
    reporter,
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...found, warnings, about };
}

const entry = (path: string, file: string, more: Partial<Entry> = {}): Entry => ({ path, file, ...more });

describe('the report of duplicates', () => {
  it('is nothing where none does', async () => {
    expect(await find([entry('a', '1'), entry('b', '2')])).toEqual({
      kept: [0, 1],
      sets: [0, 1],
      leftOut: [],
      relations: [undefined, undefined],
      facts: { sets: 0, copies: 0, kinds: NO_KINDS, differentLabels: 0, leftOut: 0, acrossSplits: 0, examples: [] },
      warnings: [],
      about: [],
    });
  });

  it('is how many, with an example', async () => {
    const one = await find([entry('a', '1'), entry('b', '2'), entry('c', '2')]);
    expect(one).toMatchObject({
      kept: [0, 1, 2],
      sets: [0, 1, 1],
      facts: { sets: 1, copies: 1, examples: [['b', 'c']] },
    });
    expect(one.warnings).toEqual([
      '1 file shows a picture that another file shows (c is b); the same picture is always in one split',
    ]);
    const more = await find([entry('a', '1'), entry('b', '2'), entry('c', '2'), entry('d', '1'), entry('e', '1')]);
    expect(more.facts).toMatchObject({
      sets: 2,
      copies: 3,
      examples: [
        ['b', 'c'],
        ['a', 'd', 'e'],
      ],
    });
    expect(more.sets).toEqual([0, 1, 1, 0, 0]);
    expect(more.warnings).toEqual([
      '3 files show a picture that another file shows (c is b); the same picture is always in one split',
    ]);
  });

  it('has 20 examples at most', async () => {
    const pairs = (n: number) => Array.from({ length: 2 * n }, (_, i) => entry(`${i}`, `${i >> 1}`));
    expect((await find(pairs(20))).facts.examples).toHaveLength(20);
    const { sets, examples } = (await find(pairs(21))).facts;
    expect([sets, examples.length, examples[19]]).toEqual([21, 20, ['38', '39']]);
  });

  it('is whether their labels differ, in whatever order they stand', async () => {
    const same = await find([entry('a', '1', { labels: ['x', 'y'] }), entry('b', '1', { labels: ['y', 'x'] })]);
    expect([same.facts.differentLabels, same.warnings.length]).toEqual([0, 1]);
    const labels = ['x', 'y'];
    const [one, two] = [1, 2].map((n) =>
      [...Array(n).keys()].flatMap((i) => labels.map((label) => entry(`${label}${i}`, `${i}`, { labels: [label] }))),
    );
    expect((await find(one ?? [])).warnings[1]).toBe('1 of these pictures has copies with other labels');
    const { facts, warnings } = await find(two ?? []);
    expect(facts.differentLabels).toBe(2);
    expect(warnings[1]).toBe('2 of these pictures have copies with other labels');
  });
});

describe('of a data set with fixed roles', () => {
  it('one role keeps a picture: the catalogue, else test, else validation', async () => {
    const { kept, sets, leftOut, facts, warnings, about } = await find([
      entry('train/1', '1', { role: 'train' }),
      entry('catalogue/1', '1', { role: 'catalogue' }),
      entry('train/2', '2', { role: 'train' }),
      entry('validation/2', '2', { role: 'validation' }),
      entry('validation/3', '3', { role: 'validation' }),
      entry('test/3', '3', { role: 'test' }),
      entry('test/4', '4', { role: 'test' }),
      entry('catalogue/4', '4', { role: 'catalogue' }),
      entry('catalogue/4 again', '4', { role: 'catalogue' }),
    ]);
    expect(kept).toEqual([1, 3, 5, 7, 8]);
    expect(sets).toEqual([0, 1, 2, 3, 3]);
    const reason = (path: string, role: string) => `it is the same picture as ${path}, which is in ${role}`;
    const expected = [
      { path: 'train/1', reason: reason('catalogue/1', 'catalogue') },
      { path: 'train/2', reason: reason('validation/2', 'validation') },
      { path: 'validation/3', reason: reason('test/3', 'test') },
      { path: 'test/4', reason: reason('catalogue/4', 'catalogue') },
    ];
    expect(leftOut).toEqual(expected);
    expect(facts).toMatchObject({ sets: 1, copies: 1, leftOut: 4, acrossSplits: 0 });
    expect(warnings.slice(0, 4)).toEqual(expected.map(({ path, reason: why }) => `skipped ${path}: ${why}`));
    expect(about).toEqual([...expected.map(({ path }) => ({ path })), { copies: 1 }]);
  });

  /** Two thumbnails that differ by one level in one pixel: alike, and not the same pixels. */
  const alike = async (number: number): Promise<readonly Uint8Array[]> => {
    const pixels = Uint8Array.from({ length: 3 * WIDTH * WIDTH }, (_, i) => (Math.floor(i / 3 + number) % 7) * 30);
    const raw = { width: WIDTH, height: WIDTH, channels: 3 as const };
    const again = pixels.with(0, (pixels[0] ?? NaN) + 1);
    return await Promise.all([pixels, again].map((each) => sharp(each, { raw }).png().toBuffer()));
  };
  const across = async (number: number): Promise<Entry[]> => {
    const thumbnails = await alike(number);
    return (['test', 'train'] as const).map((role, i): Entry => {
      const thumbnail = thumbnails[i] ?? new Uint8Array();
      return {
        path: `${role}/${number}`,
        role,
        thumbnail,
        format: i === 1 ? 'JPEG' : 'PNG',
        read: async () => thumbnail,
      };
    });
  };

  it('pictures that are alike stay where they are, and it is said', async () => {
    const one = await find(await across(0));
    expect(one).toMatchObject({ kept: [0, 1], sets: [0, 0], facts: { acrossSplits: 1, sets: 1, leftOut: 0 } });
    expect(one.warnings).toEqual([
      '1 file shows a picture that another file shows (train/0 is test/0)',
      '1 of these pictures is in several splits, because the data set fixes the roles: measures will look too good',
    ]);
    const two = await find([...(await across(0)), ...(await across(3))]);
    expect(two.facts.acrossSplits).toBe(2);
    expect(two.warnings[1]).toMatch(/^2 of these pictures are in several splits, /);
  });

  it('the whole pictures tell whether they are the same', async () => {
    // Thumbnails are alike, the files hold the same pixels.
    const [thumbnail = new Uint8Array(), again = new Uint8Array()] = await alike(1);
    const whole = await png(3);
    const stored = await sharp(whole).tiff({ compression: 'lzw' }).toBuffer();
    const at = (role: 'test' | 'train', thumb: Uint8Array, file: Buffer): Entry => ({
      path: role,
      role,
      thumbnail: thumb,
      read: async () => new Uint8Array(file),
    });
    const pair = (file: Buffer) => [
      at('test', thumbnail, whole),
      { ...at('train', again, file), format: 'JPEG' as const },
    ];
    expect((await find(pair(stored))).leftOut).toHaveLength(1);
    expect((await find(pair(await png(4)))).leftOut).toEqual([]);
    // Larger than may be decoded: nobody can tell.
    expect((await find(pair(stored), { maxPixels: WIDTH * WIDTH })).leftOut).toHaveLength(1);
    expect((await find(pair(stored), { maxPixels: WIDTH * WIDTH - 1 })).leftOut).toEqual([]);
    // What was decoded before is not read again.
    const decoded = async () => undefined;
    expect((await find(pair(stored).map((each) => ({ ...each, decoded })))).leftOut).toEqual([]);
  });

  it('the same bytes of other dimensions are not the same picture', async () => {
    const [thumbnail = new Uint8Array(), again = new Uint8Array()] = await alike(2);
    const grey = (width: number, height: number) =>
      sharp(new Uint8Array(3 * 24).fill(80), { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
    const files = [await grey(6, 4), await grey(4, 6)];
    const entries = [thumbnail, again].map(
      (each, i): Entry => ({
        path: `${i}`,
        role: i === 0 ? 'test' : 'train',
        thumbnail: each,
        format: i === 1 ? 'JPEG' : 'PNG',
        read: async () => files[i] ?? each,
      }),
    );
    expect((await find(entries)).leftOut).toEqual([]);
  });

  it('one that cannot be decoded is no copy, and another error is not hidden', async () => {
    const [thumbnail = new Uint8Array(), again = new Uint8Array()] = await alike(1);
    const failing = (error: Error): Entry[] =>
      [thumbnail, again].map((each, i) => ({
        path: `${i}`,
        thumbnail: each,
        format: i === 1 ? 'JPEG' : 'PNG',
        read: async () => {
          throw error;
        },
      }));
    const faulty = new NeurodexError('picture-damaged', 'is damaged', { hint: 'none' });
    expect((await find(failing(faulty))).sets).toEqual([0, 0]);
    const other = new NeurodexError('source-unusable', 'is gone', { hint: 'none' });
    await expect(find(failing(other))).rejects.toBe(other);
    const plain = new Error('of the program');
    await expect(find(failing(plain))).rejects.toBe(plain);
  });

  it('stops when it is interrupted, before it reads a whole picture', async () => {
    const entries = await across(0);
    await expect(find(entries, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
  });
});
