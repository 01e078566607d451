import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refuseSpecialFile, refuseSpecialFilesIn } from './special-files.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-special-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it.skipIf(process.platform === 'win32')('refuses pipes, sockets and devices by what they are', async () => {
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const server = createServer().listen(join(root, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  for (const [name, kind] of [
    [join(root, 'pipe'), 'a pipe'],
    [join(root, 'socket'), 'a socket'],
    ['/dev/zero', 'a device'],
  ] as const) {
    await expect(refuseSpecialFile(name, 'config-unreadable')).rejects.toMatchObject({
      code: 'config-unreadable',
      message: `${name} is ${kind}, not a regular file`,
    });
  }
  await new Promise((resolve) => server.close(resolve));
  await writeFile(join(root, 'file'), '');
  for (const name of ['file', 'gone', '.']) await refuseSpecialFile(join(root, name));
  await mkdir(join(root, 'index', 'catalogue'), { recursive: true });
  await refuseSpecialFilesIn(join(root, 'index'));
  execFileSync('mkfifo', [join(root, 'index', 'catalogue', 'pixels.u8')]);
  await expect(refuseSpecialFilesIn(join(root, 'index'))).rejects.toMatchObject({ code: 'index-damaged' });
});
