import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-folders-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('makes a folder with its parents, and is content with one that is there', async () => {
  const path = join(root, 'a', 'b', 'c');
  await makeFolder(path);
  await makeFolder(path);
  expect((await stat(path)).isDirectory()).toBe(true);
  await symlink(path, join(root, 'link'));
  await makeFolder(join(root, 'link', 'd'));
  expect((await stat(join(path, 'd'))).isDirectory()).toBe(true);
});

it('says why a folder cannot be made', async () => {
  await writeFile(join(root, 'file'), '');
  await symlink(join(root, 'nowhere'), join(root, 'broken'));
  await symlink(join(root, 'circle'), join(root, 'circle'));
  const refused = (path: string, words: RegExp) =>
    expect(makeFolder(path)).rejects.toMatchObject({
      code: 'output-unwritable',
      message: expect.stringMatching(words),
    });
  await refused(join(root, 'file', 'a', 'b'), /a part of that path is a file/);
  await refused(join(root, 'file'), /a part of that path is a file/);
  await refused(join(root, 'circle', 'a'), /lead in a circle/);
  await refused(join(root, 'broken', 'a'), /broken.*cannot be/);
  await refused(join(root, 'x'.repeat(300)), /too long/);
});

it.skipIf(process.platform !== 'linux')('does not try for ever where the system makes no folders', async () => {
  await expect(makeFolder('/proc/neurodex/a/b')).rejects.toMatchObject({
    code: 'output-unwritable',
    message: expect.stringContaining('/proc/neurodex/a/b cannot be made'),
  });
});
