import * as disk from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fromFileSystem } from '../errors.ts';
import { errorCode } from '../thrown.ts';

/** What making a folder needs of `node:fs/promises`. */
export type FolderMaker = Pick<typeof disk, 'mkdir' | 'stat'>;

/**
 * Makes a folder and its missing parents. Node's own recursive `mkdir` tries for ever where the system says that a parent
 * of a folder is missing which is there (below /proc); here every folder is tried once.
 * @param named what messages are about, where a person has named something in the folder
 * @throws NeurodexError `output-unwritable`, `disk-full`
 * @example
 * ```ts
 * import { existsSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { makeFolder } from '@neurodex/core/storage';
 *
 * await makeFolder('runs/first/plots');
 * console.log(existsSync('runs/first/plots')); // → true
 * await makeFolder('cat.jpg/plots').catch((error) => console.log(errorCode(error))); // → output-unwritable
 * ```
 */
export async function makeFolder(path: string, files: FolderMaker = disk, named = path): Promise<void> {
  try {
    const missing = await missingFolders(resolve(path), files);
    for (const folder of missing.reverse()) await makeOne(folder, files);
  } catch (error) {
    throw fromFileSystem(error, named);
  }
}

/** Folders that are not there, the innermost first. */
async function missingFolders(path: string, files: FolderMaker): Promise<string[]> {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    const found = await files.stat(at).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT' && dirname(at) !== at) return undefined;
      throw error;
    });
    if (found?.isDirectory()) return missing;
    if (found !== undefined) throw Object.assign(new Error(`${at} is not a folder`), { code: 'ENOTDIR', path: at });
    missing.push(at);
  }
}

async function makeOne(folder: string, files: FolderMaker): Promise<void> {
  try {
    await files.mkdir(folder);
  } catch (error) {
    const code = errorCode(error);
    // Another process may have made it in the meantime; a broken link of that name is no folder.
    if (code === 'EEXIST' && (await files.stat(folder)).isDirectory()) return;
    if (code === 'ENOENT') throw Object.assign(new Error(`${folder} cannot be made`), { code: 'ENOSYS', path: folder });
    throw error;
  }
}
