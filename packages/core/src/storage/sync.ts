import * as disk from 'node:fs/promises';
import { join } from 'node:path';

/** What writing needs of `node:fs/promises`; tests hand in one that fails. */
export type FileSystem = Pick<typeof disk, 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'stat'>;

/** Everything in a folder is on the disk. */
export async function syncTree(folder: string, files: FileSystem = disk): Promise<void> {
  for (const entry of await files.readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path, files);
    else if (entry.isFile()) await syncPath(path, 'r+', files);
  }
  await syncFolder(folder, files);
}

/** Has the names in a folder reach the disk. */
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
