import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMarkedFile } from '@neurodex/core/storage';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { markedPng } from './marked-png.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-png-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('a marked picture is the same picture, and may be replaced; one without the mark is kept', async () => {
  const path = join(root, 'drawn.png');
  const create = { width: 2, height: 1, channels: 3, background: '#123456' } as const;
  const png = await sharp({ create }).png().toBuffer();
  await writeMarkedFile(path, markedPng(png));
  await writeMarkedFile(path, markedPng(png));
  expect(await sharp(path).raw().toBuffer()).toEqual(await sharp(png).raw().toBuffer());
  await writeFile(path, png);
  await expect(writeMarkedFile(path, markedPng(png))).rejects.toMatchObject({ code: 'output-exists' });
  expect(await readFile(path)).toEqual(png);
});
