import { spawnSync } from 'node:child_process';
import * as disk from 'node:fs/promises';
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
    await writeFile(path, holder({ boot: 'an earlier one', namespace: 'other', started: '1' }));
    await (await lockFile(path)).release();
    await writeFile(path, holder({ started: '1' }));
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

  it.skipIf(process.platform !== 'linux')(
    'of another container is believed, though a process of that number has ended here, or is another one',
    async () => {
      for (const pid of [deadProcess(), process.pid, 1]) {
        await writeFile(path, holder({ pid, namespace: 'pid:[1]', started: '1' }));
        await expect(lockFile(path)).rejects.toMatchObject({
          code: 'run-locked',
          message: expect.stringContaining('in another container'),
        });
        await writeFile(path, holder({ pid, machine: 'another', started: '1' }));
        await expect(lockFile(path)).rejects.toMatchObject({ code: 'run-locked' });
      }
    },
  );

  it.each(['EMFILE', 'ENFILE', 'EACCES', 'EIO', 'ENOSPC', 'ENOMEM'])(
    'of another process stays when this one runs into %s, wherever that is',
    async (code) => {
      const failing = async (): Promise<never> => {
        throw Object.assign(new Error(code), { code });
      };
      for (const broken of ['open', 'readFile', 'stat', 'rm'] as const) {
        const text = holder();
        await writeFile(path, text);
        await expect(lockFile(path, { ...disk, [broken]: failing })).rejects.toThrow();
        expect(await readFile(path, 'utf8')).toBe(text);
        await rm(path);
        const lock = await lockFile(path, broken === 'open' ? disk : { ...disk, [broken]: failing });
        await expect(lock.release()).resolves.toBeUndefined();
        await rm(path, { force: true });
      }
    },
  );

  it('that could not be written whole is not left behind', async () => {
    const full = {
      ...disk,
      async open(...parameters: Parameters<typeof disk.open>) {
        const handle = await disk.open(...parameters);
        handle.writeFile = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
        return handle;
      },
    };
    await expect(lockFile(path, full)).rejects.toMatchObject({ code: 'disk-full' });
    expect(await readdir(folder)).toEqual([]);
  });
});
