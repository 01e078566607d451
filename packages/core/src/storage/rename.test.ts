import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAUSES, renamePath } from './rename.ts';

/** A disk that refuses to rename for a while. */
function busyDisk(code: string, times: number) {
  const pauses: number[] = [];
  let calls = 0;
  return {
    pauses,
    calls: () => calls,
    options: {
      files: {
        async rename() {
          if (calls++ < times) throw Object.assign(new Error(code), { code });
        },
      },
      pause: async (milliseconds: number) => void pauses.push(milliseconds),
    },
  };
}

describe('another name', () => {
  it('replaces a file in one step', async () => {
    const root = await mkdtemp(join(tmpdir(), 'neurodex-rename-'));
    try {
      await writeFile(join(root, 'a'), 'new');
      await writeFile(join(root, 'b'), 'old');
      await renamePath(join(root, 'a'), join(root, 'b'));
      expect([await readdir(root), await readFile(join(root, 'b'), 'utf8')]).toEqual([['b'], 'new']);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it.each(['EPERM', 'EACCES', 'EBUSY'])(
    'is waited for on Windows, where a file is open elsewhere: %s',
    async (code) => {
      const disk = busyDisk(code, 3);
      await renamePath('a', 'b', { platform: 'win32', ...disk.options });
      expect([disk.calls(), disk.pauses]).toEqual([4, PAUSES.slice(0, 3)]);
    },
  );

  it('is given up on Windows after all pauses', async () => {
    const disk = busyDisk('EPERM', Number.POSITIVE_INFINITY);
    await expect(renamePath('a', 'b', { platform: 'win32', ...disk.options })).rejects.toMatchObject({ code: 'EPERM' });
    expect([disk.calls(), disk.pauses]).toEqual([PAUSES.length + 1, [...PAUSES]]);
  });

  it.each([
    ['win32', 'ENOENT'],
    ['win32', 'ENOTEMPTY'],
    ['linux', 'EPERM'],
    ['darwin', 'EBUSY'],
  ] as const)('is tried once on %s where the system says %s', async (platform, code) => {
    const disk = busyDisk(code, 1);
    await expect(renamePath('a', 'b', { platform, ...disk.options })).rejects.toMatchObject({ code });
    expect([disk.calls(), disk.pauses]).toEqual([1, []]);
  });
});
