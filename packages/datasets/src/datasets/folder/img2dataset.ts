import { readdir } from 'node:fs/promises';

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
