import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeWhole } from '@neurodex/datasets/image';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKeypoints } from './keypoints.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../models/bovw/fixtures/${name}.png`, import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-keypoints-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('findKeypoints', () => {
  it('finds what OpenCV finds, at the size of the file, and draws it', async () => {
    const golden = JSON.parse(await readFile(fixture('flower').replace('.png', '.json'), 'utf8')) as {
      keypoints: { x: number; y: number }[];
    };
    const out = join(folder, 'drawn.png');
    const found = await findKeypoints({ file: fixture('flower'), out });
    expect(found.length).toBe(golden.keypoints.length);
    for (const { x, y } of golden.keypoints)
      expect(found.some((point) => Math.hypot(point.x - x, point.y - y) < 1)).toBe(true);
    expect(found[0]?.descriptor).toHaveLength(128);
    const drawn = await sharp(out).metadata();
    expect([drawn.width, drawn.height, drawn.format]).toEqual([160, 160, 'png']);
    // Circles are in colour, the photograph is grey.
    const { channels } = await sharp(out).stats();
    expect(channels[0]?.mean).not.toBeCloseTo(channels[1]?.mean as number, 1);
  });

  it('finds none in a flat picture, a black one or a single pixel', async () => {
    for (const [name, size] of [
      ['black', 64],
      ['pixel', 1],
    ] as const) {
      const file = join(folder, `${name}.png`);
      await sharp({ create: { width: size, height: size, channels: 3, background: '#000' } })
        .png()
        .toFile(file);
      expect(await findKeypoints({ file })).toEqual([]);
    }
    expect(await findKeypoints({ file: fixture('flat') })).toEqual([]);
  });

  it('names what it cannot read', async () => {
    await expect(findKeypoints({ file: join(folder, 'gone.png') })).rejects.toMatchObject({ code: 'picture-missing' });
    await writeFile(join(folder, 'text.jpg'), 'text');
    await expect(findKeypoints({ file: join(folder, 'text.jpg') })).rejects.toMatchObject({
      code: 'picture-not-an-image',
    });
    const wide = join(folder, 'wide.png');
    await sharp({ create: { width: 30_000, height: 1000, channels: 3, background: '#000' } })
      .png()
      .toFile(wide);
    await expect(findKeypoints({ file: wide })).rejects.toMatchObject({ code: 'picture-too-large' });
    await expect(
      findKeypoints({ file: fixture('china'), out: join(folder, 'no', 'such', 'folder.png') }),
    ).rejects.toThrow();
  });
});

describe('decodeWhole', () => {
  it('keeps the size, stands upright, and gives three channels whatever comes in', async () => {
    const red = sharp({ create: { width: 20, height: 10, channels: 3, background: '#f00' } });
    const options = { name: 'x', maxPixels: 1000 };
    const plain = await decodeWhole(await red.clone().png().toBuffer(), options);
    expect([plain.width, plain.height, ...plain.pixels.subarray(0, 3)]).toEqual([20, 10, 255, 0, 0]);
    const turned = await decodeWhole(await red.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(), options);
    expect([turned.width, turned.height]).toEqual([10, 20]);
    const gray = await decodeWhole(await red.clone().toColourspace('b-w').png().toBuffer(), options);
    expect(gray.pixels).toHaveLength(600);
    expect(gray.pixels[0]).toBe(gray.pixels[1]);
    const clear = await sharp({
      create: { width: 4, height: 4, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect((await decodeWhole(clear, options)).pixels.every((value) => value === 255)).toBe(true);
    await expect(decodeWhole(await red.clone().png().toBuffer(), { ...options, maxPixels: 100 })).rejects.toMatchObject(
      { code: 'picture-too-large' },
    );
  });
});
