import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileBytes } from './byte-source.ts';
import { digestFile, HashedFile } from './hashed-file.ts';
import { inOrder } from './in-order.ts';
import { timesOpen } from './open-files.fixture.ts';
import { refuseSpecialFile, refuseSpecialFilesIn } from './special-files.ts';

let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-reading-'));
  path = join(root, 'file');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a file in pieces', () => {
  it('has no bytes beyond its ends, and is open until it is closed', async () => {
    await writeFile(path, Uint8Array.of(5, 6, 7));
    const file = await openFileBytes(path);
    expect((await file.slice(2, 1)).byteLength).toBe(0);
    expect((await file.slice(3)).byteLength).toBe(0);
    expect((await file.slice(9, 12)).byteLength).toBe(0);
    expect([...new Uint8Array(await file.slice(2, 3))]).toEqual([7]);
    if (process.platform === 'linux') expect(timesOpen(path)).toBe(1);
    await truncate(path, 1);
    await expect(file.slice(0)).rejects.toThrow(new RangeError(`${path} ends at byte 1`));
    await expect(file.slice(2)).rejects.toThrow(new RangeError(`${path} ends at byte 2`));
    await file.close();
    expect(timesOpen(path)).toBe(0);
  });

  it('is none where nothing is, or a pipe', async () => {
    await expect(openFileBytes(path)).rejects.toMatchObject({ code: 'ENOENT' });
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [path]);
    await expect(openFileBytes(path)).rejects.toMatchObject({ code: 'source-unusable' });
  });
});

describe('a digest', () => {
  it('is of regular files', async () => {
    await expect(digestFile(root)).rejects.toMatchObject({ code: 'ENOTSUP', path: root });
    await expect(digestFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path, '');
    // SHA-256 of nothing, FIPS 180-2.
    const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(await digestFile(path)).toEqual({ bytes: 0, sha256, chunks: '' });
    expect(timesOpen(path)).toBe(0);
  });

  it('is of a file that grows, which is closed when it is finished, and when it cannot be', async () => {
    const whole = await HashedFile.create(path);
    await whole.append(Uint8Array.of(1, 2));
    expect([whole.bytes, (await stat(path)).size]).toEqual([2, 0]);
    expect((await whole.finish()).bytes).toBe(2);
    expect([...(await readFile(path))]).toEqual([1, 2]);
    expect(timesOpen(path)).toBe(0);
    const other = await HashedFile.create(join(root, 'other'));
    await other.append(Uint8Array.of(1));
    await other.close();
    await expect(other.finish()).rejects.toThrow();
    expect(await readFile(join(root, 'other'))).toHaveLength(0);
  });

  it('is of what is written about the end of the buffer', async () => {
    const size = 1 << 20;
    const file = await HashedFile.create(path);
    const written = [size - 1, 1, 1, size - 1, size, 1, size + 1, 3].map((n, i) => new Uint8Array(n).fill(i + 1));
    for (const piece of written) await file.append(piece);
    const digest = await file.finish();
    expect((await readFile(path)).equals(Buffer.concat(written))).toBe(true);
    expect(await digestFile(path)).toEqual(digest);
  });
});

describe('work in order', () => {
  it('begins as much as it may before the first result, and no more', async () => {
    for (const width of [1, 3]) {
      const started: number[] = [];
      const release: (() => void)[] = [];
      const results = inOrder([0, 1, 2, 3, 4], width, async (item) => {
        started.push(item);
        await new Promise<void>((done) => release.push(done));
        return item * 10;
      });
      const first = results.next();
      await new Promise(setImmediate);
      expect(started).toEqual([0, 1, 2].slice(0, width));
      for (const done of release) done();
      expect(await first).toEqual({ done: false, value: 0 });
      await results.return();
    }
  });

  it('is waited for when its reader stops', async () => {
    let inWork = 0;
    for await (const _ of inOrder([1, 2, 3, 4], 4, async (item) => {
      inWork++;
      await new Promise((done) => setTimeout(done, item));
      inWork--;
    }))
      break;
    expect(inWork).toBe(0);
  });
});

describe.skipIf(process.platform === 'win32')('a pipe in a folder', () => {
  it('is refused at its top and one folder below, by a link as well', async () => {
    const refused = { code: 'index-damaged' };
    execFileSync('mkfifo', [path]);
    await expect(refuseSpecialFilesIn(root)).rejects.toMatchObject({ ...refused, details: { path } });
    for (const inner of ['a', 'a/b']) {
      await rm(path);
      await mkdir(join(root, inner));
      path = join(root, inner, 'pipe');
      execFileSync('mkfifo', [path]);
      if (inner === 'a')
        await expect(refuseSpecialFilesIn(root)).rejects.toMatchObject({ ...refused, details: { path } });
    }
    // Deeper there are no folders in an index.
    await refuseSpecialFilesIn(root);
    await symlink(path, join(root, 'link'));
    await expect(refuseSpecialFilesIn(root)).rejects.toMatchObject({
      ...refused,
      details: { path: join(root, 'link') },
    });
    await refuseSpecialFilesIn(join(root, 'none'));
  });

  it('is refused as a source unless another code is given', async () => {
    execFileSync('mkfifo', [path]);
    await expect(refuseSpecialFile(path)).rejects.toMatchObject({
      code: 'source-unusable',
      hint: expect.stringContaining('name a regular file'),
      details: { path },
    });
  });
});
