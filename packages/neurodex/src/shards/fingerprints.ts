import { createHash } from 'node:crypto';
import { damaged } from '@neurodex/core/storage';

/*
 * Which paths and which files a shard may have, in eight bytes for each picture: the first 32 bits of the SHA-256 of its path, and of
 * that of its file, each in ascending order. Whoever looks for a picture among many shards opens those alone that may have it.
 */

/** Bytes of one print. */
const PRINT = Uint32Array.BYTES_PER_ELEMENT;

export interface Fingerprints {
  /** uint32 [N], ascending. */
  readonly paths: Uint32Array;
  readonly files: Uint32Array;
}

/** How a picture is looked for: by its path, or by the SHA-256 of its file, hexadecimal. */
export interface Sought {
  readonly paths?: string | undefined;
  readonly files?: string | undefined;
}

const printOfFile = (sha256: string): number => Number.parseInt(sha256.slice(0, 2 * PRINT), 16);
const printOfPath = (path: string): number => createHash('sha256').update(path).digest().readUInt32BE(0);

/** Of all pictures of a shard. @param files SHA-256, hexadecimal */
export const fingerprintsOf = (paths: readonly string[], files: readonly string[]): Fingerprints => ({
  paths: Uint32Array.from(paths, printOfPath).sort(),
  files: Uint32Array.from(files, printOfFile).sort(),
});

/** Little-endian: those of the paths, then those of the files. */
export function writeFingerprints({ paths, files }: Fingerprints): Uint8Array {
  const bytes = new Uint8Array(PRINT * (paths.length + files.length));
  const view = new DataView(bytes.buffer);
  for (const [i, print] of [...paths, ...files].entries()) view.setUint32(PRINT * i, print, true);
  return bytes;
}

/** @param pictures of the shard @param name of the object @throws NeurodexError `index-damaged` */
export function readFingerprints(bytes: Uint8Array, pictures: number, name: string): Fingerprints {
  if (bytes.length !== 2 * PRINT * pictures) throw damaged(name, `holds no fingerprints of ${pictures} pictures`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const prints = Uint32Array.from({ length: 2 * pictures }, (_, i) => view.getUint32(PRINT * i, true));
  const found = { paths: prints.subarray(0, pictures), files: prints.subarray(pictures) };
  for (const each of Object.values(found)) {
    if (each.some((print, i) => print < (each[i - 1] ?? 0))) throw damaged(name, 'holds fingerprints out of order');
  }
  return found;
}

/** Whether a shard may have such a picture. It has none of which it is said that it may not. */
export const mayHave = (prints: Fingerprints, { paths, files }: Sought): boolean =>
  (paths !== undefined && isIn(prints.paths, printOfPath(paths))) ||
  (files !== undefined && isIn(prints.files, printOfFile(files)));

function isIn(sorted: Uint32Array, wanted: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? NaN) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}
