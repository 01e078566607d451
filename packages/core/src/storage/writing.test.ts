import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolder, type FileSystem, inWordsOf, syncTree, throwIfInterrupted, writeAtomically } from './atomic.ts';
import { timesOpen } from './open-files.fixture.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-writing-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const failure = (code: string, path?: string) => Object.assign(new Error(code), { code, path });

it('only a signal that was given interrupts, and says why', () => {
  const controller = new AbortController();
  throwIfInterrupted(undefined);
  throwIfInterrupted(controller.signal);
  controller.abort('enough');
  expect(() => throwIfInterrupted(controller.signal)).toThrow(
    expect.objectContaining({ code: 'interrupted', message: 'interrupted', cause: 'enough' }),
  );
});

describe('a refusal of the file system', () => {
  it.each([
    [undefined, true],
    ['/a/index.partial-1', true],
    ['/a/index.partial-1/x/y', true],
    ['/a/index', true],
    ['/a', true],
    ['/a/index.partial-12', false],
    ['/a/index/x', false],
    ['/a/other', false],
    ['/', false],
  ])('about %s is about the target: %j', (path, ours) => {
    const error = failure('EACCES', path);
    const said = inWordsOf(error, '/a/index.partial-1', '/a/index');
    if (ours) expect(said).toMatchObject({ code: 'output-unwritable', message: '/a/index cannot be written (EACCES)' });
    else expect(said).toBe(error);
  });

  it('is told from what is none', () => {
    const bug = new TypeError('a bug');
    for (const error of [bug, null, undefined]) expect(inWordsOf(error, '/a/b', '/a/c')).toBe(error);
  });
});

describe('a file that is written in pieces', () => {
  const path = () => join(root, 'file');

  it('is there when the last of them is', async () => {
    await writeAtomically(path(), async (handle) => {
      await handle.write('one, ');
      expect(await readdir(root)).toEqual([expect.stringMatching(/^file\.partial-\d+-[0-9a-f]{6}$/)]);
      await handle.write('two');
    });
    expect(await readFile(path(), 'utf8')).toBe('one, two');
    expect(await readdir(root)).toEqual(['file']);
  });

  it('is not there after an error, which is told of the file, and nothing stays open', async () => {
    for (const [error, said] of [
      [failure('ENOSPC'), { code: 'disk-full', message: expect.stringContaining(path()) }],
      [new TypeError('a bug'), { message: 'a bug' }],
    ] as const) {
      let inside = '';
      const written = writeAtomically(path(), async () => {
        inside = join(root, (await readdir(root))[0] ?? '', 'file');
        throw error;
      });
      await expect(written).rejects.toMatchObject(said);
      expect(timesOpen(inside)).toBe(0);
      expect(await readdir(root)).toEqual([]);
    }
    await expect(writeAtomically(join(root, 'none', 'file'), async () => {})).rejects.toMatchObject({
      code: 'output-unwritable',
      message: expect.stringContaining(join(root, 'none', 'file')),
    });
  });
});

describe('a folder of a kind of its own', () => {
  const target = () => join(root, 'site');
  const fill = async (folder: string): Promise<void> => writeFile(join(folder, 'page.html'), 'x');

  it('has no list of files where something else tells them', async () => {
    await createFolder(target(), { lister: async () => ['page.html'] }, fill);
    expect(await readdir(target())).toEqual(['page.html']);
    const again = createFolder(target(), { force: true, lister: async () => [] }, fill);
    await expect(again).rejects.toMatchObject({ message: expect.stringContaining('holds page.html') });
    await createFolder(target(), { force: true, lister: async () => ['page.html'], marker: 'page.html' }, fill);
    expect(await readdir(root)).toEqual(['site']);
    const unmarked = createFolder(target(), { force: true, lister: async () => ['page.html'], marker: 'a' }, fill);
    await expect(unmarked).rejects.toMatchObject({ code: 'output-exists' });
  });

  it('is looked for with the files that are given', async () => {
    const files: FileSystem = {
      ...disk,
      lstat: (async () => Promise.reject(failure('EACCES', target()))) as unknown as typeof disk.lstat,
    };
    await expect(createFolder(target(), { files }, fill)).rejects.toMatchObject({ code: 'output-unwritable' });
    expect(await readdir(root)).toEqual([]);
  });

  it('is not replaced by one that could not be put in its place, in which no lock stays', async () => {
    await createFolder(target(), {}, fill);
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        await disk.rename(from, to);
        if (to === target()) throw failure('EIO', target());
      },
    };
    await rm(target(), { recursive: true });
    await expect(createFolder(target(), { files }, fill)).rejects.toMatchObject({ code: 'output-unwritable' });
    expect((await readdir(target())).sort()).toEqual(['files.json', 'page.html']);
  });
});

describe('a tree on its way to the disk', () => {
  it('has its files opened for writing, its folders for reading, and links left alone', async () => {
    if (process.platform === 'win32') return;
    await mkdir(join(root, 'inner'));
    await writeFile(join(root, 'file'), '');
    await symlink(join(root, 'nowhere'), join(root, 'link'));
    const opened: unknown[] = [];
    const files: FileSystem = {
      ...disk,
      async open(path, flags) {
        opened.push([path, flags]);
        return await disk.open(path, flags);
      },
    };
    await syncTree(root, files);
    expect(opened.slice(0, 2).sort()).toEqual([
      [join(root, 'file'), 'r+'],
      [join(root, 'inner'), 'r'],
    ]);
    expect(opened.slice(2)).toEqual([[root, 'r']]);
    expect([timesOpen(root), timesOpen(join(root, 'file'))]).toEqual([0, 0]);
  });

  it('is closed when it cannot get there', async () => {
    if (process.platform === 'win32') return;
    const files: FileSystem = {
      ...disk,
      async open(path, flags) {
        const handle = await disk.open(path, flags);
        handle.sync = async () => Promise.reject(failure('EIO'));
        return handle;
      },
    };
    await expect(syncTree(root, files)).rejects.toMatchObject({ code: 'EIO' });
    expect(timesOpen(root)).toBe(0);
  });
});
