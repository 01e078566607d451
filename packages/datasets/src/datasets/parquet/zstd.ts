import { defined } from '@neurodex/core';
import { Decompress, decompress } from 'fzstd';

/** The largest window that the reference decoder accepts by default (ZSTD_WINDOWLOG_LIMIT_DEFAULT), in bytes. */
const LARGEST_WINDOW = 2 ** 27;
const MAGIC = 0xfd2fb528;

/**
 * Decompresses Zstandard (RFC 8878) to a length that is known. The library makes room for whatever the bytes say, so that a page of
 * 30 KB could become a gigabyte before its length is compared.
 * @throws Error
 */
export function decompressZstd(input: Uint8Array, length: number): Uint8Array {
  const frame = frameOf(input);
  if (frame.window > LARGEST_WINDOW && frame.window > length) throw new Error('zlib: the window is too large');
  // In one piece, and of the right length: the fast way.
  if (frame.end === input.length && frame.content === length) return decompress(input);
  const out = new Uint8Array(length);
  let done = 0;
  const stream = new Decompress((piece) => {
    if (done + piece.length > length) throw new Error('zlib: it becomes longer than it says');
    out.set(piece, done);
    done += piece.length;
  });
  stream.push(input, true);
  if (done !== length) throw new Error('zlib: it becomes shorter than it says');
  return out;
}

interface Frame {
  /** Bytes that it says it becomes; undefined where it does not say. */
  readonly content: number | undefined;
  readonly window: number;
  /** Where it ends in the input; -1 for one that is cut off. */
  readonly end: number;
}

function frameOf(input: Uint8Array): Frame {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length < 6 || view.getUint32(0, true) !== MAGIC) throw new Error('zlib: it is not Zstandard');
  const flags = view.getUint8(4);
  const single = (flags & 0x20) !== 0;
  const dictionaryBytes = defined([0, 1, 2, 4][flags & 3], 'the size of its dictionary’s number');
  const contentBytes = flags >> 6 === 0 ? (single ? 1 : 0) : 1 << (flags >> 6);
  let at = 5;
  let window = 0;
  if (!single) {
    const descriptor = view.getUint8(at++);
    const base = 2 ** (10 + (descriptor >> 3));
    window = base + (base / 8) * (descriptor & 7);
  }
  at += dictionaryBytes;
  let content: number | undefined;
  if (contentBytes > 0) {
    content = contentBytes === 2 ? 256 : 0;
    for (let i = 0; i < contentBytes; i++) content += view.getUint8(at + i) * 256 ** i;
    at += contentBytes;
  }
  for (let last = false; !last; ) {
    if (at + 3 > input.length) return { content, window: window || (content ?? 0), end: -1 };
    const header = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
    last = (header & 1) === 1;
    // A block of one repeated byte takes one.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  return { content, window: window || (content ?? 0), end: at + ((flags & 4) !== 0 ? 4 : 0) };
}
