import type { Dataset } from '../dataset.ts';
import type { SourceFolder } from '../tables/find.ts';
import { type FolderOptions, openFolder } from './folder.ts';

/** Whether a folder is what img2dataset wrote as files: shards of one number each, a folder with what is known of it beside it. */
export async function isImg2dataset(folder: SourceFolder): Promise<boolean> {
  const { folders, files } = await folder.entries('');
  const shards = folders.filter((name) => /^\d{5,}$/.test(name));
  if (shards.length === 0) return false;
  const names = new Set(files);
  return shards.some((name) => names.has(`${name}_stats.json`) || names.has(`${name}.parquet`));
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
