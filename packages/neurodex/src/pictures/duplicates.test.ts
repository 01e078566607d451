import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import type { Dataset, Role, SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPictures } from '../artifact/catalogue-store.ts';
import { type BuildOptions, type BuiltCatalogue, buildCatalogue } from '../build/build-catalogue.ts';
import { NO_KINDS } from './duplicate-facts.ts';

let folder = '';
let target = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-duplicates-'));
  target = join(folder, 'catalogue');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options: BuildOptions = {
  pictures: { size: 32, thumbnail: 96, maxPixels: 10_000_000 },
  split: { retrievalFraction: 0.75, validationFraction: 0.2, testFraction: 0.2 },
  seed: 3,
  assignIdentifiers: (catalogue) => catalogue.map((_, i) => String(i).padStart(4, '0')),
};

/** A picture with smooth shades and sharp edges, another one for every number: PNG. */
async function draw(number: number, width = 200, height = 160): Promise<Buffer> {
  const random = Random.seeded(number + 1);
  const draws = Array.from({ length: 60 }, () => random.uniform());
  const shapes = Array.from({ length: 12 }, (_, i) => {
    const [x = 0, y = 0, r = 0, shade = 0, hue = 0] = draws.slice(5 * i, 5 * i + 5);
    return `<circle cx="${200 * x}" cy="${160 * y}" r="${8 + 40 * r}" fill="hsl(${360 * hue},70%,${15 + 70 * shade}%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 160" width="${width}" height="${height}"><rect width="200" height="160" fill="hsl(${37 * number},40%,60%)"/>${shapes.join('')}</svg>`;
  return await sharp(Buffer.from(svg)).flatten({ background: '#fff' }).png().toBuffer();
}

const source = (path: string, bytes: Uint8Array, more: Partial<SourcePicture> = {}): SourcePicture => ({
  path,
  labels: path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [],
  read: async () => new Uint8Array(bytes),
  ...more,
});

const dataset = (pictures: readonly SourcePicture[]): Dataset => ({
  name: 'folder',
  source: '/pictures',
  pictures,
  notices: [],
  skipped: [],
});

const rolesOf = ({ rows }: BuiltCatalogue): Map<string, Role> => new Map(rows.map(({ path, role }) => [path, role]));

async function build(pictures: readonly SourcePicture[], seed = 3) {
  const warnings: string[] = [];
  const reporter = { warn: (message: string) => void warnings.push(message), info() {}, progress() {} };
  const built = await buildCatalogue(dataset(pictures), target, { ...options, seed, reporter });
  return { built, roles: rolesOf(built), warnings };
}

/** Ways to write the same pixels, or nearly the same. */
const COPIES: Readonly<Record<string, (png: Buffer) => Promise<Buffer>>> = {
  'the same bytes': async (png) => Buffer.from(png),
  'another compression level': (png) => sharp(png).png({ compressionLevel: 1, adaptiveFiltering: true }).toBuffer(),
  'lossless WebP': (png) => sharp(png).webp({ lossless: true }).toBuffer(),
  TIFF: (png) => sharp(png).tiff({ compression: 'lzw' }).toBuffer(),
  'other metadata': (png) => sharp(png).withMetadata({ density: 300 }).png().toBuffer(),
  'turned, and turned back by EXIF': (png) => sharp(png).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer(),
  JPEG: (png) => sharp(png).jpeg({ quality: 90 }).toBuffer(),
  'JPEG of quality 40': (png) => sharp(png).jpeg({ quality: 40 }).toBuffer(),
  'half the size': (png) => sharp(png).resize(100, 80).png().toBuffer(),
};

/** Ways to write a little more or less of the same. */
const NEARLY: typeof COPIES = {
  'its mirror image': (png) => sharp(png).flop().png().toBuffer(),
  'without 5 % at each edge': (png) =>
    sharp(png).extract({ left: 10, top: 8, width: 180, height: 144 }).png().toBuffer(),
  'without 8 % at one side': (png) =>
    sharp(png).extract({ left: 16, top: 0, width: 184, height: 160 }).png().toBuffer(),
};

describe('a picture that occurs twice is in one split', () => {
  test.each(Object.keys(COPIES))('as %s', async (how) => {
    const pictures: SourcePicture[] = [];
    for (let i = 0; i < 12; i++) {
      const png = await draw(i);
      const copy = await (COPIES[how] as (png: Buffer) => Promise<Buffer>)(png);
      const name = `${i % 2 === 0 ? 'even' : 'odd'}`;
      // Names that sort apart, so that no order helps.
      pictures.push(source(`${name}/${i}.png`, png), source(`${name}/z copy of ${11 - i} as ${i}.png`, copy));
    }
    const { built, roles, warnings } = await build(pictures);
    for (let i = 0; i < 12; i++) {
      const name = `${i % 2 === 0 ? 'even' : 'odd'}`;
      expect(roles.get(`${name}/z copy of ${11 - i} as ${i}.png`)).toBe(roles.get(`${name}/${i}.png`));
    }
    expect(new Set(roles.values())).toEqual(new Set(['catalogue', 'train', 'validation', 'test']));
    expect(built.duplicates).toMatchObject({ sets: 12, copies: 12, differentLabels: 0, leftOut: 0, acrossSplits: 0 });
    expect(warnings).toEqual([expect.stringMatching(/^12 files show a picture that another file shows \(.* is .*\)/)]);
    expect((await openPictures(target)).duplicates).toEqual(built.duplicates);
  });

  test('as a JPEG and its pixels in a PNG, where a JPEG is decoded at a reduced scale', async () => {
    const random = Random.seeded(5);
    const pictures: SourcePicture[] = [];
    for (let i = 0; i < 6; i++) {
      // Noise: scaled down, two ways of decoding give rather different pixels.
      const noise = new Uint8Array(640 * 480 * 3);
      random.fillBytes(noise);
      const jpeg = await sharp(noise, { raw: { width: 640, height: 480, channels: 3 } })
        .jpeg({ quality: 80 })
        .toBuffer();
      pictures.push(source(`a/${i}.jpg`, jpeg), source(`a/z${i}.png`, await sharp(jpeg).png().toBuffer()));
    }
    const { built, roles } = await build(pictures);
    for (let i = 0; i < 6; i++) expect(roles.get(`a/${i}.jpg`)).toBe(roles.get(`a/z${i}.png`));
    expect(built.duplicates).toMatchObject({ sets: 6, copies: 6 });
  });

  test('many copies of one picture, among others', async () => {
    const one = await draw(0);
    const pictures = Array.from({ length: 30 }, (_, i) => source(`a/copy ${i}.png`, one));
    for (let i = 1; i <= 10; i++) pictures.push(source(`a/${i}.png`, await draw(i)));
    const { built, roles } = await build(pictures);
    expect(new Set(pictures.slice(0, 30).map(({ path }) => roles.get(path))).size).toBe(1);
    expect(built.duplicates).toMatchObject({ sets: 1, copies: 29 });
  });
});

test.each(Object.keys(NEARLY))('%s is no copy of a picture to a split that is ours', async (how) => {
  const png = await draw(1);
  const nearly = await (NEARLY[how] as (png: Buffer) => Promise<Buffer>)(png);
  const { built, warnings } = await build([
    source('a.png', png),
    source('b.png', nearly),
    source('c.png', await draw(2)),
  ]);
  expect(built.duplicates.sets).toBe(0);
  expect(warnings).toEqual([]);
});

describe('different pictures stay different', () => {
  test('the same drawing with a small change somewhere, another colour, or turned', async () => {
    const png = await draw(1);
    const patch = (edge: number, colour: string) =>
      sharp({ create: { width: edge, height: edge, channels: 3, background: colour } })
        .png()
        .toBuffer();
    const changed = await sharp(png)
      .composite([{ input: await patch(8, '#f00'), left: 90, top: 70 }])
      .png()
      .toBuffer();
    const others = [
      changed,
      await sharp(png).modulate({ hue: 40 }).png().toBuffer(),
      await sharp(png).flip().png().toBuffer(),
      await sharp(png).modulate({ brightness: 0.8 }).png().toBuffer(),
      await sharp(png).extract({ left: 20, top: 20, width: 160, height: 120 }).png().toBuffer(),
    ];
    const { built, warnings } = await build([png, ...others].map((bytes, i) => source(`${i}.png`, bytes)));
    expect(built.duplicates.sets).toBe(0);
    expect(warnings).toEqual([]);
  });

  test('even pictures of nearly one colour', async () => {
    const even = (red: number) =>
      sharp({ create: { width: 64, height: 64, channels: 3, background: { r: red, g: 90, b: 90 } } })
        .png()
        .toBuffer();
    const { built } = await build(await Promise.all([1, 2, 3, 4].map(async (i) => source(`${i}.png`, await even(i)))));
    expect(built.duplicates.sets).toBe(0);
  });

  test('the roles of a data set without duplicates are those that they always were', async () => {
    const pictures: SourcePicture[] = [];
    for (let i = 0; i < 20; i++) pictures.push(source(`${i % 2 === 0 ? 'even' : 'odd'}/${i}.png`, await draw(i)));
    const { roles } = await build(pictures, 11);
    // As it was before pictures were compared.
    const lines = [...roles].map(([path, role]) => `${path} ${role}\n`).join('');
    expect(createHash('sha256').update(lines).digest('hex')).toBe(
      '6fe12b764c90b8b781ea59a10da2d86396c54a401ce06c408f9e1609d1342a2d',
    );
  });
});

describe('labels and roles', () => {
  test('one picture with two labels is in one split, and every query has something to find', async () => {
    const pictures: SourcePicture[] = [];
    for (let i = 0; i < 8; i++) {
      const png = await draw(i);
      pictures.push(source(`cat/${i}.png`, png));
      if (i < 2) pictures.push(source(`dog ${i}/${i}.png`, png));
      if (i >= 6) pictures.push(source(`bird/${i}.png`, png));
    }
    for (let seed = 0; seed < 20; seed++) {
      await rm(target, { recursive: true, force: true });
      const { built, roles, warnings } = await build(pictures, seed);
      for (const i of [0, 1]) expect(roles.get(`dog ${i}/${i}.png`)).toBe(roles.get(`cat/${i}.png`));
      for (const i of [6, 7]) expect(roles.get(`bird/${i}.png`)).toBe(roles.get(`cat/${i}.png`));
      const labels = new Set(built.rows.filter(({ role }) => role === 'catalogue').flatMap((p) => p.labels));
      expect(built.rows.every((picture) => picture.labels.some((label) => labels.has(label)))).toBe(true);
      expect(built.duplicates).toMatchObject({ sets: 4, differentLabels: 4 });
      expect(warnings[1]).toBe('4 of these pictures have copies with other labels');
    }
  });

  test('fixed roles: the same pixels in two of them are left out of one, named; re-encoded ones are told', async () => {
    const pngs = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((i) => draw(i)));
    const at = (path: string, i: number, role: Role) => source(path, pngs[i] as Buffer, { role, labels: ['a'] });
    const jpeg = await sharp(pngs[4]).jpeg({ quality: 90 }).toBuffer();
    const { built, roles, warnings } = await build([
      at('catalogue/0.png', 0, 'catalogue'),
      at('catalogue/1.png', 1, 'catalogue'),
      at('catalogue/1 again.png', 1, 'catalogue'),
      at('test/0.png', 0, 'test'),
      at('test/2.png', 2, 'test'),
      at('test/4.png', 4, 'test'),
      at('train/2.png', 2, 'train'),
      at('train/3.png', 3, 'train'),
      source('train/4.jpg', jpeg, { role: 'train', labels: ['a'] }),
      at('validation/3.png', 3, 'validation'),
      at('validation/5.png', 5, 'validation'),
    ]);
    expect([...roles.keys()]).toEqual([
      'catalogue/0.png',
      'catalogue/1 again.png',
      'catalogue/1.png',
      'test/2.png',
      'test/4.png',
      'train/4.jpg',
      'validation/3.png',
      'validation/5.png',
    ]);
    expect(built.skipped).toEqual([
      { path: 'test/0.png', reason: 'it is the same picture as catalogue/0.png, which is in catalogue' },
      { path: 'train/2.png', reason: 'it is the same picture as test/2.png, which is in test' },
      { path: 'train/3.png', reason: 'it is the same picture as validation/3.png, which is in validation' },
    ]);
    expect(built.duplicates).toMatchObject({ sets: 2, copies: 2, leftOut: 3, acrossSplits: 1 });
    expect(warnings).toContainEqual(expect.stringMatching(/^1 of these pictures is in several splits/));
    // The pixels that stay are those of the pictures that stay.
    const store = await openPictures(target);
    for (const { row, path } of store.rows) {
      const expected = await sharp(path === 'train/4.jpg' ? jpeg : pngs[Number(/\d/.exec(path)?.[0])])
        .resize(32, 32, { fit: 'cover', kernel: 'lanczos3' })
        .removeAlpha()
        .raw()
        .toBuffer();
      const bytes = 32 * 32 * 3;
      expect(Buffer.compare(store.pixels.subarray(row * bytes, (row + 1) * bytes), expected)).toBe(0);
      expect((await store.thumbnail(row)).size).toBe(96);
    }
  });

  test('fixed roles: cropped and mirrored ones in several splits are counted', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map((i) => draw(i)));
    if (one === undefined || two === undefined || three === undefined) throw new Error('three pictures were drawn');
    const at = (path: string, bytes: Uint8Array, role: Role) => source(path, bytes, { role, labels: ['a'] });
    const cut = { left: 10, top: 8, width: 180, height: 144 };
    const { built, roles, warnings } = await build([
      at('catalogue/1.png', one, 'catalogue'),
      at('catalogue/2.png', two, 'catalogue'),
      at('catalogue/3.png', three, 'catalogue'),
      at('test/1.png', await sharp(one).extract(cut).png().toBuffer(), 'test'),
      at('train/2.png', await sharp(two).flop().png().toBuffer(), 'train'),
    ]);
    expect(roles.size).toBe(5);
    expect(built.duplicates).toMatchObject({ acrossSplits: 2, leftOut: 0, kinds: { cropped: 1, mirrored: 1 } });
    expect(warnings).toContainEqual(expect.stringMatching(/^2 of these pictures are in several splits/));
  });

  test('a flat folder: copies are counted', async () => {
    const png = await draw(1);
    const { built } = await build([source('a.png', png), source('b.png', png), source('c.png', await draw(2))]);
    expect(built.duplicates).toEqual({
      sets: 1,
      copies: 1,
      kinds: { ...NO_KINDS, identical: 1 },
      differentLabels: 0,
      leftOut: 0,
      acrossSplits: 0,
      examples: [['a.png', 'b.png']],
    });
  });
});
