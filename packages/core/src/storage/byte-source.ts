import { open } from 'node:fs/promises';
import { refuseSpecialFile } from './special-files.ts';

/** Bytes that are read in pieces: a file here; hyparquet's AsyncBuffer has the same shape. */
export interface ByteSource {
  /** How many there are. */
  readonly byteLength: number;
  /** Bytes `start` up to, not including, `end` (default: the end). */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  /** Frees what it holds. */
  close(): Promise<void>;
}

/** Opens bytes that can be read from any place. */
export type OpenBytes = (path: string) => Promise<ByteSource>;

/**
 * One open file. Errors of the file system are thrown as they are: only the caller knows what the file is.
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { openFileBytes } from '@neurodex/core/storage';
 *
 * writeFileSync('colours.txt', 'red green');
 * const file = await openFileBytes('colours.txt');
 * console.log(file.byteLength, Buffer.from(await file.slice(4)).toString()); // → 9 green
 * await file.close();
 * ```
 */
export const openFileBytes: OpenBytes = async (path) => {
  await refuseSpecialFile(path);
  const handle = await open(path, 'r');
  let byteLength: number;
  try {
    byteLength = (await handle.stat()).size;
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) throw new RangeError(`${path} ends at byte ${start + done}`);
        done += bytesRead;
      }
      return bytes.buffer;
    },
    close: () => handle.close(),
  };
};
