import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorCode, fromFileSystem, type NeurodexError } from '@neurodex/core';
import { MAX_ENTRIES, MAX_RATIO, mostUnpacked, safeName, unsafeArchive } from './limits.ts';

/** Files up to so many bytes are written at once: there may be a hundred thousand of them. */
const SMALL = 1 << 18;

const NEVER = new Promise<never>(() => {});

async function gathered(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Writes entries below a folder, and holds them to the limits. */
export class Unpacker {
  private readonly archive: string;
  private readonly folder: string;
  /** Bytes that its entries may have together. */
  readonly limit: number;
  private readonly why: string;
  private readonly files = new Set<string>();
  /** By name, and when each is there. */
  private readonly folders = new Map<string, Promise<void>>([['', Promise.resolve()]]);
  private announced = 0;
  /** So far. */
  entries = 0;

  /** @param bytes size of the archive itself */
  constructor(archive: string, folder: string, bytes: number, maxBytes: number) {
    this.archive = archive;
    this.folder = folder;
    this.limit = Math.min(maxBytes, mostUnpacked(bytes));
    this.why =
      this.limit === maxBytes ? '' : `, the most for an archive of ${bytes} bytes (${MAX_RATIO} times as much)`;
  }

  /** @throws NeurodexError `archive-unsafe` when the entries together are more or larger than they may be */
  announce(entry: string, bytes: number): void {
    if (++this.entries > MAX_ENTRIES) {
      throw unsafeArchive(this.archive, entry, `is one more than the ${MAX_ENTRIES} entries that an archive may have`);
    }
    this.announced += bytes;
    if (this.announced > this.limit) throw this.tooLarge(entry, this.announced);
  }

  tooLarge(entry: string, bytes: number): NeurodexError {
    const what = `makes it larger than ${this.limit} bytes unpacked${this.why}: ${bytes} so far`;
    return unsafeArchive(this.archive, entry, what);
  }

  async addFolder(entry: string): Promise<void> {
    const name = safeName(this.archive, entry);
    if (this.files.has(name)) throw this.twice(entry);
    await this.make(name, entry);
  }

  /**
   * @param bytes what is announced of the content
   * @param broken rejects when the content will not come to its end
   */
  async addFile(
    entry: string,
    bytes: number,
    content: AsyncIterable<Uint8Array>,
    broken: Promise<never> = NEVER,
  ): Promise<void> {
    const name = safeName(this.archive, entry);
    if (name === '' || this.files.has(name) || this.folders.has(name)) throw this.twice(entry);
    this.files.add(name);
    const at = name.lastIndexOf('/');
    await this.make(at < 0 ? '' : name.slice(0, at), entry);
    const path = join(this.folder, name);
    const source = bytes > SMALL ? Readable.from(content) : undefined;
    try {
      // wx: where the file system takes two names for the same, the second one is refused.
      if (source === undefined) await writeFile(path, await Promise.race([gathered(content), broken]), { flag: 'wx' });
      else await Promise.race([pipeline(source, createWriteStream(path, { flags: 'wx' })), broken]);
    } catch (error) {
      source?.destroy();
      throw this.explain(error, entry, path);
    }
  }

  /** Each folder is made once: one that is there already is another name of one of ours, where the file system takes them for the same. */
  private make(name: string, entry: string): Promise<void> {
    const known = this.folders.get(name);
    if (known !== undefined) return known;
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    const path = join(this.folder, name);
    const made = this.make(parent, entry).then(async () => {
      try {
        await mkdir(path);
      } catch (error) {
        throw this.explain(error, entry, path);
      }
    });
    this.folders.set(name, made);
    return made;
  }

  private explain(error: unknown, entry: string, path: string): unknown {
    const code = errorCode(error);
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') return this.twice(entry);
    return fromFileSystem(error, path);
  }

  private twice(entry: string): NeurodexError {
    return unsafeArchive(
      this.archive,
      entry,
      'is there twice, or under the name of a folder, as this disk takes names',
    );
  }
}
