import * as disk from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { errorCode } from '../thrown.ts';

/** What Windows says of a file or folder that another process has open at this moment: a search, a scanner for viruses, an indexer. */
const BUSY = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** Milliseconds before each further try; about four seconds in all. */
export const PAUSES = [10, 20, 40, 80, 160, 320, 640, 1280, 1280] as const;

/** How a path is renamed; tests hand in a disk that is busy. */
export interface RenameOptions {
  /** What renames. */
  readonly files?: Pick<typeof disk, 'rename'>;
  /** Of this process by default. */
  readonly platform?: NodeJS.Platform;
  /** Waits for some milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

/**
 * Gives a file or folder another name, in one step; a file of that name is replaced. Where the system refuses that while somebody reads
 * the old file (Windows), it waits a little.
 * @throws as `rename` of `node:fs/promises`
 * @example
 * ```ts
 * import { existsSync, writeFileSync } from 'node:fs';
 * import { renamePath } from '@neurodex/core/storage';
 *
 * writeFileSync('index.json.new', '{}');
 * await renamePath('index.json.new', 'index.json');
 * console.log(existsSync('index.json'), existsSync('index.json.new')); // → true false
 * ```
 */
export async function renamePath(
  from: string,
  to: string,
  { files = disk, platform = process.platform, pause = (milliseconds) => setTimeout(milliseconds) }: RenameOptions = {},
): Promise<void> {
  for (const milliseconds of platform === 'win32' ? PAUSES : []) {
    try {
      return await files.rename(from, to);
    } catch (error) {
      if (!BUSY.has(errorCode(error) ?? '')) throw error;
      await pause(milliseconds);
    }
  }
  await files.rename(from, to);
}
