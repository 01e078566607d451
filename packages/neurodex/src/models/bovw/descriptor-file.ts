import { type FileHandle, open } from 'node:fs/promises';
import { fromFileSystem } from '@neurodex/core';
import { DESCRIPTOR_LENGTH } from './parameters.ts';

/** Written to the disk when this many bytes have come together. */
const BUFFER = 1 << 20;

/**
 * The descriptors of many pictures, one after another, on disk: a hundred thousand photographs have gigabytes of them. A
 * file for a while: whoever makes it deletes it.
 */
export class DescriptorFile {
  readonly path: string;
  private readonly file: FileHandle;
  private readonly pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private written = 0;
  /** The writing under way: readers and writers wait for it. */
  private flushing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.file = file;
  }

  /** @throws NeurodexError `disk-full`, `output-unwritable`, as does `append` */
  static async create(path: string): Promise<DescriptorFile> {
    try {
      return new DescriptorFile(path, await open(path, 'wx+'));
    } catch (error) {
      throw fromFileSystem(error, path);
    }
  }

  /** Descriptors so far. */
  get count(): number {
    return (this.written + this.pendingBytes) / DESCRIPTOR_LENGTH;
  }

  /** @param descriptors uint8 [n, 128] */
  async append(descriptors: Uint8Array): Promise<void> {
    this.pending.push(descriptors);
    this.pendingBytes += descriptors.length;
    if (this.pendingBytes >= BUFFER) await this.flush();
  }

  /** @returns uint8 [end − start, 128] */
  async read(start: number, end: number): Promise<Uint8Array> {
    await this.flush();
    const bytes = new Uint8Array((end - start) * DESCRIPTOR_LENGTH);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.file.read(bytes, done, bytes.length - done, start * DESCRIPTOR_LENGTH + done);
      if (bytesRead === 0) throw new RangeError(`${this.path} has ${this.count} descriptors, not ${end}`);
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.write());
    return this.flushing;
  }

  private async write(): Promise<void> {
    if (this.pendingBytes === 0) return;
    const bytes = Buffer.concat(this.pending);
    this.pending.length = 0;
    this.pendingBytes = 0;
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await this.file.write(bytes, done, bytes.length - done, this.written + done)).bytesWritten;
      }
    } catch (error) {
      throw fromFileSystem(error, this.path);
    }
    this.written += bytes.length;
  }
}
