import { crc32 } from 'node:zlib';
import { PROGRAM_MARK } from '@neurodex/core/storage';

/** Signature and header: what stands before the first chunk that a writer may choose. */
const HEADER_BYTES = 33;

/** A PNG that says which program wrote it (the text `Software` of its specification, section 11.3.3). */
export function markedPng(png: Uint8Array): Uint8Array {
  const text = Buffer.from(`tEXtSoftware\0${PROGRAM_MARK}`, 'latin1');
  const chunk = Buffer.alloc(text.length + 8);
  chunk.writeUInt32BE(text.length - 4, 0);
  text.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(text), text.length + 4);
  return Buffer.concat([png.subarray(0, HEADER_BYTES), chunk, png.subarray(HEADER_BYTES)]);
}
