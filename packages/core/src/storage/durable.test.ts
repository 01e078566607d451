import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolder, type FileSystem, syncTree, writeFileAtomically } from './atomic.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-durable-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** What reaches the disk, in order; temporary names end at their first dot. */
function recording() {
  const log: string[] = [];
  const name = (path: unknown) =>
    relative(root, String(path)).replace(/\.(partial|replaced)-\d+-[0-9a-f]+/, '.$1') || '.';
  const files: FileSystem = {
    ...disk,
    async open(path, flags) {
      const handle = await disk.open(path, flags);
      const { sync } = handle;
      handle.sync = async () => {
        log.push(`sync ${name(path)}`);
        await sync.call(handle);
      };
      return handle;
    },
    async rename(from, to) {
      log.push(`rename ${name(from)} ${name(to)}`);
      await disk.rename(from, to);
    },
  } as FileSystem;
  return { log, files };
}

describe.skipIf(process.platform === 'win32')('after a power cut', () => {
  it('a file is the old one or the whole new one: its bytes come before its name, its name before the end', async () => {
    const { log, files } = recording();
    await writeFileAtomically(join(root, 'a.json'), 'text', files);
    expect(log).toEqual(['sync a.json.partial/a.json', 'rename a.json.partial/a.json a.json', 'sync .']);
    expect(await readFile(join(root, 'a.json'), 'utf8')).toBe('text');
  });

  it('a folder holds all that is in it, however deep', async () => {
    const { log, files } = recording();
    await mkdir(join(root, 'tree', 'inner', 'empty'), { recursive: true });
    await writeFile(join(root, 'tree', 'inner', 'b'), 'b');
    await writeFile(join(root, 'tree', 'a'), 'a');
    await syncTree(join(root, 'tree'), files);
    expect([...log].sort()).toEqual([
      'sync tree',
      'sync tree/a',
      'sync tree/inner',
      'sync tree/inner/b',
      'sync tree/inner/empty',
    ]);
    // What a folder holds comes before the folder.
    expect(log.indexOf('sync tree/inner/b')).toBeLessThan(log.indexOf('sync tree/inner'));
    expect(log.at(-1)).toBe('sync tree');
  });

  it('a new folder is complete before it has its name', async () => {
    const { log, files } = recording();
    await createFolder(join(root, 'index'), { files }, async (folder) => writeFile(join(folder, 'x'), 'x'));
    const [name, end] = log.slice(-2);
    expect([name, end]).toEqual(['rename index.partial index', 'sync .']);
    expect(log.slice(0, -2)).toContain('sync index.partial/x');
    expect(log.at(-3)).toBe('sync index.partial');
  });

  it('a folder that is replaced stays until the new one has its name', async () => {
    const { log, files } = recording();
    await mkdir(join(root, 'index'));
    await createFolder(join(root, 'index'), { force: true, files }, async (folder) =>
      writeFile(join(folder, 'x'), 'x'),
    );
    expect(log.slice(-3)).toEqual(['rename index index.replaced', 'rename index.partial index', 'sync .']);
    expect(await readdir(root)).toEqual(['index']);
  });
});

describe('a folder that cannot be moved away', () => {
  it('is not replaced, and nothing is left of the new one', async () => {
    const goal = join(root, 'index');
    await mkdir(goal);
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        if (basename(String(from)) === 'index') throw Object.assign(new Error('busy'), { code: 'EBUSY', path: from });
        await disk.rename(from, to);
      },
    };
    const made = createFolder(goal, { force: true, files }, async (folder) => writeFile(join(folder, 'x'), 'x'));
    await expect(made).rejects.toThrow();
    expect([await readdir(root), await readdir(goal)]).toEqual([['index'], []]);
  });
});
