import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { leftoverReason } from '../leftovers.ts';
import { folderKind } from '../split-names.ts';

/** Folders in folders that are looked into. */
const DEEPEST = 2;

/**
 * Where a folder may have files that describe its pictures: at its top, and in folders of splits (`train`), of pictures (`images`), of
 * annotations, and in one that is around everything. Relative, '' for the top; the nearest first.
 */
export async function likelyFolders(path: string, deepest = DEEPEST): Promise<string[]> {
  const found = [''];
  let level = [''];
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      const entries = await readdir(join(path, folder), { withFileTypes: true }).catch(() => []);
      const folders = entries
        .filter((entry) => entry.isDirectory() && leftoverReason(entry.name) === undefined)
        .map(({ name }) => name);
      const around = folders.length === 1 && entries.length === 1;
      const likely = folders.filter((name) => around || folderKind(name).kind !== 'class');
      next.push(...likely.sort().map((name) => (folder === '' ? name : `${folder}/${name}`)));
    }
    found.push(...next);
    level = next;
  }
  return found;
}
