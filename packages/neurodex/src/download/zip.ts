import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import * as yauzl from 'yauzl';
import { NeurodexError } from '../errors.ts';
import { damagedArchive, safeName, unsafeArchive } from './unpacker.ts';

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

export type ZipItem = ArchiveEntry & { readonly isFolder: boolean };

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
        const stream = () => checked(zip, entry, archive, name);
        yield { name, bytes: entry.uncompressedSize, isFolder, stream, read: () => collected(stream()) };
      }
    } catch (error) {
      throw fromZip(error, archive);
    }
  }

  close(): void {
    this.zip.close();
  }
}

async function* checked(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  archive: string,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (entry.isEncrypted()) throw damagedArchive(archive, 'is encrypted', name);
  let sum = 0;
  try {
    // The size is held to by yauzl, while it inflates.
    const content = await zip.openReadStreamPromise(entry);
    for await (const piece of content as Readable as AsyncIterable<Buffer>) {
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
  const { message } = error as Error;
  const what =
    entry === undefined ? `is not a zip archive that can be read (${message})` : `cannot be read (${message})`;
  return damagedArchive(archive, what, entry, error);
}

const isSystemError = (error: unknown): boolean => typeof (error as NodeJS.ErrnoException)?.syscall === 'string';
