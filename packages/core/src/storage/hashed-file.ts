import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { fromFileSystem } from '../errors.ts';

const BUFFER_BYTES = 1 << 20;

/** What is hashed by itself, so that a piece of a large file can be checked without the rest. */
export const CHUNK_BYTES = 1 << 18;

/** Size and SHA-256 (hexadecimal) of a file, as a manifest lists it. */
export interface FileDigest {
  /** Its size. */
  readonly bytes: number;
  /** Hexadecimal, lower case. */
  readonly sha256: string;
}

/** Also the SHA-256 of every `CHUNK_BYTES`: 32 bytes each, one after another, in base64. */
export interface ChunkedDigest extends FileDigest {
  /** SHA-256 of each chunk, one behind the other, in base64. */
  readonly chunks: string;
}

/**
 * Digests bytes as they come: all of them together, and chunk by chunk.
 * @example
 * ```ts
 * import { FileHasher } from '@neurodex/core/storage';
 *
 * const hasher = new FileHasher();
 * for (const piece of ['re', 'd']) hasher.update(new TextEncoder().encode(piece));
 * const { bytes, sha256 } = hasher.digest();
 * console.log(bytes, sha256.slice(0, 8)); // → 3 b1f51a51
 * ```
 */
export class FileHasher {
  private readonly all = createHash('sha256');
  private readonly digests: Buffer[] = [];
  private chunk = createHash('sha256');
  private filled = 0;
  private bytes = 0;

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    this.all.update(bytes);
    this.bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.filled);
      this.chunk.update(part);
      this.filled += part.length;
      at += part.length;
      if (this.filled === CHUNK_BYTES) this.endChunk();
    }
  }

  /** Of all bytes so far. */
  digest(): ChunkedDigest {
    if (this.filled > 0) this.endChunk();
    return {
      bytes: this.bytes,
      sha256: this.all.digest('hex'),
      chunks: Buffer.concat(this.digests).toString('base64'),
    };
  }

  private endChunk(): void {
    this.digests.push(this.chunk.digest());
    this.chunk = createHash('sha256');
    this.filled = 0;
  }
}

/**
 * A new file that grows at its end, buffered, and that knows its digest when it is finished. Appends must not overlap:
 * await each one.
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { HashedFile } from '@neurodex/core/storage';
 *
 * const file = await HashedFile.create('colours.txt');
 * for (const piece of ['re', 'd']) await file.append(new TextEncoder().encode(piece));
 * const { bytes, sha256 } = await file.finish();
 * console.log(readFileSync('colours.txt', 'utf8'), bytes, sha256.slice(0, 8)); // → red 3 b1f51a51
 * ```
 */
export class HashedFile {
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly hash = new FileHasher();
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private filled = 0;
  private written = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  /** A file that is written and digested at once. @throws NeurodexError `output-unwritable`, `disk-full`; an Error when the file is there already */
  static async create(path: string): Promise<HashedFile> {
    try {
      return new HashedFile(path, await open(path, 'wx'));
    } catch (error) {
      throw fromFileSystem(error, path);
    }
  }

  /** Bytes appended so far. */
  get bytes(): number {
    return this.written + this.filled;
  }

  /** The bytes are copied or written before it resolves, so that the caller may use them again. */
  async append(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    if (this.filled + bytes.length > BUFFER_BYTES) await this.flush();
    if (bytes.length >= BUFFER_BYTES) {
      await this.write(bytes);
    } else {
      this.buffer.set(bytes, this.filled);
      this.filled += bytes.length;
    }
  }

  /** Write what is buffered, and close. @param sync whether the disk has it before this resolves */
  async finish(sync = false): Promise<ChunkedDigest> {
    try {
      await this.flush();
      if (sync) await this.handle.sync();
    } finally {
      await this.close();
    }
    return this.hash.digest();
  }

  /** Close without writing what is buffered: after an error. Harmless when closed already. */
  async close(): Promise<void> {
    await this.handle.close();
  }

  private async flush(): Promise<void> {
    const bytes = this.buffer.subarray(0, this.filled);
    this.filled = 0;
    await this.write(bytes);
  }

  private async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
        this.written += bytesWritten;
      }
    } catch (error) {
      throw fromFileSystem(error, this.path);
    }
  }
}

/**
 * Digest of a regular file that exists, read in pieces.
 * @throws Error of the file system; of one that is no file: `ENOTSUP`
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { digestFile } from '@neurodex/core/storage';
 *
 * writeFileSync('colours.txt', 'red');
 * const { bytes, sha256 } = await digestFile('colours.txt');
 * console.log(bytes, sha256.slice(0, 8)); // → 3 b1f51a51
 * ```
 */
export async function digestFile(path: string): Promise<ChunkedDigest> {
  const found = await stat(path);
  if (!found.isFile()) throw Object.assign(new Error(`${path} is not a regular file`), { code: 'ENOTSUP', path });
  const hash = new FileHasher();
  const buffer = new Uint8Array(Math.min(BUFFER_BYTES, Math.max(1, found.size)));
  const handle = await open(path, 'r');
  try {
    for (let position = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return hash.digest();
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
