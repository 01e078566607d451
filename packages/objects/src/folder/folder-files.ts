import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fromFileSystem, isSystemError, NeurodexError } from '@neurodex/core';
import type { ObjectStat } from '../object-store.ts';

/** Up to this many bytes an etag is a digest of the content; beyond, it is what the file system says of the file. */
const DIGESTED_BYTES = 1 << 20;
const BUFFER_BYTES = 1 << 20;

/** What the file system refuses, in our words. @param place the folder of the store */
export function fromFolder(error: unknown, path: string, place: string): unknown {
  if (!isSystemError(error)) return error;
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return fromFileSystem(error, path);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new NeurodexError('store-denied', `${path} may not be used (${code})`, {
      hint: `ask for the permission to read and write in ${place}, or choose another place`,
      details: { place, path },
      cause: error,
    });
  }
  if (code === 'EISDIR' || code === 'ENOTDIR') {
    return new NeurodexError(
      'store-refused',
      `${path} cannot be used: a store in a folder holds no object below another (${code})`,
      {
        hint: 'choose another key, or delete the object whose key is a part of this one',
        details: { place, path },
        cause: error,
      },
    );
  }
  return new NeurodexError('store-refused', `${path} cannot be used (${code})`, {
    hint: `look at ${place} and its disk, or choose another place`,
    details: { place, path },
    cause: error,
  });
}

/** Opens the file of an object; undefined where there is none. A link, a pipe or a device is no object. */
export async function openObject(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    // A pipe would keep waiting whoever opens it.
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  const found = await handle.stat();
  if (found.isFile()) return handle;
  await handle.close();
  if (found.isDirectory()) return undefined;
  throw Object.assign(new Error(`${path} is no regular file`), { code: 'ENOTSUP', syscall: 'open', path });
}

/** Whether an error says that there is no such file. */
export const isAbsent = (error: unknown): boolean => {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
};

/** Removes a folder that holds nothing but empty folders: deleted objects leave those of their keys. Anything else stays. */
export async function removeEmptyFolders(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  for (const { name } of await readdir(path, { withFileTypes: true })) await removeEmptyFolders(join(path, name));
  await rmdir(path).catch(() => {});
}

/** Size and etag of an open file, which nobody writes to. */
export async function statOpen(handle: FileHandle): Promise<ObjectStat> {
  const { size, mtimeNs, ino } = await handle.stat({ bigint: true });
  const bytes = Number(size);
  if (bytes > DIGESTED_BYTES)
    return { bytes, etag: `${ino.toString(16)}-${bytes.toString(16)}-${mtimeNs.toString(16)}` };
  const content = await readRange(handle, 0, bytes);
  return { bytes, etag: createHash('sha256').update(content).digest('hex') };
}

/** Bytes `start` up to, not including, `end`, or up to the end of the file. */
export async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const content = new Uint8Array(Math.max(0, end - start));
  let done = 0;
  while (done < content.length) {
    const { bytesRead } = await handle.read(content, done, content.length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return content.subarray(0, done);
}

/** The bytes of an open file from its start, a piece at a time; each piece is used before the next is asked for. */
export async function* piecesOfFile(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
