import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { NeurodexError } from '../errors.ts';
import { throwIfInterrupted } from '../storage/atomic.ts';
import { damagedArchive, type Unpacker, unsafeArchive } from './unpacker.ts';

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const FOLDERS: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir']);
const LINKS: ReadonlySet<string> = new Set(['Link', 'SymbolicLink']);

/** Unpack a tar archive, compressed with gzip or not. @param onBytes how many bytes of the archive were read */
export async function unpackTar(
  archive: string,
  unpacker: Unpacker,
  signal: AbortSignal | undefined,
  onBytes: (done: number) => void,
): Promise<void> {
  let failure: unknown;
  let ended = false;
  /** Ends the entry in the middle of which the archive breaks off: it would be waited for in vain. */
  let breakOff = (_error: unknown): void => {};
  const broken = new Promise<never>((_, reject) => {
    breakOff = reject;
  });
  broken.catch((error: unknown) => {
    failure ??= error;
  });
  const works = new Set<Promise<void>>();
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const work = unpack(entry, archive, unpacker, broken)
        .catch((error: unknown) => {
          failure ??= error;
          entry.resume();
        })
        .finally(() => works.delete(work));
      works.add(work);
    },
  });
  parser.on('error', breakOff);
  parser.on('eof', () => {
    ended = true;
  });
  const file = createReadStream(archive, { highWaterMark: 1 << 18 });
  let bytes = 0;
  file.on('data', (piece) => {
    bytes += piece.length;
    onBytes(bytes);
  });
  const input: Readable = /gz$/i.test(archive) ? file.pipe(createGunzip()) : file;
  // pipe() passes no errors on.
  file.once('error', (error) => input.destroy(error));
  try {
    for await (const piece of input as AsyncIterable<Buffer>) {
      throwIfInterrupted(signal);
      if (!parser.write(piece)) await Promise.race([once(parser, 'drain'), broken]);
      if (failure !== undefined) throw failure;
    }
    parser.end();
    while (works.size > 0) await Promise.all(works);
    if (failure !== undefined) throw failure;
    if (!ended) throw damagedArchive(archive, 'is cut off: the mark at its end is missing');
  } catch (error) {
    if (error instanceof NeurodexError || typeof (error as NodeJS.ErrnoException).syscall === 'string') throw error;
    const gzip = String((error as NodeJS.ErrnoException).code).startsWith('Z_') ? ' compressed with gzip' : '';
    throw damagedArchive(
      archive,
      `is not a tar archive${gzip} that can be read (${(error as Error).message})`,
      undefined,
      error,
    );
  } finally {
    breakOff(new Error('it is left'));
    file.destroy();
    input.destroy();
    await Promise.allSettled(works);
  }
}

async function unpack(entry: ReadEntry, archive: string, unpacker: Unpacker, broken: Promise<never>): Promise<void> {
  const { path, type } = entry;
  if (LINKS.has(type)) throw unsafeArchive(archive, path, 'is a link');
  if (FOLDERS.has(type)) {
    entry.resume();
    return unpacker.addFolder(path);
  }
  if (!FILES.has(type)) throw unsafeArchive(archive, path, `is not a regular file (${type})`);
  unpacker.announce(path, entry.size);
  await unpacker.addFile(path, entry.size, entry, broken);
}
