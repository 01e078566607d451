import { crc32 } from 'node:zlib';
import { errorCode, errorMessage, isSystemError, NeurodexError } from '@neurodex/core';
import * as yauzl from 'yauzl';
import { damagedArchive, safeName, unsafeArchive, unsupportedArchive } from './limits.ts';

/** A file in an archive. */
export interface ArchiveEntry {
  /** A relative path, '/' between folders. */
  readonly name: string;
  /** Uncompressed. */
  readonly bytes: number;
  /** Its content, piece by piece, checked against its size and CRC-32. Only while the loop stands at this entry. */
  stream(): AsyncIterable<Uint8Array>;
  /** The same as a whole. */
  read(): Promise<Uint8Array>;
}

export type ZipItem = ArchiveEntry & {
  readonly isFolder: boolean;
  /** Its bytes in the archive, header included. */
  readonly place: { readonly from: number; readonly to: number; readonly name: string };
  /** @throws NeurodexError `archive-unsupported` */
  refuseUnreadable(): void;
};

/** Compression methods by number (APPNOTE.TXT, 4.4.5). */
const METHODS: Readonly<Record<number, string>> = {
  0: 'none',
  1: 'Shrink',
  6: 'Implode',
  8: 'Deflate',
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  16: 'IBM CMPSC',
  19: 'IBM LZ77',
  20: 'Zstandard',
  93: 'Zstandard',
  94: 'MP3',
  95: 'xz',
  96: 'JPEG',
  97: 'WavPack',
  98: 'PPMd',
};
const [STORED, DEFLATED] = [0, 8];
/** Of the fixed part of an entry's header. */
const HEADER_BYTES = 30;

/** The file types of Unix, as the upper half of a zip entry's attributes has them. */
const FILE_TYPE = 0o170000;
const [REGULAR, FOLDER, LINK] = [0o100000, 0o040000, 0o120000];

/** An open zip archive. @throws NeurodexError `archive-*` */
export class Zip {
  private readonly archive: string;
  private readonly zip: yauzl.ZipFile;

  private constructor(archive: string, zip: yauzl.ZipFile) {
    this.archive = archive;
    this.zip = zip;
  }

  static async open(archive: string): Promise<Zip> {
    try {
      const zip = await yauzl.openPromise(archive, { lazyEntries: true, autoClose: false, decodeStrings: false });
      return new Zip(archive, zip);
    } catch (error) {
      throw fromZip(error, archive);
    }
  }

  /** Everything in it, folders included, as its directory lists it. Once only. */
  async *items(): AsyncGenerator<ZipItem, void, undefined> {
    const zip = this.zip;
    const archive = this.archive;
    const seen = new Set<string>();
    try {
      for await (const entry of zip.eachEntry()) {
        // Decoded here, so that a name that leads elsewhere is told in our words.
        const raw = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
        const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
        const isFolder = raw.endsWith('/') || type === FOLDER;
        if (type !== 0 && type !== REGULAR && type !== FOLDER) {
          throw unsafeArchive(archive, raw, type === LINK ? 'is a link' : 'is not a regular file');
        }
        const name = safeName(archive, raw);
        if (!isFolder && seen.has(name)) throw unsafeArchive(archive, raw, 'is there twice');
        seen.add(name);
        const from = entry.relativeOffsetOfLocalHeader;
        const to = from + HEADER_BYTES + entry.fileNameLength + entry.compressedSize;
        const stream = () => checked(zip, entry, archive, name);
        yield {
          name,
          bytes: entry.uncompressedSize,
          isFolder,
          place: { from, to, name },
          refuseUnreadable: () => refuseUnreadable(entry, archive, name),
          stream,
          read: () => collected(stream()),
        };
      }
    } catch (error) {
      throw fromZip(error, archive);
    }
  }

  /** As many as the archive says it has, folders included. */
  get entries(): number {
    return this.zip.entryCount;
  }

  close(): void {
    this.zip.close();
  }
}

function refuseUnreadable(entry: yauzl.Entry, archive: string, name: string): void {
  if (entry.isEncrypted()) throw unsupportedArchive(archive, 'is encrypted', name);
  const method = entry.compressionMethod;
  if (method === STORED || method === DEFLATED) return;
  const called = METHODS[method];
  const which = called === undefined ? `number ${method}` : `${called} (number ${method})`;
  throw unsupportedArchive(archive, `uses a compression that is not read: ${which}`, name);
}

async function* checked(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  archive: string,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  refuseUnreadable(entry, archive, name);
  let sum = 0;
  try {
    // The size is held to by yauzl, while it inflates.
    const content: AsyncIterable<Buffer> = await zip.openReadStreamPromise(entry);
    for await (const piece of content) {
      sum = crc32(piece, sum);
      yield piece;
    }
  } catch (error) {
    throw fromZip(error, archive, name);
  }
  if (sum !== entry.crc32) throw damagedArchive(archive, 'has another checksum than the archive says', name);
}

async function collected(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

function fromZip(error: unknown, archive: string, entry?: string): unknown {
  if (error instanceof NeurodexError || isSystemError(error)) return error;
  const message = errorMessage(error);
  if (/multi-disk/.test(message)) return unsupportedArchive(archive, 'is a part of a zip archive of several parts');
  if (/strong encryption/.test(message)) return unsupportedArchive(archive, 'is encrypted');
  if (entry === undefined) {
    const what = 'has no directory of its entries at its end: it is cut off, or is not a zip archive';
    return damagedArchive(archive, /end of central|comment length/i.test(message) ? what : UNSOUND, undefined, error);
  }
  const what = /too many|not enough|mismatch/.test(message)
    ? 'has not the size that the archive says'
    : errorCode(error)?.startsWith('Z_')
      ? 'has compressed bytes that make no sense'
      : 'is not where the archive says';
  return damagedArchive(archive, what, entry, error);
}

const UNSOUND = 'is damaged: the directory of its entries makes no sense';
