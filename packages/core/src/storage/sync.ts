import * as disk from 'node:fs/promises';
import { join } from 'node:path';

/** What writing needs of `node:fs/promises`; tests hand in one that fails. */
export type FileSystem = Pick<typeof disk, 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'stat'>;

/**
 * Has everything in a folder reach the disk: its files, their names, and the folders within it.
 * @throws as `open` of `node:fs/promises`
 * @example
 * ```ts
 * import * as disk from 'node:fs/promises';
 * import { basename } from 'node:path';
 * import { syncTree } from '@neurodex/core/storage';
 *
 * await disk.mkdir('out/names', { recursive: true });
 * await disk.writeFile('out/names/cats.txt', 'Tom\n');
 * const opened: string[] = [];
 * const open: typeof disk.open = async (path, flags) => {
 *   opened.push(basename(path.toString()));
 *   return await disk.open(path, flags);
 * };
 * await syncTree('out', { ...disk, open }); // after it, a power cut takes none of it
 * console.log(opened); // → [ 'cats.txt', 'names', 'out' ]
 * ```
 */
export async function syncTree(folder: string, files: FileSystem = disk): Promise<void> {
  for (const entry of await files.readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path, files);
    else if (entry.isFile()) await syncPath(path, 'r+', files);
  }
  await syncFolder(folder, files);
}

/**
 * Has the names in a folder reach the disk, after a file was made, renamed or deleted in it.
 * @throws as `open` of `node:fs/promises`
 * @example
 * ```ts
 * import { renameSync, writeFileSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { syncFolder } from '@neurodex/core/storage';
 *
 * writeFileSync('colours.new', 'red');
 * renameSync('colours.new', 'colours.txt');
 * await syncFolder('.'); // after it, a power cut does not bring the old name back
 * await syncFolder('none').catch((error) => console.log(errorCode(error))); // → ENOENT
 * ```
 */
export async function syncFolder(folder: string, files: FileSystem = disk): Promise<void> {
  // Windows cannot open a folder, and does not need to: its renames are journalled.
  if (process.platform !== 'win32') await syncPath(folder, 'r', files);
}

async function syncPath(path: string, flags: string, files: FileSystem): Promise<void> {
  const handle = await files.open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
