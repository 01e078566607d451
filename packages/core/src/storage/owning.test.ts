import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readFileSizes } from './file-list.ts';
import { type FolderMaker, makeFolder } from './make-folder.ts';
import { timesOpen } from './open-files.fixture.ts';
import { claimNames, PROGRAM_MARK, refuseForeignFile, writeMarkedFile } from './own-files.ts';
import { realPlace, refusePlace, refuseSource } from './places.ts';

vi.mock('node:os', async (original) => {
  const real = await original<typeof import('node:os')>();
  return { ...real, homedir: vi.fn(real.homedir) };
});

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'neurodex-owning-')));
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.mocked(homedir).mockReset();
  await rm(root, { recursive: true, force: true });
});

describe('a file of somebody else', () => {
  const refused = (path: string, what: string) =>
    expect(refuseForeignFile(path)).rejects.toMatchObject({
      code: 'output-exists',
      message: `${path} ${what}, so it is not written over`,
      hint: expect.stringContaining('another name'),
      details: { path },
    });

  it('is not written over, for what it is', async () => {
    const path = join(root, 'file');
    await refuseForeignFile(path);
    await writeFile(path, 'x');
    await refused(path, 'is there already, and Neurodex did not write it');
    await refused(root, 'is a folder');
    if (process.platform === 'linux') await refused('/dev/null', 'is not a regular file');
    await symlink(path, join(root, 'link'));
    await refused(join(root, 'link'), 'is a symbolic link');
    await expect(refuseForeignFile(join(path, 'inner'))).rejects.toMatchObject({ code: 'output-unwritable' });
    expect(timesOpen(path)).toBe(0);
  });

  it('has no mark in its first 4096 bytes', async () => {
    const path = join(root, 'file');
    const before = 4096 - PROGRAM_MARK.length;
    await writeFile(path, ' '.repeat(before) + PROGRAM_MARK);
    await refuseForeignFile(path);
    await writeMarkedFile(path, PROGRAM_MARK);
    expect(await readFile(path, 'utf8')).toBe(PROGRAM_MARK);
    await writeFile(path, ' '.repeat(before + 1) + PROGRAM_MARK);
    await refused(path, 'is there already, and Neurodex did not write it');
  });
});

it('names are claimed in a folder that is made for them, and added to those that are claimed already', async () => {
  const folder = join(root, 'a', 'b');
  const names = async () => (await readFileSizes(folder))?.map(({ file }) => file);
  await claimNames(folder, ['x']);
  expect(await names()).toEqual(['x']);
  await claimNames(folder, ['y', 'x']);
  expect(await names()).toEqual(['y', 'x']);
  const before = (await stat(join(folder, 'files.json'))).ino;
  await claimNames(folder, ['x', 'y']);
  // Nothing is new, and nothing is written.
  expect((await stat(join(folder, 'files.json'))).ino).toBe(before);
  await writeFile(join(folder, 'z'), '');
  await expect(claimNames(folder, ['z'])).rejects.toMatchObject({
    message: `${join(folder, 'z')} is there already, and Neurodex did not write it`,
    hint: expect.stringContaining('choose another folder'),
    details: { path: join(folder, 'z') },
  });
  expect(await names()).toEqual(['y', 'x']);
  await symlink(join(root, 'nowhere'), join(folder, 'broken'));
  await expect(claimNames(folder, ['broken'])).rejects.toMatchObject({ code: 'output-exists' });
});

describe('a place', () => {
  it('has no links in it, as far as it is there', async () => {
    await mkdir(join(root, 'real'));
    await symlink(join(root, 'real'), join(root, 'link'));
    expect(await realPlace(join(root, 'link', 'a', 'b'))).toBe(join(root, 'real', 'a', 'b'));
    expect(await realPlace(join(root, 'none', '..', 'link'))).toBe(join(root, 'real'));
    expect(await realPlace('/')).toBe('/');
    expect(await realPlace(relative(process.cwd(), root))).toBe(root);
  });

  it('is not in a source whose name only begins alike, and names of data sets are none', async () => {
    await mkdir(join(root, 'pictures'));
    const source = join(root, 'pictures');
    for (const out of ['pictures2', 'picture', 'pic']) await refusePlace(join(root, out), [source]);
    await refuseSource(join(process.cwd(), 'mnist', 'index'), ['mnist']);
    await expect(refuseSource(join(root, 'index'), ['mnist', '/'])).rejects.toMatchObject({
      code: 'usage',
      message: `${join(root, 'index')} is inside the source /, so nothing is written there`,
      hint: expect.stringContaining('a folder of its own'),
      details: { path: join(root, 'index'), other: '/' },
    });
    const said = async (out: string) => (await refuseSource(out, [source]).catch((error) => error)).message;
    expect(await said(source)).toBe(`${source} is the source itself, so nothing is written there`);
    expect(await said(root)).toBe(`${root} holds the source ${source}, so nothing is written there`);
  });

  it('is compared with the home folder and the working directory where there are any', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue('/');
    vi.mocked(homedir).mockReturnValue(join(root, 'home'));
    const refused = (out: string, message: string) =>
      expect(refusePlace(out)).rejects.toMatchObject({
        code: 'usage',
        message: `${out} ${message}, so nothing is written there`,
      });
    await refused(join(root, 'home'), 'is your home folder');
    await refused(root, 'holds your home folder');
    await refusePlace(join(root, 'home', 'index'));
    await refusePlace(join(root, 'home2'));
    vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    });
    await refusePlace(join(root, 'home', 'index'));
    await refused(join(root, 'home'), 'is your home folder');
    vi.mocked(homedir).mockReturnValue('');
    await refusePlace(join(root, 'home'));
  });
});

describe('a folder that is made', () => {
  const failing = (code: string, first: () => Promise<unknown> = async () => {}): FolderMaker => ({
    ...disk,
    mkdir: (async (path: string) => {
      await first();
      throw Object.assign(new Error(code), { code, path });
    }) as unknown as typeof disk.mkdir,
  });

  it('may be made by another process in the meantime, but not a file', async () => {
    const path = join(root, 'a');
    await makeFolder(
      path,
      failing('EEXIST', () => mkdir(path)),
    );
    await rm(path, { recursive: true });
    await expect(
      makeFolder(
        path,
        failing('EEXIST', () => writeFile(path, '')),
      ),
    ).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('is told of under the name that somebody gave', async () => {
    for (const [code, message] of [
      ['ENOENT', 'the file system there takes no new folders'],
      ['EACCES', 'cannot be written (EACCES)'],
    ] as const) {
      const error = await makeFolder(join(root, 'a'), failing(code), 'given').catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'output-unwritable', message: expect.stringContaining(message) });
      expect(error.message).toMatch(/^given /);
    }
  });

  it('is made from the outside inwards, once each', async () => {
    const made: string[] = [];
    const files: FolderMaker = {
      ...disk,
      mkdir: (async (path: string) => {
        made.push(relative(root, path));
        await disk.mkdir(path);
      }) as unknown as typeof disk.mkdir,
    };
    await makeFolder(join(root, 'a', 'b'), files);
    await makeFolder(join(root, 'a', 'b', 'c'), files);
    await makeFolder(join(root, 'a'), files);
    expect(made).toEqual(['a', join('a', 'b'), join('a', 'b', 'c')]);
    expect(await readdir(dirname(root))).toContain(basename(root));
  });

  it('is looked for no further than to the root', async () => {
    const files: FolderMaker = {
      ...disk,
      stat: (async () =>
        Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' }))) as unknown as typeof disk.stat,
    };
    await expect(makeFolder(join(root, 'a'), files)).rejects.toMatchObject({ code: 'output-unwritable' });
  });
});
