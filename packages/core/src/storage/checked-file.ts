import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, read as readCallback, readSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { NeurodexError } from '../errors.ts';
import { errorCode } from '../thrown.ts';
import type { ByteSource } from './byte-source.ts';
import { damaged, unreadable } from './damaged.ts';
import { CHUNK_BYTES, type ChunkedDigest, type FileDigest } from './hashed-file.ts';

const read = promisify(readCallback);
const DIGEST_BYTES = 32;
/** Reads of a file that changes all the time before it is refused. */
const TRIES = 3;

/** How a file is read whose digest is known. */
export interface CheckedFileOptions {
  /** Opens the file now and keeps it: another file may take its name, and this one is still read. */
  readonly hold?: boolean;
  /** Asked when bytes are not those that were listed: the error, where a whole new version stands in its place. */
  readonly replaced?: (() => NeurodexError | undefined) | undefined;
}

/**
 * A file whose bytes are compared with a digest before they are handed out: chunk by chunk when a piece is read, all at
 * once where no chunks are listed. A chunk is compared once, and again when the file has been written to or replaced.
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { errorCode } from '@neurodex/core';
 * import { CheckedFile, digestFile } from '@neurodex/core/storage';
 *
 * writeFileSync('colours.txt', 'red green blue');
 * const digest = await digestFile('colours.txt');
 * console.log(Buffer.from(await new CheckedFile('colours.txt', digest).slice(4, 9)).toString()); // → green
 * writeFileSync('colours.txt', 'red GREEN blue');
 * await new CheckedFile('colours.txt', digest).slice(4, 9).catch((error) => console.log(errorCode(error))); // → index-damaged
 * ```
 */
export class CheckedFile implements ByteSource {
  /** Where it is. */
  readonly path: string;
  /** Its size. */
  readonly byteLength: number;
  private readonly sha256: string;
  private readonly chunks: Buffer | undefined;
  private readonly replaced: CheckedFileOptions['replaced'];
  private readonly checked = new Set<number>();
  private identity = '';
  private held: number | undefined;

  /** @throws NeurodexError `index-missing`, `index-damaged` */
  constructor(path: string, listed: FileDigest & Partial<ChunkedDigest>, options: CheckedFileOptions = {}) {
    this.path = path;
    this.byteLength = listed.bytes;
    this.sha256 = listed.sha256;
    this.chunks = listed.chunks === undefined ? undefined : Buffer.from(listed.chunks, 'base64');
    this.replaced = options.replaced;
    if (options.hold === true) this.hold();
  }

  /** That it is there and has the listed length. @throws NeurodexError `index-missing`, `index-damaged` */
  checkSize(): void {
    if (this.held === undefined) closeSync(this.open());
  }

  /** Bytes `start` up to, not including, `end`. @throws NeurodexError `index-missing`, `index-damaged`, `index-unreadable`, `index-replaced` */
  async slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    return await this.withFile(async (fd) => {
      for (let tries = 0; tries < TRIES; tries++) {
        const [from, to] = this.extent(start, end);
        const bytes = new Uint8Array(to - from);
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await read(fd, bytes, done, bytes.length - done, from + done);
          if (bytesRead === 0) throw this.ended();
          done += bytesRead;
        }
        if (!this.check(fd, bytes, from)) continue;
        // A whole file may be large: it is not held twice.
        return from === start && to === end ? bytes.buffer : bytes.buffer.slice(start - from, end - from);
      }
      throw this.refusal('changes while it is read');
    });
  }

  /** As `slice`, without giving up the thread. @param target takes the bytes from `start` on, as many as it has room for */
  readSync(target: Uint8Array, start: number): void {
    const end = start + target.length;
    const fd = this.held ?? this.open();
    try {
      for (let tries = 0; tries < TRIES; tries++) {
        const [from, to] = this.extent(start, end);
        const whole = from === start && to === end;
        const bytes = whole ? target : new Uint8Array(to - from);
        for (let done = 0; done < bytes.length; ) {
          const got = readSync(fd, bytes, done, bytes.length - done, from + done);
          if (got === 0) throw this.ended();
          done += got;
        }
        if (!this.check(fd, bytes, from)) continue;
        if (!whole) target.set(bytes.subarray(start - from, end - from));
        return;
      }
      throw this.refusal('changes while it is read');
    } catch (error) {
      throw unreadable(error, this.path);
    } finally {
      if (fd !== this.held) closeSync(fd);
    }
  }

  /** Harmless when nothing is held. */
  async close(): Promise<void> {
    if (this.held !== undefined) closeSync(this.held);
    this.held = undefined;
  }

  /** Where no more files may be open, it is opened whenever it is read, and compared all the same. */
  private hold(): void {
    try {
      this.held = this.open();
    } catch (error) {
      const code = error instanceof Error ? errorCode(error.cause) : undefined;
      if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    }
  }

  /** What to read for the bytes asked for: whole chunks, where one of them has not been compared yet. */
  private extent(start: number, end: number): [number, number] {
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end)) throw this.outside();
    if (end > this.byteLength) throw this.outside();
    if (this.chunks === undefined) return this.checked.has(0) ? [start, end] : [0, this.byteLength];
    const first = Math.floor(start / CHUNK_BYTES);
    const last = Math.ceil(end / CHUNK_BYTES);
    for (let chunk = first; chunk < last; chunk++) {
      if (!this.checked.has(chunk)) return [first * CHUNK_BYTES, Math.min(last * CHUNK_BYTES, this.byteLength)];
    }
    return [start, end];
  }

  /** Whether the bytes are the listed ones; false when the file has changed and they must be read again. */
  private check(fd: number, bytes: Uint8Array, from: number): boolean {
    const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(fd, { bigint: true });
    const identity = `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    const known = identity === this.identity;
    if (!known) {
      this.identity = identity;
      const again = this.checked.size > 0;
      this.checked.clear();
      if (again) return false;
    }
    if (this.chunks === undefined) {
      if (!this.checked.has(0)) this.compare(0, bytes, this.sha256);
      return true;
    }
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = (from + at) / CHUNK_BYTES;
      if (!Number.isInteger(chunk)) return true;
      if (this.checked.has(chunk)) continue;
      const listed = this.chunks.toString('hex', chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
      this.compare(chunk, bytes.subarray(at, at + CHUNK_BYTES), listed);
    }
    return true;
  }

  private compare(chunk: number, bytes: Uint8Array, listed: string): void {
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== listed) throw this.refusal('has changed since it was written (its SHA-256 differs)');
    this.checked.add(chunk);
  }

  private async withFile<T>(work: (fd: number) => Promise<T>): Promise<T> {
    const fd = this.held ?? this.open();
    try {
      return await work(fd);
    } catch (error) {
      throw unreadable(error, this.path);
    } finally {
      if (fd !== this.held) closeSync(fd);
    }
  }

  private open(): number {
    try {
      // Opening a pipe would wait for somebody to write into it.
      if (!statSync(this.path).isFile()) throw damaged(this.path, 'is not a file');
      const fd = openSync(this.path, 'r');
      const { size } = fstatSync(fd);
      if (size === this.byteLength) return fd;
      closeSync(fd);
      throw this.refusal(`has ${size} bytes where ${this.byteLength} are listed`);
    } catch (error) {
      const refusal = unreadable(error, this.path);
      throw refusal === error ? error : (this.replaced?.() ?? refusal);
    }
  }

  private readonly outside = (): NeurodexError =>
    damaged(this.path, `is read beyond its ${this.byteLength} bytes: what points into it is damaged`);

  private readonly ended = (): NeurodexError => this.refusal('is shorter than it was');

  private refusal(what: string): NeurodexError {
    return this.replaced?.() ?? damaged(this.path, what);
  }
}
