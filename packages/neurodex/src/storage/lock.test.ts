import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile, refuseLocked } from './lock.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The number of a process that has ended. */
const deadProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const holder = (changes: object = {}) =>
  JSON.stringify({ pid: process.pid, host: hostname(), since: '2026-01-02T03:04:05.000Z', token: 'other', ...changes });

describe('lockFile', () => {
  it('is held by one at a time, who is named, and free again afterwards', async () => {
    const lock = await lockFile(path);
    await expect(lockFile(path)).rejects.toMatchObject({
      code: 'run-locked',
      message: expect.stringContaining(`process ${process.pid} on this machine`),
      hint: expect.stringContaining(path),
    });
    await expect(refuseLocked(path)).rejects.toMatchObject({ code: 'run-locked' });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await refuseLocked(path);
    await (await lockFile(path)).release();
  });

  it('is taken over from a process that has ended, or that was another one with the same number', async () => {
    await writeFile(path, holder({ pid: deadProcess() }));
    const first = await lockFile(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await first.release();
    if (process.platform !== 'linux') return;
    await writeFile(path, holder({ process: 'an earlier boot 12345' }));
    await (await lockFile(path)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('of another machine is believed', async () => {
    await writeFile(path, holder({ host: 'elsewhere', pid: deadProcess() }));
    await expect(lockFile(path)).rejects.toMatchObject({
      code: 'run-locked',
      message: expect.stringContaining('on elsewhere, since 2026-01-02'),
    });
  });

  it('that names nobody counts while it may still be being written', async () => {
    await writeFile(path, '');
    await expect(lockFile(path)).rejects.toMatchObject({ code: 'run-locked' });
    await utimes(path, new Date(0), new Date(0));
    await (await lockFile(path)).release();
  });

  it('goes to one only of many that find the same lock left behind', async () => {
    await writeFile(path, holder({ pid: deadProcess() }));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFile(path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('is not released by who does not hold it any more', async () => {
    const lock = await lockFile(path);
    await writeFile(path, holder());
    await lock.release();
    expect(await readdir(folder)).toEqual(['lock']);
  });
});
