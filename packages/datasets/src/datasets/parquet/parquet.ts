import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { errorCode, errorMessage, listed, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { type ByteSource, inOrder, openFileBytes, throwIfInterrupted } from '@neurodex/core/storage';
import type { Downloads } from '../../download/downloads.ts';
import type { RemoteFile } from '../../download/remote-file.ts';
import { readPictureFile } from '../../image/decode.ts';
import type { Dataset, LayoutNote, SkippedFile, SourcePicture } from '../dataset.ts';
import type { ColumnFlags } from '../label-columns.ts';
import { withoutUnlabelled } from '../labels.ts';
import { leftoverReason } from '../leftovers.ts';
import { splitPartOf } from '../split-names.ts';
import { ParquetDecoder } from './decoder.ts';
import { isForeign, ParquetFile, type ParquetFileOptions, reasonOf, skippedAs } from './file.ts';

/** One Parquet file of a data set. */
export interface ParquetShard {
  /** Names its pictures: `<name>/<row>`. Relative, '/' between folders, without `.parquet`. */
  readonly name: string;
  /** For messages: a path, or `owner/name/data/….parquet`. */
  readonly source: string;
  /** The folder that paths in it are relative to; undefined for one that is not on this machine. */
  readonly folder?: string;
  open(): Promise<ByteSource>;
  /** All of it on this machine: for one that is read by ranges, where most of it is needed anyway. */
  whole?(): Promise<ByteSource>;
}

/** How Parquet is read. */
export interface ParquetOptions extends ColumnFlags {
  /** The data set's name; 'parquet' by default. */
  readonly name?: string;
  /** The first so many pictures, in the order of the rows: nothing is read of those behind. */
  readonly maxPictures?: number;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Decodes row groups; one of its own by default. */
  readonly decoder?: ParquetDecoder;
  /** Bytes of pictures up to which a row group is read as a whole; 64 MiB by default. */
  readonly blockBytes?: number;
}

/**
 * A Hugging Face data set in Parquet: a file, or a folder of shards. `image` is a struct {bytes, path}, bytes, or the path
 * of a file (`picture` is another name for it); `label` a ClassLabel, a number or a text, `labels` a list of those;
 * `captions` a list of sentences, `caption` one. Pictures are read a row group at a time, when they are asked for.
 * @throws NeurodexError source-missing, source-unusable (not Parquet, no column of pictures …), source-empty
 * @example
 * ```ts
 * import { openParquet } from '@neurodex/datasets';
 *
 * const { pictures } = await openParquet('imagenette');
 * console.log(pictures.map(({ labels }) => labels[0]).sort()); // → [ 'church', 'parachute', 'tench' ]
 * console.log((await pictures[0]?.read())?.length !== 0); // → true
 * ```
 */
export async function openParquet(path: string, options: ParquetOptions = {}): Promise<Dataset> {
  const source = resolve(path);
  return openParquetShards(await localShards(source), source, options);
}

/** The files of a split on a hub: read by ranges where a part is wanted, else downloaded into the cache. */
export const remoteShards = (downloads: Downloads, files: readonly RemoteFile[]): ParquetShard[] =>
  files.map((file) => ({
    name: withoutExtension(file.name.slice(file.name.lastIndexOf('/') + 1)),
    source: file.name,
    open: () => downloads.open(file),
    whole: async () => openByTurns(await downloads.file(file)),
  }));

/** @param source what the user named */
export async function openParquetShards(
  shards: readonly ParquetShard[],
  source: string,
  options: ParquetOptions = {},
): Promise<Dataset> {
  const { name = 'parquet', maxPictures = Infinity, reporter = silentReporter, signal } = options;
  const decoder = options.decoder ?? new ParquetDecoder();
  const pictures: SourcePicture[] = [];
  const skipped: SkippedFile[] = [];
  const layout = new Map<string, LayoutNote>();
  let firstProblem: { readonly shard: ParquetShard; readonly reason: string } | undefined;
  // In the order of the pictures' paths, so that they are read as they lie in the files.
  const sorted = [...shards].sort((a, b) => byCodeUnits(`${a.name}/`, `${b.name}/`));
  // Where everything is wanted, several shards are downloaded at a time.
  const opening = inOrder(sorted, maxPictures === Infinity ? WIDTH : 1, async (shard) => {
    throwIfInterrupted(signal);
    if (pictures.length >= maxPictures) return undefined;
    try {
      return { shard, file: await openShard(shard, maxPictures - pictures.length, decoder, options) };
    } catch (error) {
      if (isForeign(error)) throw error;
      return { shard, error };
    }
  });
  let done = 0;
  for await (const result of opening) {
    if (result === undefined) break;
    const { shard } = result;
    try {
      if ('error' in result) throw result.error;
      const { file } = result;
      const rows = await file.list(maxPictures - pictures.length);
      for (const note of file.notes) layout.set(note.message, note);
      const width = String(Math.max(0, file.rows - 1)).length;
      for (const { row, ...described } of rows.rows) {
        const path = `${shard.name}/${String(row).padStart(width, '0')}`;
        pictures.push({ path, ...described, read: () => read(file, shard, row, path) });
      }
      skipped.push(...rows.skipped.map((each) => skippedAs(shard.source, each)));
    } catch (error) {
      if (isForeign(error)) throw error;
      firstProblem ??= { shard, reason: reasonOf(error) };
      skipped.push({ path: shard.source, reason: reasonOf(error) });
    }
    reporter.progress({ phase: 'listing', done: ++done, total: sorted.length, unit: 'files' });
  }
  if (pictures.length === 0) throw nothingUsable(source, skipped, firstProblem);
  const { kept, skipped: unlabelled } = withoutUnlabelled(pictures);
  const splits = splitsNote(sorted.map((shard) => shard.name));
  const notes = [...(splits === undefined ? [] : [splits]), ...layout.values()];
  return {
    name,
    source,
    pictures: kept,
    notices: [],
    skipped: [...skipped, ...unlabelled],
    ...(notes.length === 0 ? {} : { layout: notes }),
  };
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Shards of several splits, by their names or folders: `train-00000-of-00002`, `test/0000`. */
function splitsNote(names: readonly string[]): LayoutNote | undefined {
  const splits = new Set<string>();
  for (const name of names) {
    for (const part of name.split('/')) {
      const bare = part.replace(/-\d+-of-\d+.*$/, '');
      if (splitPartOf(bare) !== undefined) splits.add(bare);
    }
  }
  if (splits.size < 2) return undefined;
  return { message: `the splits ${listed([...splits].sort())} are put together, and the pictures are split anew` };
}

const withoutExtension = (name: string): string => name.replace(/\.parquet$/i, '');

/** Shards in work at a time. */
const WIDTH = 4;

/** By ranges, unless more than half of its rows are wanted. */
async function openShard(
  shard: ParquetShard,
  wanted: number,
  decoder: ParquetDecoder,
  options: ParquetFileOptions,
): Promise<ParquetFile> {
  const open = (): Promise<ByteSource> => shard.open();
  const { whole = open } = shard;
  if (wanted === Infinity) return ParquetFile.open(await opened(whole), decoder, options);
  const file = await ParquetFile.open(await opened(open), decoder, options);
  if (shard.whole === undefined || wanted <= file.rows / 2) return file;
  await file.close();
  return ParquetFile.open(await opened(whole), decoder, options);
}

/** A file system's refusal is about this file. */
async function opened(open: () => Promise<ByteSource>): Promise<ByteSource> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    throw new Error(`cannot be read (${errorCode(error) ?? errorMessage(error)})`);
  }
}

async function read(file: ParquetFile, shard: ParquetShard, row: number, path: string): Promise<Uint8Array> {
  const where = `${path} (row ${row} of ${shard.source})`;
  const refuse = (code: 'picture-empty' | 'picture-damaged' | 'picture-missing', what: string, cause?: unknown) =>
    new NeurodexError(code, `${where} ${what}`, {
      hint: 'leave the row out, or make the file again',
      details: { file: shard.source, row },
      cause,
    });
  let found: Awaited<ReturnType<ParquetFile['picture']>>;
  try {
    found = await file.picture(row);
  } catch (error) {
    if (isForeign(error)) throw error;
    throw refuse('picture-damaged', `cannot be read: ${reasonOf(error)}`, error);
  }
  if ('bytes' in found) {
    if (found.bytes.length === 0) throw refuse('picture-empty', 'has no bytes');
    return found.bytes;
  }
  if (shard.folder === undefined) throw refuse('picture-missing', `has no bytes, only the path ${found.path}`);
  const at = resolve(shard.folder, found.path);
  if (!at.startsWith(shard.folder + sep))
    throw refuse('picture-missing', `names ${found.path}, outside of ${shard.folder}`);
  return readPictureFile(at, `${where}: the file ${found.path}`);
}

/** A file that is open only while it is read: a data set has no end at which hundreds of shards could be closed. */
async function openByTurns(path: string): Promise<ByteSource> {
  const { size: byteLength } = await stat(path);
  return {
    byteLength,
    async slice(start, end) {
      const file = await openFileBytes(path);
      try {
        if (file.byteLength !== byteLength) throw new Error(`had ${byteLength} bytes and has ${file.byteLength} now`);
        return await file.slice(start, end);
      } finally {
        await file.close();
      }
    },
    close: async () => {},
  };
}

async function localShards(source: string): Promise<ParquetShard[]> {
  const shard = (path: string, name: string): ParquetShard => ({
    name: withoutExtension(name),
    source: path,
    folder: dirname(path),
    open: () => openByTurns(path),
  });
  let isFolder: boolean;
  try {
    isFolder = (await stat(source)).isDirectory();
    if (!isFolder) return [shard(source, basename(source))];
    const entries = await readdir(source, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile() && /\.parquet$/i.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (path) =>
          !relative(source, path)
            .split(sep)
            .some((part) => leftoverReason(part) !== undefined),
      );
    if (paths.length > 0)
      return paths.map((path) =>
        shard(
          path,
          path
            .slice(source.length + 1)
            .split(sep)
            .join('/'),
        ),
      );
  } catch (error) {
    const code = errorCode(error);
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new NeurodexError(
      missing ? 'source-missing' : 'source-unusable',
      `${source} ${missing ? 'does not exist' : `cannot be read (${code})`}`,
      {
        hint: missing ? 'check the path for a typing error' : 'give a file or folder that you may read',
        details: { source },
        cause: error,
      },
    );
  }
  throw new NeurodexError('source-empty', `${source} holds no .parquet files`, {
    hint: 'give a Parquet file, or a folder of them',
    details: { source },
  });
}

function nothingUsable(
  source: string,
  skipped: readonly SkippedFile[],
  problem: { readonly shard: ParquetShard; readonly reason: string } | undefined,
): NeurodexError {
  if (problem !== undefined) {
    const { shard, reason } = problem;
    return new NeurodexError('source-unusable', `${shard.source} ${reason}`, {
      hint: 'give a Parquet file with a column image (or picture), as Hugging Face data sets have it',
      details: { source, file: shard.source },
    });
  }
  const first = skipped[0];
  const what = first === undefined ? 'no rows' : `no row that can be used, the first: ${first.path}: ${first.reason}`;
  return new NeurodexError('source-empty', `${source} has ${what}`, {
    hint: 'give a Parquet file with a column image, and label or labels where the pictures have classes',
    details: { source },
  });
}
