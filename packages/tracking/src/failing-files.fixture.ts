import { readFileSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import type { TrackerFiles } from './appended-file.ts';

/** A disk that refuses, hangs or works, as a test says; a refused write leaves half of its bytes, as a full disk does. */
export function brokenDisk(trouble: { state: 'full' | 'hanging' | 'read-only' | 'sound' }): TrackerFiles {
  const refusal = (code: string, words: string) => Object.assign(new Error(words), { code });
  const check = async (): Promise<void> => {
    if (trouble.state === 'hanging') await new Promise(() => {});
    if (trouble.state === 'read-only') throw refusal('EROFS', 'read-only file system');
  };
  return {
    mkdir: async (path, options) => {
      await check();
      return await mkdir(path, options);
    },
    writeFile: async (path, bytes) => {
      await check();
      if (trouble.state === 'full') throw refusal('ENOSPC', 'no space left on device');
      await writeFile(path, bytes);
    },
    open: async (path, flags) => {
      await check();
      const handle = await open(path, flags);
      return {
        truncate: (length) => handle.truncate(length),
        close: () => handle.close(),
        // Only the form with an offset, a length and a position is used.
        write: (async (bytes: Uint8Array, offset: number, length: number, position: number) => {
          await check();
          if (trouble.state !== 'full') return await handle.write(bytes, offset, length, position);
          await handle.write(bytes, offset, Math.floor(length / 2), position);
          throw refusal('ENOSPC', 'no space left on device');
        }) as Awaited<ReturnType<TrackerFiles['open']>>['write'],
      };
    },
  };
}

/** The lines of a JSON Lines file, parsed; it must end with a whole line. */
export function readJsonLines<T>(path: string): T[] {
  const text = readFileSync(path, 'utf8');
  if (!text.endsWith('\n')) throw new Error(`${path} ends in the middle of a line`);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
