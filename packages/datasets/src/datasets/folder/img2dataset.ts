import { readdir } from 'node:fs/promises';
import type { Dataset } from '../dataset.ts';
import { type FolderOptions, openFolder } from './folder.ts';

/** Whether a folder is what img2dataset wrote as files: shards of one number each, a folder with what is known of it beside it. */
export async function isImg2dataset(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const names = new Set(entries.map(({ name }) => name));
  return entries.some(
    (entry) =>
      entry.isDirectory() &&
      /^\d{5,}$/.test(entry.name) &&
      (names.has(`${entry.name}_stats.json`) || names.has(`${entry.name}.parquet`)),
  );
}

/** Pictures with their captions, in folders that are shards and no classes. @throws as `openFolder` does */
export const openImg2dataset = (
  path: string,
  options: Omit<FolderOptions, 'name' | 'classLevel'> = {},
): Promise<Dataset> =>
  openFolder(path, {
    ...options,
    name: 'img2dataset',
    classLevel: 0,
    isKnown: (file) => /^\d{5,}(?:_stats\.json|\.parquet)$/.test(file),
  });
