import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, NeurodexError } from '../errors.ts';

/** What a path that is neither a regular file nor a folder is called; undefined for those. */
export function specialKind(found: Stats): string | undefined {
  if (found.isFile() || found.isDirectory()) return undefined;
  if (found.isFIFO()) return 'a pipe';
  if (found.isSocket()) return 'a socket';
  return 'a device';
}

/**
 * Refuses what could be read for ever, or keep who opens it waiting: a pipe, a socket, a device. It is looked at and not
 * opened. What is not there, or cannot be looked at, is left to who reads it.
 * @throws NeurodexError of the code
 * @example
 * ```ts
 * import { errorMessage } from '@neurodex/core';
 * import { refuseSpecialFile } from '@neurodex/core/storage';
 *
 * await refuseSpecialFile('cat.jpg'); // goes on
 * await refuseSpecialFile('/dev/null').catch((error) => console.log(errorMessage(error)));
 * // → /dev/null is a device, not a regular file
 * ```
 */
export async function refuseSpecialFile(path: string, code: ErrorCode = 'source-unusable'): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const kind = found === undefined ? undefined : specialKind(found);
  if (kind === undefined) return;
  throw new NeurodexError(code, `${path} is ${kind}, not a regular file`, {
    hint: 'name a regular file; what a program writes can be sent into one first',
    details: { path },
  });
}

/**
 * Refuses a folder that holds a pipe, a socket or a device, at its top or in the folders there.
 * @throws NeurodexError `index-damaged`
 * @example
 * ```ts
 * import { execFileSync } from 'node:child_process';
 * import { errorCode } from '@neurodex/core';
 * import { refuseSpecialFilesIn } from '@neurodex/core/storage';
 *
 * await refuseSpecialFilesIn('photos'); // goes on
 * execFileSync('mkfifo', ['photos/cat/pipe']);
 * await refuseSpecialFilesIn('photos').catch((error) => console.log(errorCode(error))); // → index-damaged
 * ```
 */
export async function refuseSpecialFilesIn(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) {
      if (!entry.isFile()) await refuseSpecialFile(path, 'index-damaged');
      continue;
    }
    for (const inner of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (!inner.isFile()) await refuseSpecialFile(join(path, inner.name), 'index-damaged');
    }
  }
}
