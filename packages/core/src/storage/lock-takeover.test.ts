import { spawnSync } from 'node:child_process';
import * as disk from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLeftBehind, LOCK_FILE, type LockFiles, lockFile, refuseLocked } from './lock.ts';
import { timesOpen } from './open-files.fixture.ts';
import { HERE, startOf } from './processes.ts';

let folder = '';
let path = '';
let guard = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-takeover-'));
  path = join(folder, LOCK_FILE);
  guard = `${path}.takeover`;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The number of a process that has ended. */
const dead = spawnSync(process.execPath, ['-e', '']).pid;
const holder = (changes: object = {}): string =>
  JSON.stringify({ pid: process.pid, host: hostname(), since: '2026-01-02T03:04:05.000Z', token: 'other', ...changes });
const aged = async (at: string, text: string, milliseconds: number): Promise<void> => {
  await writeFile(at, text);
  const then = new Date(Date.now() - milliseconds);
  await utimes(at, then, then);
};

it('a lock says who holds it, since when, and which lock it is', async () => {
  const before = Date.now();
  const lock = await lockFile(path);
  const text = await readFile(path, 'utf8');
  const said = JSON.parse(text);
  expect(text.endsWith('}\n')).toBe(true);
  expect(said).toEqual({
    pid: process.pid,
    ...HERE,
    started: startOf(process.pid),
    since: expect.any(String),
    token: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  expect(Date.parse(said.since)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(said.since)).toBeLessThanOrEqual(Date.now());
  expect(timesOpen(path)).toBe(0);
  await expect(lockFile(path)).rejects.toMatchObject({
    message: `${folder} is in use by process ${process.pid} on this machine, since ${said.since}`,
    hint: `wait for it or stop it; if that process is gone for certain, delete ${path}`,
    details: { path, pid: process.pid, host: hostname(), since: said.since },
  });
  await lock.release();
});

it('a lock is released where its folder is now, and nowhere else', async () => {
  const lock = await lockFile(path);
  const moved = join(folder, 'moved');
  await disk.rename(path, moved);
  await lock.release();
  expect(await readdir(folder)).toEqual(['moved']);
  await lock.release(moved);
  expect(await readdir(folder)).toEqual([]);
});

describe('a lock that names nobody', () => {
  const unsound = ['', '{', '[]', 'null', '{"pid": 1}'].concat(
    [{ pid: 'x' }, { pid: 1.5 }, { host: 1 }, { token: null }].map(holder),
  );

  it.each(unsound)('counts for five seconds, and then no more: %s', async (text) => {
    for (const age of [0, 4000]) {
      await aged(path, text, age);
      await expect(refuseLocked(path)).rejects.toMatchObject({
        code: 'run-locked',
        message: `${folder} is in use by another process`,
        details: { path },
      });
      expect(await isLeftBehind(path)).toBeUndefined();
    }
    await aged(path, text, 6000);
    await refuseLocked(path);
    // Nobody's: it may be a file of another program.
    expect(await isLeftBehind(path)).toBeUndefined();
    await (await lockFile(path)).release();
  });

  it('has no details of a holder', async () => {
    await writeFile(path, '');
    const error = await refuseLocked(path).catch((thrown) => thrown);
    expect(error.details).toEqual({ path });
  });
});

it('a lock is left behind when its process has ended, however new it is', async () => {
  expect(await isLeftBehind(path)).toBeUndefined();
  await writeFile(path, holder({ pid: dead }));
  expect(await isLeftBehind(path)).toBe(true);
  await aged(path, holder(), 1e9);
  expect(await isLeftBehind(path)).toBe(false);
  await expect(isLeftBehind(join(path, 'lock'))).rejects.toMatchObject({ code: 'output-unwritable' });
});

describe.skipIf(process.platform !== 'linux')('the holder of a lock', () => {
  it.each([
    ['this machine', {}],
    ['this machine', { machine: null, namespace: null }],
    ['this machine, in another container', { namespace: 'other' }],
    ['elsewhere', { host: 'elsewhere' }],
    ['elsewhere', { host: 'elsewhere', machine: 'other', namespace: 'other' }],
  ])('is on %s', async (place, changes) => {
    await writeFile(path, holder(changes));
    await expect(refuseLocked(path)).rejects.toMatchObject({
      message: `${folder} is in use by process ${process.pid} on ${place}, since 2026-01-02T03:04:05.000Z`,
    });
  });

  it.skipIf(HERE.machine === null)('is on another machine of that name', async () => {
    await writeFile(path, holder({ machine: 'other', namespace: 'other' }));
    await expect(refuseLocked(path)).rejects.toMatchObject({
      message: expect.stringContaining('on another machine of that name, since'),
    });
  });
});

describe('a takeover', () => {
  const stale = () => writeFile(path, holder({ pid: dead }));

  it('waits for another one that has just begun', async () => {
    await stale();
    await aged(guard, '', 4000);
    let done = false;
    const locking = lockFile(path).then((lock) => {
      done = true;
      return lock;
    });
    await setTimeout(100);
    expect(done).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(['lock', 'lock.takeover']);
    await rm(guard);
    await (await locking).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not wait for one whose process was killed within it', async () => {
    await stale();
    await aged(guard, '', 6000);
    await (await lockFile(path)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('looks again first: whoever took the lock over meanwhile keeps it', async () => {
    await stale();
    const theirs = holder({ token: 'theirs' });
    const files: LockFiles = {
      ...disk,
      async open(...parameters) {
        if (parameters[0] === guard) await writeFile(path, theirs);
        return await disk.open(...parameters);
      },
    };
    await expect(lockFile(path, files)).rejects.toMatchObject({ code: 'run-locked' });
    expect(await readFile(path, 'utf8')).toBe(theirs);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('ends with its guard taken away, whatever goes wrong', async () => {
    await stale();
    let reads = 0;
    const files: LockFiles = {
      ...disk,
      readFile: (async (...parameters: Parameters<typeof disk.readFile>) => {
        if (++reads === 2) throw Object.assign(new Error('broken'), { code: 'EIO' });
        return await disk.readFile(...parameters);
      }) as typeof disk.readFile,
    };
    await expect(lockFile(path, files)).rejects.toMatchObject({ code: 'output-unwritable' });
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('is not tried for ever', async () => {
    let tries = 0;
    const files: LockFiles = {
      ...disk,
      async open(...parameters) {
        if (parameters[0] !== path) return await disk.open(...parameters);
        tries++;
        throw Object.assign(new Error('there'), { code: 'EEXIST' });
      },
    };
    await expect(lockFile(path, files)).rejects.toMatchObject({
      code: 'run-locked',
      message: `${folder} is in use by another process`,
      hint: expect.stringContaining(guard),
      details: { path: guard },
    });
    // Ten seconds, at 20 ms each.
    expect(tries).toBe(500);
  });
});

it('what could not be written whole is closed, and what was not made here is not taken away', async () => {
  const full: LockFiles = {
    ...disk,
    async open(...parameters) {
      const handle = await disk.open(...parameters);
      handle.writeFile = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
      return handle;
    },
  };
  await expect(lockFile(path, full)).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining(path),
  });
  expect(timesOpen(path)).toBe(0);
  await expect(lockFile(join(folder, 'none', 'lock'))).rejects.toMatchObject({ code: 'output-unwritable' });
});
