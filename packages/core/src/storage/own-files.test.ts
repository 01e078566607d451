import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimNames, PROGRAM_MARK, refuseForeignFile, writeMarkedFile } from './own-files.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-own-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const plain = Buffer.from('<svg/>');
const marked = Buffer.from(`<svg><!-- ${PROGRAM_MARK} --></svg>`);

it('writes over what the program wrote, and over nothing else', async () => {
  const path = join(root, 'drawn.svg');
  await writeMarkedFile(path, marked);
  await writeMarkedFile(path, marked);
  expect(await readFile(path)).toEqual(marked);
  await writeFile(path, plain);
  await expect(writeMarkedFile(path, marked)).rejects.toMatchObject({ code: 'output-exists' });
  expect(await readFile(path)).toEqual(plain);
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
