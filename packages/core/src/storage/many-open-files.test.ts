import * as fs from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CheckedFile } from './checked-file.ts';
import { digestFile } from './hashed-file.ts';

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, openSync: vi.fn(real.openSync) };
});

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-many-'));
});
afterEach(() => rm(root, { recursive: true }));

it.each([
  ['EMFILE', undefined],
  ['ENFILE', undefined],
  ['EACCES', 'index-unreadable'],
])('a file that cannot be held open for %s is refused with %s', async (code, refused) => {
  const path = join(root, 'data');
  await writeFile(path, 'text');
  const listed = await digestFile(path);
  vi.mocked(fs.openSync).mockImplementationOnce(() => {
    throw Object.assign(new Error(code), { code, errno: -1, syscall: 'open' });
  });
  const hold = () => new CheckedFile(path, listed, { hold: true });
  if (refused !== undefined) {
    expect(hold).toThrow(expect.objectContaining({ code: refused }));
    return;
  }
  const file = hold();
  // It is opened whenever it is read, and compared all the same.
  expect(Buffer.from(await file.slice(0)).toString()).toBe('text');
  await writeFile(path, 'next');
  await expect(file.slice(0)).rejects.toMatchObject({ code: 'index-damaged' });
});
