import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refusePlace } from './places.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'neurodex-places-')));
  await mkdir(join(root, 'pictures', 'class'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const refused = (out: string, words: string, sources: readonly string[] = []) =>
  expect(refusePlace(out, sources)).rejects.toMatchObject({
    code: 'usage',
    exitStatus: 2,
    message: expect.stringContaining(words),
  });

it('refuses the root, the working directory, the home folder and what holds them', async () => {
  await refused('/', 'the root');
  await refused(process.cwd(), 'is the working directory');
  await refused(dirname(process.cwd()), 'holds the working directory');
  await refused(homedir(), 'home folder');
  await symlink(process.cwd(), join(root, 'link'));
  await refused(join(root, 'link'), 'is the working directory');
  await refusePlace(join(process.cwd(), 'index'));
});

it('refuses what is, holds or lies in a source, by whatever name', async () => {
  const source = join(root, 'pictures');
  await symlink(source, join(root, 'link'));
  await refused(source, 'is the source itself', [source]);
  await refused(join(root, 'link'), 'is the source itself', [source]);
  await refused(join(root, 'link', 'new', 'index'), 'is inside the source', [source]);
  await refused(join(source, 'index'), 'is inside the source', [join(root, 'link')]);
  await refused(root, 'holds the source', [source]);
  await refusePlace(join(root, 'pictures.index'), [source, 'coco']);
});
