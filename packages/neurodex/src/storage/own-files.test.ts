import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { markedPng } from '../report/marked-png.ts';
import { claimNames, refuseForeignFile, writeMarkedFile } from './own-files.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-own-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const pixel = () =>
  sharp({ create: { width: 2, height: 1, channels: 3, background: '#123456' } })
    .png()
    .toBuffer();

it('writes over what the program wrote, and over nothing else', async () => {
  const path = join(root, 'drawn.png');
  const png = await pixel();
  await writeMarkedFile(path, markedPng(png));
  await writeMarkedFile(path, markedPng(png));
  expect(await sharp(path).raw().toBuffer()).toEqual(await sharp(png).raw().toBuffer());
  await writeFile(path, png);
  await expect(writeMarkedFile(path, markedPng(png))).rejects.toMatchObject({ code: 'output-exists' });
  expect(await readFile(path)).toEqual(png);
  await symlink(path, join(root, 'link'));
  await mkdir(join(root, 'folder'));
  for (const other of [join(root, 'link'), join(root, 'folder'), '/dev/null'])
    await expect(refuseForeignFile(other)).rejects.toMatchObject({ code: 'output-exists' });
  await writeFile(join(root, 'empty'), '');
  await refuseForeignFile(join(root, 'empty'));
});

it('claims names in a folder of others, once and for all', async () => {
  await writeFile(join(root, 'mine.txt'), 'mine');
  await claimNames(root, ['a.txt', 'b.txt']);
  await writeFile(join(root, 'a.txt'), 'ours');
  await claimNames(root, ['a.txt', 'b.txt']);
  await writeFile(join(root, 'c.txt'), 'mine');
  await expect(claimNames(root, ['a.txt', 'c.txt'])).rejects.toMatchObject({
    code: 'output-exists',
    message: expect.stringContaining('c.txt is there already'),
  });
  expect((await readdir(root)).sort()).toEqual(['a.txt', 'c.txt', 'files.json', 'mine.txt']);
  const other = join(root, 'other');
  await mkdir(other);
  await writeFile(join(other, 'files.json'), '["mine"]');
  await expect(claimNames(other, ['a.txt'])).rejects.toMatchObject({ message: expect.stringContaining('files.json') });
});
