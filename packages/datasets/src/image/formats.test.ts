import sharp from 'sharp';
import { expect, it } from 'vitest';
import { readPicture } from './decode.ts';
import { sniffFormat } from './formats.ts';
import { ACCEPTED_FILES, FORMATS, formatByName, isLossy, PICTURE_FORMATS } from './picture-formats.ts';

it('a name announces a format by its ending', () => {
  const names = ['a.JPG', 'b.jpeg', 'c.jfif', 'd.png', 'e.WebP', 'f.avif', 'g.gif', 'h.tif', 'i.tiff', 'j.txt', 'png'];
  expect(['IMG_1.HEIC', 'a.heif', 'b.HIF', 'c.CR2', 'd.3fr', '.heic', 'heic'].map(formatByName)).toEqual([
    ...['HEIC', 'HEIC', 'HEIC', 'camera raw', 'camera raw'],
    ...[null, null],
  ]);
  expect(names.map(formatByName)).toEqual([
    ...['JPEG', 'JPEG', 'JPEG', 'PNG', 'WebP', 'AVIF', 'GIF', 'TIFF', 'TIFF'],
    ...[null, null],
  ]);
});

it('PNG and TIFF keep every pixel, and other formats may not', () => {
  expect(FORMATS.filter(isLossy)).toEqual(['JPEG', 'WebP', 'AVIF', 'GIF', 'HEIC', 'camera raw']);
  expect(isLossy(null)).toBe(false);
});

it('a picture is read with the width and height of its file, upright', async () => {
  const picture = sharp({ create: { width: 30, height: 20, channels: 3, background: '#357' } });
  const options = { name: 'one', size: 16, thumbnail: 40, maxPixels: 10_000 };
  const files = [
    await picture.clone().png().toBuffer(),
    await picture.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    await picture.clone().resize(20, 20).png().toBuffer(),
  ];
  expect(files.map(sniffFormat)).toEqual(['PNG', 'JPEG', 'PNG']);
  const sizes = await Promise.all(files.map(async (bytes) => (await readPicture(bytes, options)).dimensions));
  expect(sizes).toEqual([
    { width: 30, height: 20 },
    { width: 20, height: 30 },
    { width: 20, height: 20 },
  ]);
});

it('no two formats have an ending or a media type in common, and a file field takes all of them', () => {
  const of = (key: 'extensions' | 'types'): string[] =>
    FORMATS.flatMap((format): readonly string[] => PICTURE_FORMATS[format][key]);
  for (const all of [of('extensions'), of('types')]) expect(new Set(all).size).toBe(all.length);
  expect(of('types').filter((type) => !type.startsWith('image/'))).toEqual([]);
  expect(ACCEPTED_FILES.split(',')).toEqual(expect.arrayContaining(['image/*', '.heic', '.dng', '.cr3']));
});
