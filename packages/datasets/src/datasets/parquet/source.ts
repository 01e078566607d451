import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import type { Dataset, SkippedFile } from '../dataset.ts';
import { kindOfLeftover, leftoverReason } from '../leftovers.ts';
import { notAPicture } from '../non-pictures.ts';
import type { OpenDatasetRequest } from '../request.ts';
import { openParquet } from './parquet.ts';

const isParquetName = (name: string): boolean => /\.parquet$/i.test(name);

interface Files {
  /** Paths of the Parquet files, sorted. */
  readonly parquet: readonly string[];
  readonly others: readonly SkippedFile[];
}

/** The Parquet files that a path names, itself or those in and below a folder, and what lies beside them. */
async function filesOf(path: string): Promise<Files> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return { parquet: isParquetName(path) ? [path] : [], others: [] };
  if (!found?.isDirectory()) return { parquet: [], others: [] };
  const parquet: string[] = [];
  const others: SkippedFile[] = [];
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const at = join(entry.parentPath, entry.name);
    const name = relative(path, at).split(sep).join('/');
    const leftover = name.split('/').find((part) => leftoverReason(part) !== undefined);
    if (leftover !== undefined) {
      const reason = leftoverReason(leftover) ?? '';
      others.push({ path: name, reason, group: `${reason} (${kindOfLeftover(leftover)})`, expected: true });
    } else if (isParquetName(entry.name)) parquet.push(at);
    else others.push(besideParquet(name));
  }
  return { parquet: parquet.sort(), others };
}

function besideParquet(path: string): SkippedFile {
  if (hasPictureExtension(path)) {
    return { path, reason: 'a picture file beside Parquet files, of which only those are read' };
  }
  const { group = '' } = notAPicture(path);
  return { path, reason: 'not a Parquet file', group: group.replace('not a picture file', 'not a Parquet file') };
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
  const { source, from = source, reporter, signal, labelColumn, pictureColumn } = request;
  const { others } = await filesOf(from);
  const dataset = await openParquet(from, {
    reporter,
    ...(signal === undefined ? {} : { signal }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(pictureColumn === undefined ? {} : { pictureColumn }),
  });
  // It does not say what its inputs are: rows may name files elsewhere, so that pictures are compared one by one.
  return {
    ...dataset,
    skipped: [...dataset.skipped, ...others],
  };
}
