import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, errorMessage, type Reporter } from '@neurodex/core';
import { makeFolder } from '@neurodex/core/storage';
import { Outbox, PermanentFailure } from './outbox.ts';

/** What appending needs of `node:fs/promises`; tests hand in one that fails. */
export interface TrackerFiles {
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  open(path: string, flags: string): Promise<Pick<FileHandle, 'write' | 'truncate' | 'close'>>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
}

export const trackerFiles: TrackerFiles = { mkdir: (path) => makeFolder(path), open, writeFile };

/** A new file that grows by whole records: what a failed write left of one is cut off, and overwritten by the next try. */
export class AppendedFile {
  readonly path: string;
  private readonly files: TrackerFiles;
  private handle: Awaited<ReturnType<TrackerFiles['open']>> | undefined;
  private length = 0;

  constructor(path: string, files: TrackerFiles = trackerFiles) {
    this.path = path;
    this.files = files;
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.handle === undefined) {
      await this.files.mkdir(dirname(this.path), { recursive: true });
      this.handle = await this.files.open(this.path, 'wx');
    }
    try {
      let written = 0;
      while (written < bytes.length) {
        const left = bytes.length - written;
        written += (await this.handle.write(bytes, written, left, this.length + written)).bytesWritten;
      }
    } catch (error) {
      await this.handle.truncate(this.length).catch(() => {});
      throw error;
    }
    this.length += bytes.length;
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
  }
}

/** Bytes for the end of a file, or a whole small one. */
export interface Written {
  readonly to: AppendedFile | string;
  readonly bytes: Uint8Array;
}

/** Most bytes of one write. */
const CHUNK = 1 << 20;

/** Disk errors that go away when somebody makes room or mends a mount; any other one stays. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'ESTALE', 'EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE', 'ETIMEDOUT']);

/** Of an outbox: milliseconds that tests make shorter. */
export interface FileLimits {
  readonly farewell?: number;
  readonly interval?: number;
  readonly firstPause?: number;
}

/** Files written in the background, in the order of the pushes. */
export function fileOutbox(
  name: string,
  reporter: Reporter,
  files: TrackerFiles = trackerFiles,
  limits: FileLimits = {},
): Outbox<Written> {
  return new Outbox<Written>({
    name,
    reporter,
    sizeOf: ({ bytes }) => bytes.length + 64,
    ...limits,
    async deliver(items) {
      try {
        return await writeSome(items, files);
      } catch (error) {
        const code = errorCode(error);
        if (code !== undefined && !PASSING.has(code)) throw new PermanentFailure(errorMessage(error));
        throw error;
      }
    },
  });
}

async function writeSome(items: readonly Written[], files: TrackerFiles): Promise<number> {
  const [first] = items;
  if (first === undefined) return 0;
  const { to } = first;
  if (typeof to === 'string') {
    await files.mkdir(dirname(to), { recursive: true });
    await files.writeFile(to, first.bytes);
    return 1;
  }
  let [count, length] = [0, 0];
  for (const item of items) {
    if (item.to !== to || (count > 0 && length + item.bytes.length > CHUNK)) break;
    count++;
    length += item.bytes.length;
  }
  await to.append(Buffer.concat(items.slice(0, count).map(({ bytes }) => bytes)));
  return count;
}
