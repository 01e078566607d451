import { spawnSync } from 'node:child_process';
import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileList } from './file-list.ts';
import { putInPlace, recoverReplaced, refuseExisting } from './replace.ts';
import type { FileSystem } from './sync.ts';
import { besides, leftBehind, removeStale, Temporary } from './temporary.ts';

let root = '';
let goal = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-replace-'));
  goal = join(root, 'index');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const made = async (folder: string, text: string): Promise<string> => {
  await mkdir(folder);
  await writeFile(join(folder, 'index.json'), text);
  await writeFileList(folder);
  return folder;
};
const content = () => readFile(join(goal, 'index.json'), 'utf8');
const { pid } = spawnSync(process.execPath, ['-e', '']);
const lock = (changes: object = {}): string =>
  JSON.stringify({ pid, host: hostname(), since: '', token: 'other', ...changes });
const failure = (code: string, path?: string) => Object.assign(new Error(code), { code, path });
const failingRename = (...codes: readonly (string | undefined)[]): FileSystem => {
  let calls = 0;
  return {
    ...disk,
    async rename(from, to) {
      const code = codes[calls++];
      if (code !== undefined) throw failure(code, String(from));
      await disk.rename(from, to);
    },
  };
};

describe('what is there already', () => {
  const refused = async (message: string, hint: string, options: Parameters<typeof refuseExisting>[1]) =>
    expect(refuseExisting(goal, options)).rejects.toMatchObject({
      code: 'output-exists',
      message: `${goal} ${message}`,
      hint: expect.stringContaining(hint),
      details: { path: goal },
    });

  it('is refused for what it is', async () => {
    await refuseExisting(goal, { force: false });
    await made(goal, 'old');
    await refused('already exists', '--force', { force: false });
    await refuseExisting(goal, { force: true, marker: 'index.json' });
    await refuseExisting(goal, { force: true });
    await refused('holds other things (there is no run.json in it), so it is not replaced', 'delete that folder', {
      force: true,
      marker: 'run.json',
    });
    await refused('does not say which of its files Neurodex made, so it is not replaced', 'delete that folder', {
      force: true,
      lister: async () => undefined,
    });
    await expect(refuseExisting(goal, { force: true, lister: async () => ['index.json'] })).rejects.toMatchObject({
      message: `${goal} holds files.json, which Neurodex did not write, so it is not replaced`,
    });
    await rm(goal, { recursive: true });
    await symlink(root, goal);
    await refused('is a symbolic link, so it is not replaced', 'name the folder', { force: true });
    await rm(goal);
    await writeFile(goal, '');
    await refused('is not a folder, so it is not replaced', 'another name', { force: true });
    await expect(refuseExisting(join(goal, 'inner'), { force: true })).rejects.toMatchObject({
      code: 'output-unwritable',
    });
  });

  it('is replaced where it is empty, whoever made it', async () => {
    await mkdir(goal);
    await refuseExisting(goal, { force: true, marker: 'index.json', lister: async () => undefined });
  });
});

describe('a folder that gets its name', () => {
  it('takes an empty place, with force or without', async () => {
    await putInPlace(await made(join(root, 'new'), 'one'), goal, { force: false });
    await rm(goal, { recursive: true });
    await putInPlace(await made(join(root, 'new'), 'two'), goal, { force: true });
    expect(await content()).toBe('two');
    expect(await readdir(root)).toEqual(['index']);
  });

  it.each(['ENOTEMPTY', 'EEXIST', 'ENOTDIR'])('finds that somebody else has it: %s', async (code) => {
    const temporary = await made(join(root, 'new'), 'new');
    await expect(putInPlace(temporary, goal, { force: false, files: failingRename(code) })).rejects.toMatchObject({
      code: 'output-exists',
      message: `${goal} was made by someone else in the meantime`,
      details: { path: goal },
      cause: expect.objectContaining({ code }),
    });
    const other = putInPlace(temporary, goal, { force: false, files: failingRename('EIO') });
    await expect(other).rejects.toMatchObject({ code: 'EIO' });
  });

  it('gives it back where it cannot keep it, without a lock', async () => {
    await made(goal, 'old');
    const temporary = await made(join(root, 'new'), 'new');
    for (const codes of [['EIO'], [undefined, 'EIO']]) {
      const put = putInPlace(temporary, goal, { force: true, files: failingRename(...codes) });
      await expect(put).rejects.toMatchObject({ code: 'EIO' });
      expect(await content()).toBe('old');
      expect((await readdir(root)).sort()).toEqual(['index', 'new']);
      expect((await readdir(goal)).sort()).toEqual(['files.json', 'index.json']);
    }
  });

  it('has it even if not all of the old one can be deleted, which is said', async () => {
    await made(goal, 'old');
    const temporary = await made(join(root, 'new'), 'new');
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        if (from === goal) await writeFile(join(goal, 'mine.txt'), 'mine');
        await disk.rename(from, to);
      },
    };
    const error = await putInPlace(temporary, goal, { force: true, files }).catch((thrown) => thrown);
    const old = join(root, (await readdir(root)).find((name) => name !== 'index') ?? '');
    expect(error).toMatchObject({
      code: 'output-unwritable',
      message: `${goal} is new and complete, but the old one holds mine.txt and stays`,
      hint: `look into ${old}, and delete it yourself`,
      details: { path: old },
    });
    expect([await content(), await readdir(old)]).toEqual(['new', ['mine.txt']]);
  });

  it('has it even if nothing of the old one can be listed', async () => {
    await made(goal, 'old');
    const temporary = await made(join(root, 'new'), 'new');
    let calls = 0;
    const lister = async () => {
      if (++calls === 2) throw failure('EIO');
      return ['files.json', 'index.json'];
    };
    await expect(putInPlace(temporary, goal, { force: true, lister })).rejects.toMatchObject({
      code: 'output-unwritable',
      message: expect.stringContaining('the old one holds files that cannot be deleted and stays'),
    });
    expect(await content()).toBe('new');
  });
});

describe('what a killed process left', () => {
  const aside = () => `${goal}.replaced-${pid}-abc123`;

  it('gets its name back, where nothing has it', async () => {
    await made(aside(), 'old');
    await writeFile(join(aside(), 'lock'), lock());
    await recoverReplaced(goal);
    expect([await content(), (await readdir(goal)).sort()]).toEqual(['old', ['files.json', 'index.json']]);
  });

  it('is deleted where its name is taken, but for what somebody else put there', async () => {
    await made(goal, 'new');
    await made(aside(), 'old');
    await writeFile(join(aside(), 'lock'), lock());
    await writeFile(join(aside(), 'mine'), '');
    await recoverReplaced(goal);
    expect([await content(), await readdir(aside())]).toEqual(['new', ['mine']]);
    await writeFile(join(aside(), 'lock'), lock());
    await recoverReplaced(goal, async () => Promise.reject(failure('EIO')));
    expect(await readdir(aside())).toEqual(['lock', 'mine']);
  });

  it('is known by its whole name and by a lock of a process that has ended', async () => {
    const left = async (name: string, text?: string) => {
      await mkdir(join(root, name));
      if (text !== undefined) await writeFile(join(root, name, 'lock'), text);
    };
    const ours = `index.partial-${pid}-0a1b2c`;
    await left(ours, lock());
    const alive = lock({ pid: process.pid });
    await left(`index.partial-${process.pid}-0a1b2c`, alive);
    await left(`index.partial-${pid}-0a1b2d`);
    for (const suffix of ['x1-0a1b2c', '1-0a1b2c.', '1-0a1b2', '1-0a1b2cd', '1-0A1B2C', '1-', '-0a1b2c', '10a1b2c'])
      await left(`index.partial-${suffix}`, lock());
    for (const name of ['xindex', 'index.', 'ndex']) await left(`${name}.partial-${pid}-0a1b2c`, lock());
    await left(`index.replaced-${pid}-0a1b2c`, lock());
    expect(await leftBehind(goal, 'partial')).toEqual([join(root, ours)]);
    expect(await leftBehind(goal, 'replaced')).toEqual([join(root, `index.replaced-${pid}-0a1b2c`)]);
    const before = (await readdir(root)).length;
    await removeStale(goal);
    expect(await readdir(root)).not.toContain(ours);
    expect((await readdir(root)).length).toBe(before - 1);
    expect(await leftBehind(join(root, 'none', 'index'), 'partial')).toEqual([]);
  });
});

describe('a temporary folder', () => {
  it('stands beside its target under a name of its own, locked until it is renamed', async () => {
    const [one, two] = [await Temporary.beside(goal), await Temporary.beside(goal)];
    expect(one.folder).toMatch(new RegExp(`^${goal}\\.partial-${process.pid}-[0-9a-f]{6}$`));
    expect(two.folder).not.toBe(one.folder);
    expect(besides(goal, 'word')).toMatch(new RegExp(`^${goal}\\.word-${process.pid}-[0-9a-f]{6}$`));
    expect(await readdir(one.folder)).toEqual(['lock']);
    await disk.rename(one.folder, goal);
    await one.releaseAt(goal);
    expect(await readdir(goal)).toEqual([]);
    await writeFile(join(two.folder, 'a'), 'a');
    await two.remove();
    await two.remove();
    expect(await readdir(root)).toEqual(['index']);
  });

  it('is not left without a lock', async () => {
    const files = {
      async mkdir(path: string) {
        await disk.mkdir(path);
        await disk.mkdir(join(path, 'lock'));
      },
    } as unknown as typeof disk;
    await expect(Temporary.beside(goal, files)).rejects.toThrow();
    // What stands in it is not ours, so that it stays.
    expect(await readdir(root)).toHaveLength(1);
    const vanishing = { mkdir: async () => undefined } as unknown as typeof disk;
    await expect(Temporary.beside(join(root, 'a'), vanishing)).rejects.toMatchObject({ code: 'output-unwritable' });
  });
});
