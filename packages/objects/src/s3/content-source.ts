import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { NeurodexError } from '@neurodex/core';
import type { PutContent } from '../object-store.ts';
import { openSource } from '../source-file.ts';
import type { Body } from './s3-client.ts';

const PIECE_BYTES = 1 << 17;

/** What is put, in memory or in a file, of which any part can be sent. */
export class ContentSource {
  readonly bytes: number;
  private readonly memory: Uint8Array | undefined;
  private readonly handle: FileHandle | undefined;
  private readonly path: string | undefined;

  private constructor(bytes: number, memory: Uint8Array | undefined, handle?: FileHandle, path?: string) {
    this.bytes = bytes;
    this.path = path;
    this.memory = memory;
    this.handle = handle;
  }

  /** @throws NeurodexError `source-missing`, `source-unusable` */
  static async open(content: PutContent): Promise<ContentSource> {
    if (content instanceof Uint8Array) return new ContentSource(content.length, content);
    const handle = await openSource(content.file);
    return new ContentSource((await handle.stat()).size, undefined, handle, content.file);
  }

  /** Bytes `start` up to, not including, `end`: read once for their digest, and again whenever they are sent. */
  async part(start: number, end: number): Promise<Body> {
    const hash = createHash('sha256');
    for await (const piece of this.pieces(start, end)) hash.update(piece);
    return { bytes: end - start, sha256: hash.digest('hex'), pieces: () => this.pieces(start, end) };
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  private async *pieces(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; ) {
      const length = Math.min(PIECE_BYTES, end - at);
      const piece = this.memory?.subarray(at, at + length) ?? (await this.read(at, length));
      // The file is shorter now: what is sent must have the length that was announced.
      if (piece.length === 0) throw this.changed();
      yield piece;
      at += piece.length;
    }
  }

  private changed(): NeurodexError {
    const path = this.path ?? 'the file';
    return new NeurodexError('source-unusable', `${path} became shorter while it was put into a store`, {
      hint: 'put it again when nothing writes to it any more',
      details: { path },
    });
  }

  private async read(position: number, length: number): Promise<Uint8Array> {
    // A buffer of its own: the connection may still hold the one before.
    const buffer = new Uint8Array(length);
    const read = await this.handle?.read(buffer, 0, length, position);
    return buffer.subarray(0, read?.bytesRead ?? 0);
  }
}
