import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromFileSystem, NeurodexError } from '../errors.ts';

export const unsafeArchive = (archive: string, entry: string, what: string): NeurodexError =>
  new NeurodexError('archive-unsafe', `${archive} is not unpacked: its entry ${JSON.stringify(entry)} ${what}`, {
    hint: 'an archive of pictures holds no such entry: get it from its owner again',
    details: { archive, entry },
  });

export const damagedArchive = (archive: string, what: string, entry?: string, cause?: unknown): NeurodexError =>
  new NeurodexError(
    'archive-damaged',
    entry === undefined ? `${archive} ${what}` : `${archive} is damaged: its entry ${JSON.stringify(entry)} ${what}`,
    {
      hint: 'delete it and download it again; where it is your own, test it with the program that made it',
      details: { archive, ...(entry === undefined ? {} : { entry }) },
      cause,
    },
  );

/**
 * The name of an entry as a relative path with '/' between folders, '' for the archive's own top.
 * @throws NeurodexError `archive-unsafe` for a name that leads elsewhere, or that no file system takes
 */
export function safeName(archive: string, name: string): string {
  if (/^[/\\]|^[a-z]:/i.test(name)) throw unsafeArchive(archive, name, 'has an absolute path');
  const parts = name.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafeArchive(archive, name, 'leads out of the folder');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) throw unsafeArchive(archive, name, 'has control characters in its name');
  // On Windows a colon names a hidden stream, and a dot or a blank at the end is dropped.
  if (process.platform === 'win32' && parts.some((part) => /[<>:"|?*]|[. ]$/.test(part))) {
    throw unsafeArchive(archive, name, 'has a name that Windows does not take');
  }
  return parts.join('/');
}

/** Beyond so many bytes, entries may hold at most so many times the bytes of their archive. */
const FREE_OF_RATIO = 64 << 20;
const MAX_RATIO = 200;

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
  private readonly limit: number;
  private readonly files = new Set<string>();
  private readonly folders = new Set<string>();
  private announced = 0;

  /** @param bytes size of the archive itself */
  constructor(archive: string, folder: string, bytes: number, maxBytes: number) {
    this.archive = archive;
    this.folder = folder;
    this.limit = Math.min(maxBytes, Math.max(FREE_OF_RATIO, MAX_RATIO * bytes));
  }

  /** @throws NeurodexError `archive-unsafe` when the entries together are larger than they may be */
  announce(entry: string, bytes: number): void {
    this.announced += bytes;
    if (this.announced <= this.limit) return;
    throw unsafeArchive(this.archive, entry, `makes it larger than ${this.limit} bytes unpacked`);
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

  private async make(name: string, entry: string): Promise<void> {
    if (this.folders.has(name)) return;
    const path = join(this.folder, name);
    try {
      await mkdir(path, { recursive: true });
    } catch (error) {
      throw this.explain(error, entry, path);
    }
    for (let each = name; each !== '.' && !this.folders.has(each); each = dirname(each)) this.folders.add(each);
  }

  private explain(error: unknown, entry: string, path: string): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') return this.twice(entry);
    return fromFileSystem(error, path);
  }

  private twice(entry: string): NeurodexError {
    return unsafeArchive(this.archive, entry, 'is there twice, or under the name of a folder');
  }
}
