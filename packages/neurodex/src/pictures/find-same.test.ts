import { createHash } from 'node:crypto';
import { Random } from '@neurodex/autograd';
import { decodeWhole, readPicture, sniffFormat } from '@neurodex/datasets/image';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { bestFirst } from './best-picture.ts';
import { type FileFacts, findSamePictures } from './find-same.ts';
import { keysOf, type PictureKeys } from './fingerprint.ts';
import { decodeThumbnail, thumbnailEdge } from './thumbnail.ts';

/** A picture with smooth shades and sharp edges, another one for every number: PNG. */
async function draw(number: number, edge = 120): Promise<Buffer> {
  const random = Random.seeded(number + 100);
  const circles = Array.from({ length: 12 }, () => {
    const [x = 0, y = 0, r = 0, hue = 0, light = 0] = Array.from({ length: 5 }, () => random.uniform());
    return `<circle cx="${120 * x}" cy="${120 * y}" r="${6 + 24 * r}" fill="hsl(${360 * hue},70%,${15 + 70 * light}%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" width="${edge}" height="${edge}"><rect width="120" height="120" fill="hsl(${53 * number},40%,60%)"/>${circles.join('')}</svg>`;
  return await sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}

async function find(files: readonly Uint8Array[]) {
  const read = await Promise.all(
    files.map((bytes) => readPicture(bytes, { name: 'one', size: 48, thumbnail: 96, maxPixels: 1e6 })),
  );
  const keys = read.map(({ picture, thumbnail, dimensions }, i): PictureKeys & FileFacts => {
    const bytes = files[i] ?? new Uint8Array();
    const facts = { edge: thumbnailEdge(thumbnail), bytes: bytes.length, format: sniffFormat(bytes) ?? null };
    return { ...keysOf(bytes, picture), ...dimensions, ...facts };
  });
  const names = keys.map((_, i) => ({ path: `${1000 + i}`, labels: [] }));
  const looks = { thumbnails: 0 };
  const found = await findSamePictures(keys, bestFirst(names, keys), {
    pixels: async (at) => read[at]?.picture ?? { size: 0, pixels: new Uint8Array() },
    thumbnail: async (at) => {
      looks.thumbnails++;
      return read[at]?.thumbnail ?? new Uint8Array();
    },
    decodeThumbnail: (png) => decodeThumbnail(png, 'a thumbnail'),
    wholeDigest: async (at) => {
      const { pixels } = await decodeWhole(files[at] ?? new Uint8Array(), { name: 'one', maxPixels: 1e6 });
      return createHash('sha256').update(pixels).digest('hex');
    },
  });
  const groups = found.relations.map((relation) => relation && [relation.leader, relation.kind]);
  return { ...found, groups, looks };
}

it('every kind of duplicate leads to the best picture, and others to none', async () => {
  const one = await draw(0);
  const cut = { left: 6, top: 6, width: 108, height: 108 };
  const files = [
    await sharp(one).resize(60, 60).png().toBuffer(),
    await sharp(one).jpeg({ quality: 60 }).toBuffer(),
    one,
    one,
    await sharp(one).webp({ lossless: true }).toBuffer(),
    await sharp(one).extract(cut).png().toBuffer(),
    await sharp(one).flop().png().toBuffer(),
    await draw(1),
    await draw(2),
  ];
  const { groups, exact, alike, relations } = await find(files);
  expect(groups).toEqual([
    [2, 'resized'],
    [2, 're-encoded'],
    undefined,
    [2, 'identical'],
    [2, 'equal'],
    [2, 'cropped'],
    [2, 'mirrored'],
    undefined,
    undefined,
  ]);
  expect(exact).toEqual([0, 1, 2, 2, 2, 5, 6, 7, 8]);
  expect(alike).toEqual([0, 0, 0, 0, 0, 0, 0, 7, 8]);
  expect(relations[5]?.placement.scale).toBeCloseTo(0.9, 2);
  for (const at of [3, 4]) expect(relations[at]?.similarity).toBe(1);
  for (const at of [0, 1, 5]) expect(relations[at]?.similarity).toBeGreaterThan(0.9);
});

it('a mirror image that was cropped and compressed is found as well', async () => {
  const one = await draw(3);
  const cut = { left: 5, top: 5, width: 110, height: 110 };
  const again = await sharp(await sharp(one).extract(cut).flop().png().toBuffer())
    .jpeg({ quality: 80 })
    .toBuffer();
  expect((await find([one, again])).groups).toEqual([undefined, [0, 'mirrored']]);
});

it('a chain of small differences does not grow: all are compared with the best', async () => {
  // A circle that moves a little from each picture to the next.
  const at = async (x: number): Promise<Buffer> => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="#357"/><rect x="60" width="36" height="50" fill="#eb5"/><circle cx="${30 + x}" cy="60" r="22" fill="#e52"/></svg>`;
    return await sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
  };
  const files = await Promise.all(Array.from({ length: 30 }, (_, i) => at(i / 2)));
  const { relations } = await find(files);
  const leaders = relations.flatMap((relation, i) => (relation === undefined ? [i] : []));
  expect(leaders.length).toBeGreaterThan(1);
  for (const relation of relations) if (relation) expect(leaders).toContain(relation.leader);
});

it('many copies of one picture cost no more than their number', async () => {
  const one = await draw(4);
  const copies = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      sharp(one)
        .jpeg({ quality: 50 + i })
        .toBuffer(),
    ),
  );
  const { groups, looks } = await find([one, ...copies]);
  const leader = groups.indexOf(undefined);
  expect(groups.filter((group) => group?.[0] === leader)).toHaveLength(40);
  expect(looks.thumbnails).toBeLessThan(4 * 41);
});

it('pictures of one colour are only the same where they are equal', async () => {
  const even = (red: number, edge: number) =>
    sharp({ create: { width: edge, height: edge, channels: 3, background: { r: red, g: 90, b: 90 } } })
      .png({ compressionLevel: 3 + (edge % 2) })
      .toBuffer();
  const { groups } = await find([await even(80, 64), await even(81, 64), await even(80, 65), await even(80, 64)]);
  expect(groups.filter((group) => group === undefined)).toHaveLength(3 - 1 + 0);
});
