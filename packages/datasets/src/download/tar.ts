import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorCode, errorMessage, isSystemError, NeurodexError } from '@neurodex/core';
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
  const entries = new TarEntries(archive, unpacker);
  const file = createReadStream(archive, { highWaterMark: 1 << 18 });
  let bytes = 0;
  file.on('data', (piece) => {
    bytes += piece.length;
    onBytes(bytes);
  });
  const input: Readable = compressed ? file.pipe(createGunzip()) : file;
  // pipe() passes no errors on.
  file.once('error', (error) => input.destroy(error));
  const pieces: AsyncIterable<Buffer> = input;
  let inflated = 0;
  try {
    for await (const piece of pieces) {
      throwIfInterrupted(signal);
      // The parser would inflate once more, and count nothing.
      if (inflated === 0 && compressed && /^(1f8b|28b52ffd)/.test(piece.toString('hex', 0, 4))) {
        throw unsupportedArchive(archive, 'is compressed twice, and not read');
      }
      inflated += piece.length;
      // Also what is in no entry: a bomb may lie in headers, and behind the end.
      if (inflated > unpacker.limit + SLACK + PER_ENTRY * unpacker.entries) {
        throw unpacker.tooLarge(entries.last, inflated);
      }
      await entries.write(piece);
    }
    await entries.end();
  } catch (error) {
    if (error instanceof NeurodexError || isSystemError(error)) throw error;
    throw damagedArchive(archive, whatIsWrong(error), undefined, error);
  } finally {
    entries.breakOff(new Error('it is left'));
    file.destroy();
    input.destroy();
    await entries.settled();
  }
}

/** The entries of a tar archive, unpacked as its bytes come. */
class TarEntries {
  /** Path of the entry that was met last. */
  last = '';
  /** Ends what waits for an entry that will not come to its end: the archive breaks off in the middle of it, or it cannot be written. */
  readonly breakOff: (error: unknown) => void;
  private readonly archive: string;
  private readonly unpacker: Unpacker;
  private readonly broken: Promise<never>;
  private readonly parser: Parser;
  private readonly works = new Set<Promise<void>>();
  private failure: unknown;
  private ended = false;

  constructor(archive: string, unpacker: Unpacker) {
    this.archive = archive;
    this.unpacker = unpacker;
    let breakOff = (_error: unknown): void => {};
    this.broken = new Promise<never>((_, reject) => {
      breakOff = reject;
    });
    this.breakOff = breakOff;
    this.broken.catch((error: unknown) => {
      this.failure = error;
    });
    this.parser = new Parser({ strict: true, onReadEntry: (entry) => this.begin(entry) });
    this.parser.on('error', breakOff);
    this.parser.on('eof', () => {
      this.ended = true;
    });
  }

  /** @throws what went wrong with an entry */
  async write(piece: Buffer): Promise<void> {
    // Behind the end nothing counts, and the parser would put all of it together.
    if (this.ended) return;
    if (!this.parser.write(piece)) await Promise.race([once(this.parser, 'drain'), this.broken]);
    if (this.failure !== undefined) throw this.failure;
  }

  /** All bytes were written. @throws NeurodexError `archive-damaged` where the end is missing; what went wrong with an entry */
  async end(): Promise<void> {
    this.parser.end();
    while (this.works.size > 0) await Promise.all(this.works);
    if (this.failure !== undefined) throw this.failure;
    if (!this.ended) throw damagedArchive(this.archive, 'is cut off: the mark at its end is missing');
  }

  /** Nothing is being unpacked any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.works);
  }

  private begin(entry: ReadEntry): void {
    this.last = entry.path;
    const work = unpack(entry, this.archive, this.unpacker, this.broken)
      .catch(this.breakOff)
      .finally(() => this.works.delete(work));
    this.works.add(work);
  }
}

function whatIsWrong(error: unknown): string {
  const code = errorCode(error) ?? '';
  const message = errorMessage(error);
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
