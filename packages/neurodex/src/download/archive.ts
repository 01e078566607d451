import { lstat, mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fromFileSystem, NeurodexError } from '../errors.ts';
import { type Reporter, silentReporter } from '../progress.ts';
import { throwIfInterrupted } from '../storage/atomic.ts';
import { inOrder } from '../storage/in-order.ts';
import { makeFolder } from '../storage/make-folder.ts';
import { removeStale, Temporary } from '../storage/temporary.ts';
import { unpackTar } from './tar.ts';
import { damagedArchive, Unpacker } from './unpacker.ts';
import { type ArchiveEntry, Zip, type ZipItem } from './zip.ts';

export type { ArchiveEntry } from './zip.ts';

export interface ExtractOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
  /** Bytes that all entries together may have; 64 GiB unless told. At most 200 times the archive's own in any case. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 64 * 2 ** 30;

/**
 * Unpack a .zip, .tgz, .tar.gz or .tar into a folder that does not exist yet, and which appears when it is complete.
 * Only plain files and folders are taken: an archive with a link, a device, a path that leads elsewhere or two entries of
 * one name is refused as a whole. Files are not synced one by one, which would take longer than unpacking: after a power
 * cut the folder may have to be made again.
 * @throws NeurodexError `archive-unsafe`, `archive-damaged` (naming the archive and the entry), `output-exists`,
 *   `disk-full`, `output-unwritable`, `interrupted`
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
    await rename(temporary, goal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await rm(temporary, { recursive: true, force: true });
  }
}

async function unpackInto(path: string, folder: string, options: ExtractOptions): Promise<void> {
  const { reporter = silentReporter, signal, maxBytes = MAX_BYTES } = options;
  const bytes = await sizeOf(path);
  const unpacker = new Unpacker(path, folder, bytes, maxBytes);
  const report = (done: number, total: number) => reporter.progress({ phase: 'unpack', done, total, unit: 'bytes' });
  if (/\.zip$/i.test(path)) {
    await unpackZip(path, folder, unpacker, signal, report);
  } else if (/\.(tgz|tar\.gz|tar)$/i.test(path)) {
    await unpackTar(path, unpacker, signal, (done) => report(done, bytes));
  } else {
    throw damagedArchive(path, 'is not an archive by its name: .zip, .tgz, .tar.gz and .tar are');
  }
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
  const zip = await Zip.open(path);
  try {
    // The directory says beforehand what is in it: nothing is written of an archive that is refused.
    const items: ZipItem[] = [];
    let total = 0;
    for await (const item of zip.items()) {
      throwIfInterrupted(signal);
      unpacker.announce(item.name, item.bytes);
      total += item.bytes;
      items.push(item);
    }
    await checkSpace(path, folder, total);
    let done = 0;
    const unpacked = inOrder(items, WIDTH, async (item) => {
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
    throw damagedArchive(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`, undefined, error);
  }
}

/**
 * The files of a zip archive in its order, each read only when asked for: one annotation file costs no unpacking of all.
 * @throws NeurodexError `archive-unsafe`, `archive-damaged` (naming the archive and the entry)
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
