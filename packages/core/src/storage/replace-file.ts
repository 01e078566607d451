import { open, rm } from 'node:fs/promises';
import { fromFileSystem } from '../errors.ts';
import { renamePath } from './rename.ts';

/** What the new content is called until it is complete. */
const NEW = '.new';

/**
 * Replaces a file in one step, on the disk before this resolves. For whoever holds the lock of the folder: two at a time would
 * write into one file.
 * @throws NeurodexError `disk-full`, `output-unwritable`: the file is then as it was
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { replaceFile } from '@neurodex/core/storage';
 *
 * for (const colour of ['red', 'green']) await replaceFile('colour.txt', colour);
 * console.log(readFileSync('colour.txt', 'utf8')); // → green
 * ```
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = path + NEW;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await renamePath(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw fromFileSystem(error, path);
  }
}

/**
 * Removes what a process that was killed left of replacing a file with `replaceFile`.
 * @example
 * ```ts
 * import { readdirSync, writeFileSync } from 'node:fs';
 * import { removeTorn } from '@neurodex/core/storage';
 *
 * writeFileSync('colour.txt', 'red');
 * writeFileSync('colour.txt.new', 'gre'); // and then it was killed
 * await removeTorn('colour.txt');
 * console.log(readdirSync('.').filter((name) => name.startsWith('colour'))); // → [ 'colour.txt' ]
 * ```
 */
export const removeTorn = (path: string): Promise<void> => rm(path + NEW, { force: true });
