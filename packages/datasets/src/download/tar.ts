import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { NeurodexError } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { Parser, type ReadEntry } from 'tar';
import { damagedArchive, unsafeArchive, unsupportedArchive } from './limits.ts';
import type { Unpacker } from './unpacker.ts';

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const FOLDERS: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir']);
const LINKS: ReadonlySet<string> = new Set(['Link', 'SymbolicLink']);

/** Bytes of a header, and of what fills a content up to whole blocks, for each entry; some have several headers. */
const PER_ENTRY = 4096;
const SLACK = 1 << 20;

/** Unpack a tar archive. @param compressed with gzip @param onBytes how many bytes of the archive were read */
export async function unpackTar(
  archive: string,
  unpacker: Unpacker,
  signal: AbortSignal | undefined,
  compressed: boolean,
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
      last = entry.path;
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
  const input: Readable = compressed ? file.pipe(createGunzip()) : file;
  let inflated = 0;
  let last = '';
  // pipe() passes no errors on.
  file.once('error', (error) => input.destroy(error));
  try {
    for await (const piece of input as AsyncIterable<Buffer>) {
      throwIfInterrupted(signal);
      // Also what is in no entry: a bomb may lie in headers, and behind the end.
      // The parser would inflate once more, and count nothing.
      if (inflated === 0 && compressed && /^(1f8b|28b52ffd)/.test(piece.toString('hex', 0, 4))) {
        throw unsupportedArchive(archive, 'is compressed twice, and not read');
      }
      inflated += piece.length;
      if (inflated > unpacker.limit + SLACK + PER_ENTRY * unpacker.entries) throw unpacker.tooLarge(last, inflated);
      // Behind the end nothing counts, and the parser would put all of it together.
      if (ended) continue;
      if (!parser.write(piece)) await Promise.race([once(parser, 'drain'), broken]);
      if (failure !== undefined) throw failure;
    }
    parser.end();
    while (works.size > 0) await Promise.all(works);
    if (failure !== undefined) throw failure;
    if (!ended) throw damagedArchive(archive, 'is cut off: the mark at its end is missing');
  } catch (error) {
    if (error instanceof NeurodexError || typeof (error as NodeJS.ErrnoException).syscall === 'string') throw error;
    throw damagedArchive(archive, whatIsWrong(error), undefined, error);
  } finally {
    breakOff(new Error('it is left'));
    file.destroy();
    input.destroy();
    await Promise.allSettled(works);
  }
}

function whatIsWrong(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR' || /Truncated/.test(message)) return 'is cut off in the middle of an entry';
  if (code.startsWith('Z_')) return 'is damaged: its bytes are not what gzip writes';
  if (/checksum/.test(message)) return 'is damaged: a header in it has another checksum than it says';
  return /Unrecognized/.test(message) ? 'is not a tar archive' : 'is damaged: a header in it makes no sense';
}

async function unpack(entry: ReadEntry, archive: string, unpacker: Unpacker, broken: Promise<never>): Promise<void> {
  const { path, type } = entry;
  if (LINKS.has(type)) throw unsafeArchive(archive, path, 'is a link');
  if (FOLDERS.has(type)) {
    entry.resume();
    unpacker.announce(path, 0);
    return unpacker.addFolder(path);
  }
  if (!FILES.has(type)) throw unsafeArchive(archive, path, `is not a regular file (${type})`);
  unpacker.announce(path, entry.size);
  await unpacker.addFile(path, entry.size, entry, broken);
}
