import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from './dataset.ts';
import { openParquet } from './parquet.ts';
import type { OpenDatasetRequest } from './request.ts';

const isParquetName = (name: string): boolean => /\.parquet$/i.test(name);

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
  // It does not say what its inputs are: rows may name files elsewhere, so that pictures are compared one by one.
  return await openParquet(from, { reporter, ...(signal === undefined ? {} : { signal }) });
}
