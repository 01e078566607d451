import { lstat, mkdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode, fromFileSystem, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { inOrder, makeFolder, removeStale, renamePath, Temporary, throwIfInterrupted } from '@neurodex/core/storage';
import { damagedArchive, MAX_ENTRIES, unsafeArchive, unsupportedArchive } from './limits.ts';
import { type FileKind, kindOfFile } from './sniff.ts';
import { unpackTar } from './tar.ts';
import { Unpacker } from './unpacker.ts';
import { type ArchiveEntry, Zip } from './zip.ts';

export type { ArchiveEntry } from './zip.ts';

/** How an archive is unpacked. */
export interface ExtractOptions {
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Most bytes of all entries together; never more than `mostUnpacked` gives the archive, its default. */
  readonly maxBytes?: number;
}

/**
 * Unpack a .zip, .tgz, .tar.gz or .tar into a folder that does not exist yet, and which appears when it is complete.
 * Only plain files and folders are taken: an archive with a link, a device, a path that leads elsewhere, two entries of one
 * name or more than limits.ts allows is refused as a whole. Archives in it stay what they are. Files are not synced one by
 * one, which would take longer than unpacking: after a power cut the folder may have to be made again.
 * @throws NeurodexError `archive-unsafe`, `archive-damaged`, `archive-unsupported` (naming the archive and the entry), `output-exists`,
 *   `disk-full`, `output-unwritable`, `interrupted`
 * @example
 * ```ts
 * import { readdirSync } from 'node:fs';
 * import { extractArchive } from '@neurodex/datasets/download';
 *
 * await extractArchive('pets.zip', 'out');
 * console.log(readdirSync('out').sort(), readdirSync('out/cat')); // → [ 'cat', 'dog', 'readme.txt' ] [ '0.png' ]
 * ```
 */
export async function extractArchive(path: string, folder: string, options: ExtractOptions = {}): Promise<void> {
  const goal = resolve(folder);
  if (
    await lstat(goal).then(
      () => true,
      () => false,
    )
  ) {
    throw new NeurodexError('output-exists', `${goal} already exists`, {
      hint: 'choose another name, or delete it yourself',
      details: { path: goal },
    });
  }
  let temporary: Temporary | undefined;
  try {
    await makeFolder(dirname(goal));
    await removeStale(goal);
    temporary = await Temporary.beside(goal);
    // In a folder of its own: whatever the archive holds, the lock is not among it.
    const content = join(temporary.folder, 'content');
    await mkdir(content);
    await unpackInto(path, content, options);
    throwIfInterrupted(options.signal);
    await putInPlace(content, goal);
  } catch (error) {
    throw fromFileSystem(error, goal);
  } finally {
    await temporary?.remove();
  }
}

/** Another process may have unpacked the same archive meanwhile: its folder is as good. */
async function putInPlace(temporary: string, goal: string): Promise<void> {
  try {
    await renamePath(temporary, goal);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await rm(temporary, { recursive: true, force: true });
  }
}

async function unpackInto(path: string, folder: string, options: ExtractOptions): Promise<void> {
  const { reporter = silentReporter, signal, maxBytes = Infinity } = options;
  const bytes = await sizeOf(path);
  const unpacker = new Unpacker(path, folder, bytes, maxBytes);
  const report = (done: number, total: number) => reporter.progress({ phase: 'unpack', done, total, unit: 'bytes' });
  const kind = await kindOfFile(path);
  const isTar = kind === 'tar' || kind === 'gzip' || (kind === undefined && /\.(tgz|tar\.gz|tar)$/i.test(path));
  if (isTar) {
    // Unpacked it is at least as large.
    await checkSpace(path, folder, bytes);
    await unpackTar(path, unpacker, signal, kind === 'gzip', (done) => report(done, bytes));
  } else if (kind === 'zip' || (kind === undefined && /\.zip$/i.test(path))) {
    await unpackZip(path, folder, unpacker, signal, report);
  } else {
    throw notRead(path, kind);
  }
}

/**
 * The error for a file that is called an archive, or named as a source, and is not read.
 * @param kind by its first bytes, as `kindOfFile` tells it
 * @example
 * ```ts
 * import { notRead } from '@neurodex/datasets/download';
 *
 * console.log(notRead('photos.rar', 'RAR').code, notRead('photos.zip', 'HTML').code); // → archive-unsupported archive-damaged
 * ```
 */
export function notRead(path: string, kind: FileKind | undefined): NeurodexError {
  if (kind === undefined) return damagedArchive(path, 'is not an archive: .zip, .tgz, .tar.gz and .tar are read');
  if (kind === 'HTML') return damagedArchive(path, 'is a page of HTML, as servers answer when they refuse a download');
  return unsupportedArchive(path, `is compressed with ${kind}, which is not read; .zip, .tgz, .tar.gz and .tar are`);
}

/** Entries in work at a time: most are small, and waiting for the disk is most of the work. */
const WIDTH = 8;

async function unpackZip(
  path: string,
  folder: string,
  unpacker: Unpacker,
  signal: AbortSignal | undefined,
  report: (done: number, total: number) => void,
): Promise<void> {
  const total = await announceZip(path, unpacker, signal);
  await checkSpace(path, folder, total);
  const zip = await Zip.open(path);
  try {
    let done = 0;
    const unpacked = inOrder(zip.items(), WIDTH, async (item) => {
      throwIfInterrupted(signal);
      if (item.isFolder) await unpacker.addFolder(item.name);
      else await unpacker.addFile(item.name, item.bytes, item.stream());
      return item.bytes;
    });
    for await (const bytes of unpacked) {
      done += bytes;
      report(done, total);
    }
  } finally {
    zip.close();
  }
}

/**
 * The directory says beforehand what is in a zip archive: nothing is written of one that is refused. It is read twice, since
 * that of a million entries takes a gigabyte in memory.
 * @returns bytes of all entries together
 */
async function announceZip(path: string, unpacker: Unpacker, signal: AbortSignal | undefined): Promise<number> {
  const zip = await Zip.open(path);
  try {
    if (zip.entries > MAX_ENTRIES) {
      throw unsupportedArchive(path, `has ${zip.entries} entries; at most ${MAX_ENTRIES} are unpacked`);
    }
    const places: { readonly from: number; readonly to: number; readonly name: string }[] = [];
    let total = 0;
    for await (const item of zip.items()) {
      throwIfInterrupted(signal);
      item.refuseUnreadable();
      unpacker.announce(item.name, item.bytes);
      total += item.bytes;
      places.push(item.place);
    }
    // A bomb of a few megabytes has entries that share one stretch of bytes (Fifield 2019, A better zip bomb).
    places.sort((a, b) => a.from - b.from);
    places.forEach(({ from, name }, i) => {
      const before = places[i - 1];
      if (before === undefined || before.to <= from) return;
      throw unsafeArchive(path, name, `shares its bytes with ${JSON.stringify(before.name)}`);
    });
    return total;
  } finally {
    zip.close();
  }
}

async function checkSpace(path: string, folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Infinity, bsize: 1 }));
  if (needed <= bavail * bsize) return;
  throw new NeurodexError(
    'disk-full',
    `${path} has ${needed} bytes unpacked, and ${dirname(folder)} has ${bavail * bsize} left`,
    {
      hint: 'free some space, or set NEURODEX_CACHE to a folder on another disk',
      details: { path: dirname(folder), needed },
    },
  );
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    const code = errorCode(error);
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new NeurodexError(
      missing ? 'source-missing' : 'source-unusable',
      missing ? `${path} is not there` : `${path} cannot be read (${code})`,
      { hint: 'name an archive that exists and that you may read', details: { path }, cause: error },
    );
  }
}

/**
 * The files of a zip archive in its order, each read only when asked for: one annotation file costs no unpacking of all.
 * @throws NeurodexError `archive-unsafe`, `archive-damaged` (naming the archive and the entry)
 * @example
 * ```ts
 * import { zipEntries } from '@neurodex/datasets/download';
 *
 * for await (const entry of zipEntries('pets.zip')) {
 *   if (entry.name === 'readme.txt') console.log(entry.bytes, Buffer.from(await entry.read()).toString());
 * }
 * // → 8 Two pets
 * ```
 */
export async function* zipEntries(path: string): AsyncGenerator<ArchiveEntry, void, undefined> {
  await sizeOf(path);
  const zip = await Zip.open(path);
  try {
    for await (const item of zip.items()) if (!item.isFolder) yield item;
  } finally {
    zip.close();
  }
}
