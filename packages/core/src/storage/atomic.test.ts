import { spawnSync } from 'node:child_process';
import * as disk from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFolder, type FileSystem, writeFileAtomically } from './atomic.ts';
import { noMount, onTinyDisk } from './tiny-disk.fixture.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-atomic-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const failure = (code: string, path?: string) => Object.assign(new Error(code), { code, ...(path ? { path } : {}) });

/** A disk whose files open, and refuse every byte. */
const fullDisk: FileSystem = {
  ...disk,
  async open(...parameters) {
    const handle = await disk.open(...parameters);
    handle.writeFile = async () => {
      throw failure('ENOSPC');
    };
    return handle;
  },
};

describe('writeFileAtomically', () => {
  test('writes text and bytes, replaces what was there, and leaves nothing beside it', async () => {
    const path = join(folder, 'a.json');
    await writeFileAtomically(path, 'old');
    await writeFileAtomically(path, 'größer');
    expect(await readFile(path, 'utf8')).toBe('größer');
    await writeFileAtomically(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  test('a full disk leaves the old content', async () => {
    const path = join(folder, 'a.json');
    await writeFileAtomically(path, 'old');
    await expect(writeFileAtomically(path, 'new', fullDisk)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(path),
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  test.skipIf(noMount)(`a disk that is really full leaves the old content${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const path = join(at, 'a.bin');
      await writeFileAtomically(path, 'old');
      await expect(writeFileAtomically(path, new Uint8Array(1 << 20))).rejects.toMatchObject({ code: 'disk-full' });
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(at)).toEqual(['a.bin']);
    }),
  );
});

describe('createFolder', () => {
  const target = () => join(folder, 'deep', 'index');
  const fill = (text: string) => async (temporary: string) => {
    await mkdir(join(temporary, 'inner'));
    await writeFile(join(temporary, 'inner', 'a.txt'), text);
    await writeFile(join(temporary, 'index.json'), '{}');
    return text.length;
  };
  const content = () => readFile(join(target(), 'inner', 'a.txt'), 'utf8');
  const beside = () => readdir(dirname(target()));

  test('appears only when the work is done, with its missing parents', async () => {
    const result = await createFolder(target(), {}, async (temporary) => {
      expect(temporary.startsWith(`${target()}.partial-${process.pid}`)).toBe(true);
      await expect(stat(target())).rejects.toMatchObject({ code: 'ENOENT' });
      return fill('one')(temporary);
    });
    expect(result).toBe(3);
    expect(await content()).toBe('one');
    expect(await beside()).toEqual(['index']);
    expect((await readdir(target())).sort()).toEqual(['files.json', 'index.json', 'inner']);
  });

  test('refuses an existing folder, file or broken link before any work', async () => {
    await createFolder(target(), {}, fill('one'));
    const file = join(folder, 'file');
    await writeFile(file, 'mine');
    const link = join(folder, 'link');
    await symlink(join(folder, 'nowhere'), link);
    let worked = false;
    for (const path of [target(), file, link]) {
      const made = createFolder(path, {}, async () => {
        worked = true;
      });
      await expect(made).rejects.toMatchObject({ code: 'output-exists', message: expect.stringContaining(path) });
    }
    expect(worked).toBe(false);
    expect(await content()).toBe('one');
  });

  test('force replaces, and only once the new folder is complete', async () => {
    await createFolder(target(), {}, fill('old'));
    await createFolder(target(), { force: true, marker: 'index.json' }, async (temporary) => {
      expect(await content()).toBe('old');
      await fill('new')(temporary);
    });
    expect(await content()).toBe('new');
    expect(await beside()).toEqual(['index']);
  });

  test('force replaces neither a file nor a folder without the marker, but an empty folder', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'mine');
    const photos = join(folder, 'photos');
    await mkdir(photos);
    await writeFile(join(photos, 'holiday.jpg'), 'mine');
    for (const path of [file, photos]) {
      await expect(createFolder(path, { force: true, marker: 'index.json' }, fill('x'))).rejects.toMatchObject({
        code: 'output-exists',
      });
    }
    expect(await readFile(join(photos, 'holiday.jpg'), 'utf8')).toBe('mine');
    await mkdir(target(), { recursive: true });
    await createFolder(target(), { force: true, marker: 'index.json' }, fill('x'));
    expect(await content()).toBe('x');
  });

  test('force replaces nothing that the program did not make: not before the work, and not after it', async () => {
    const force = { force: true, marker: 'index.json' };
    await createFolder(target(), {}, fill('old'));
    for (const other of ['CNAME', '.git/config', 'inner/mine.txt', 'empty/folder']) {
      const path = join(target(), other);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'mine');
      let worked = false;
      const made = createFolder(target(), force, async () => {
        worked = true;
      });
      await expect(made).rejects.toMatchObject({
        code: 'output-exists',
        message: expect.stringContaining(other.startsWith('inner') ? other : (other.split('/')[0] ?? '')),
      });
      expect(worked).toBe(false);
      expect(await readFile(path, 'utf8')).toBe('mine');
      const top = other.startsWith('inner') ? other : (other.split('/')[0] ?? '');
      await rm(join(target(), top), { recursive: true });
    }
    const late = createFolder(target(), force, async (temporary) => {
      await fill('new')(temporary);
      await writeFile(join(target(), 'late.txt'), 'mine');
    });
    await expect(late).rejects.toMatchObject({ message: expect.stringContaining('late.txt') });
    expect(await content()).toBe('old');
    expect(await beside()).toEqual(['index']);
    await rm(join(target(), 'late.txt'));
    const link = join(folder, 'link');
    await symlink(target(), link);
    await expect(createFolder(link, force, fill('new'))).rejects.toMatchObject({
      message: expect.stringContaining('symbolic link'),
    });
    await rm(join(target(), 'files.json'));
    await expect(createFolder(target(), force, fill('new'))).rejects.toMatchObject({
      message: expect.stringContaining('does not say which of its files'),
    });
    expect(await content()).toBe('old');
  });

  test('removes what a killed process left of the same target, and no more than that', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const lock = (changes: object) => JSON.stringify({ pid, host: hostname(), since: '', token: 'other', ...changes });
    const left = async (name: string, text: string) => {
      const at = join(folder, 'deep', name);
      await mkdir(at, { recursive: true });
      await writeFile(join(at, 'big.bin'), 'x');
      if (text !== '') await writeFile(join(at, 'lock'), text);
    };
    await left(`index.partial-${pid}-abc123`, lock({}));
    const kept = [
      `index.partial-${pid}-abc124`,
      `index.partial-${process.pid}-abc125`,
      `index.partial-${pid}-abc126`,
      `other.partial-${pid}-abc127`,
      'index.partial-mine',
    ];
    await left(kept[0] ?? '', '');
    await left(kept[1] ?? '', lock({ pid: process.pid }));
    await left(kept[2] ?? '', lock({ host: 'elsewhere' }));
    await left(kept[3] ?? '', lock({}));
    await left(kept[4] ?? '', lock({}));
    await createFolder(target(), {}, fill('one'));
    expect(await beside()).toEqual(['index', ...kept].sort());
    await left(`page.html.partial-${pid}-abc123`, lock({}));
    await writeFileAtomically(join(folder, 'deep', 'page.html'), 'new');
    expect((await beside()).filter((name) => name.startsWith('page'))).toEqual(['page.html']);
  });

  test('an error in the work removes what was made and keeps the old folder', async () => {
    await createFolder(target(), {}, fill('old'));
    const made = createFolder(target(), { force: true }, async (temporary) => {
      await fill('half')(temporary);
      throw new TypeError('a bug');
    });
    await expect(made).rejects.toThrow(TypeError);
    expect(await content()).toBe('old');
    expect(await beside()).toEqual(['index']);
  });

  test('a signal before the work prevents it, during the work undoes it', async () => {
    const made = createFolder(target(), { signal: AbortSignal.abort() }, fill('x'));
    await expect(made).rejects.toMatchObject({ code: 'interrupted' });
    const controller = new AbortController();
    const stopped = createFolder(target(), { signal: controller.signal }, async (temporary) => {
      await fill('x')(temporary);
      controller.abort();
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    expect(await beside()).toEqual([]);
  });

  test('the old folder comes back when the new one cannot be put in its place', async () => {
    await createFolder(target(), {}, fill('old'));
    const files: FileSystem = {
      ...disk,
      async rename(from, to) {
        if (String(from).includes('.partial-')) throw failure('EACCES', String(from));
        await disk.rename(from, to);
      },
    };
    await expect(createFolder(target(), { force: true, files }, fill('new'))).rejects.toMatchObject({
      code: 'output-unwritable',
      message: expect.stringContaining(target()),
    });
    expect(await content()).toBe('old');
    expect(await beside()).toEqual(['index']);
  });

  test('a folder that appears meanwhile is not overwritten', async () => {
    const made = createFolder(target(), {}, async (temporary) => {
      await fill('mine')(temporary);
      await createFolder(target(), {}, fill('theirs'));
    });
    await expect(made).rejects.toMatchObject({ code: 'output-exists' });
    expect(await content()).toBe('theirs');
    expect(await beside()).toEqual(['index']);
  });

  test('refusals are told of the target; those about other files stay as they are', async () => {
    const full = createFolder(target(), {}, async () => {
      throw failure('ENOSPC');
    });
    await expect(full).rejects.toMatchObject({ code: 'disk-full', message: expect.stringContaining(target()) });
    const elsewhere = createFolder(target(), {}, async () => {
      throw failure('EACCES', '/some/source.jpg');
    });
    await expect(elsewhere).rejects.toMatchObject({ code: 'EACCES' });
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(createFolder(join(file, 'index'), {}, fill('x'))).rejects.toMatchObject({ code: 'output-unwritable' });
    await expect(createFolder(join(folder, 'x'.repeat(300)), {}, fill('x'))).rejects.toMatchObject({
      code: 'output-unwritable',
    });
  });

  test.skipIf(noMount)(`a disk that is really full is left as it was${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const made = createFolder(join(at, 'index'), {}, async (temporary) => {
        for (let i = 0; i < 100; i++) await writeFile(join(temporary, `${i}`), new Uint8Array(4096));
      });
      await expect(made).rejects.toMatchObject({ code: 'disk-full' });
      expect(await readdir(at)).toEqual([]);
    }),
  );
});
