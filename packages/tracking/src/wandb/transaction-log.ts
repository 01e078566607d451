import { crc32 } from 'node:zlib';

/** ':W&B', the magic number 0xBEE1 and the version 0, little-endian. */
export const LOG_HEADER = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);
const BLOCK = 32768;
/** Checksum (4), length (2), kind (1). */
const CHUNK_HEADER = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const;

/**
 * The framing of a `.wandb` file: LevelDB's log format (github.com/google/leveldb, doc/log_format.md) behind a header of
 * 7 bytes that counts as part of the first block; the checksum is CRC-32 of kind and data, unmasked, where LevelDB has
 * CRC-32C. Records are cut where a block ends.
 */
export class TransactionLog {
  private position = LOG_HEADER.length;

  /** The bytes that a record adds to the file. */
  frame(record: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let rest = record;
    let first = true;
    do {
      let room = BLOCK - (this.position % BLOCK);
      if (room < CHUNK_HEADER) {
        parts.push(new Uint8Array(room));
        this.position += room;
        room = BLOCK;
      }
      const data = rest.subarray(0, room - CHUNK_HEADER);
      rest = rest.subarray(data.length);
      const last = rest.length === 0;
      parts.push(chunk(data, first ? (last ? FULL : FIRST) : last ? LAST : MIDDLE));
      this.position += CHUNK_HEADER + data.length;
      first = false;
    } while (rest.length > 0);
    return Buffer.concat(parts);
  }
}

function chunk(data: Uint8Array, kind: number): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEADER + data.length);
  const view = new DataView(bytes.buffer);
  bytes[6] = kind;
  bytes.set(data, CHUNK_HEADER);
  view.setUint32(0, crc32(bytes.subarray(6)), true);
  view.setUint16(4, data.length, true);
  return bytes;
}
