import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from './dataset.ts';
import { localInputs } from './inputs.ts';
import { openParquet } from './parquet.ts';
import type { OpenDatasetRequest } from './request.ts';

const isParquetName = (name: string): boolean => /\.parquet$/i.test(name);

/** The Parquet files that a path names: itself, or those in and below a folder. */
async function parquetFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return isParquetName(path) ? [path] : [];
  if (!found?.isDirectory()) return [];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && isParquetName(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Whether a path is a Parquet file, or a folder with such files at its top, or in folders of splits (`data/`). */
export async function isParquet(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return isParquetName(path);
  if (!found?.isDirectory()) return false;
  const names = await readdir(path);
  if (names.some(isParquetName)) return true;
  const inside = await readdir(join(path, 'data')).catch(() => []);
  return inside.some(isParquetName);
}

/** Your own Parquet files. @throws NeurodexError as `openParquet` */
export async function openParquetSource(request: OpenDatasetRequest): Promise<Dataset> {
  const { source, from = source, reporter, signal } = request;
  const dataset = await openParquet(from, { reporter, ...(signal === undefined ? {} : { signal }) });
  return { ...dataset, inputs: async () => localInputs(await parquetFiles(from), from) };
}
