import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { errorCode, NeurodexError } from '@neurodex/core';
import { MAX_RATIO, mostUnpacked } from '../../download/limits.ts';

/** What an IDX file holds (LeCun's format, yann.lecun.org/exdb/mnist): bytes, and how they are laid out. */
export interface IdxFile {
  readonly path: string;
  /** Sizes of the dimensions: [n] for labels, [n, height, width] for grey pictures, [n, height, width, 3] for colour. */
  readonly shape: readonly number[];
  /** uint8, row by row. */
  readonly data: Uint8Array;
}

/** The third byte of the magic number. */
const UNSIGNED_BYTE = 0x08;
const TYPES: Readonly<Record<number, string>> = {
  [UNSIGNED_BYTE]: 'unsigned bytes',
  9: 'signed bytes',
  11: '16-bit integers',
  12: '32-bit integers',
  13: '32-bit floats',
  14: '64-bit floats',
};

const tooLarge = (path: string, what: string): NeurodexError =>
  new NeurodexError('source-unusable', `${path} ${what}`, {
    hint: 'write the pictures as Parquet, which is read piece by piece, or in several files',
    details: { path },
  });

export const damaged = (path: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('source-damaged', `${path} ${what}`, {
    hint: 'copy or download the file again',
    details: { path },
    cause,
  });

/** A sound file, but not of the kind that is read here. */
const unusable = (path: string, what: string, hint: string): NeurodexError =>
  new NeurodexError('source-unusable', `${path} ${what}`, { hint, details: { path } });

/**
 * A whole IDX file of unsigned bytes, gzipped or not.
 * @param dimensions how many of them it should have
 * @throws NeurodexError `source-missing`, `source-unusable` (no permission, too large, another type, another number of
 *   dimensions), `source-damaged` (wrong magic number, a length that does not follow from its header)
 */
export async function readIdx(path: string, dimensions: readonly number[]): Promise<IdxFile> {
  const file = await readWhole(path);
  const bytes = isGzip(file) ? await unzip(file, path) : file;
  const { shape, header } = headerOf(path, bytes, bytes.length, dimensions);
  return { path, shape, data: bytes.subarray(header) };
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Bytes of the longest header that is read here. */
export const MOST_HEADER = 4 + 4 * 4;

/**
 * What the header of a file says, and where it ends.
 * @param bytes the first of the file, at least `MOST_HEADER` or all @param length of the whole file
 * @throws NeurodexError as `readIdx`
 */
export function headerOf(path: string, bytes: Uint8Array, length: number, dimensions: readonly number[]) {
  const [zero0, zero1, type = -1, rank = -1] = bytes;
  if (length < 4 || zero0 !== 0 || zero1 !== 0 || !(type in TYPES)) {
    const magic = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw damaged(
      path,
      `is not an IDX file: it begins with ${magic === '' ? 'nothing' : magic}, not 00 00 08 and the number of dimensions`,
    );
  }
  if (type !== UNSIGNED_BYTE) {
    throw unusable(path, `holds ${TYPES[type]}; only unsigned bytes are read`, 'write it again as unsigned bytes');
  }
  if (!dimensions.includes(rank)) {
    const hint =
      'name the file of the pictures (…-images-idx3-ubyte), and keep that of the labels (…-labels-idx1-ubyte) beside it';
    throw unusable(path, `has ${rank} dimensions, where ${dimensions.join(' or ')} were expected`, hint);
  }
  const header = 4 + 4 * rank;
  if (length < header) throw damaged(path, `is cut off in its header, at byte ${length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const announced = shape.reduce((product, size) => product * size, 1);
  if (length - header !== announced) {
    throw damaged(path, `announces ${shape.join(' × ')} = ${announced} bytes and holds ${length - header}`);
  }
  return { shape, header };
}

/** It is held in memory, compressed and not. */
const LARGEST = 2 ** 31 - 1;

const readWhole = (path: string): Promise<Uint8Array> =>
  withFile(path, async (handle) => {
    const { size } = await handle.stat();
    if (size > LARGEST) throw tooLarge(path, `has ${size} bytes, and at most ${LARGEST} are read`);
    return await handle.readFile();
  });

/** Opens a file for a moment. @throws NeurodexError `source-missing`, `source-unusable` (no permission) */
export async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(path, 'r');
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    const code = errorCode(error);
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new NeurodexError(
      missing ? 'source-missing' : 'source-unusable',
      missing ? `${path} is not there` : `${path} cannot be read (${code})`,
      {
        hint: missing
          ? 'an IDX data set is a pair of files: …-images-idx3-ubyte and …-labels-idx1-ubyte'
          : 'check the permissions of the file',
        details: { path },
        cause: error,
      },
    );
  }
}

const inflate = promisify(gunzip);

/** Bytes that the header of a gzipped file announces, known before all is inflated; 0 where it cannot be read. */
function announcedIn(file: Uint8Array): number {
  try {
    const start = gunzipSync(file.subarray(0, 512), { finishFlush: constants.Z_SYNC_FLUSH });
    const rank = start[3] ?? 0;
    let bytes = 1;
    for (let i = 0; i < rank; i++) bytes *= start.readUInt32BE(4 + 4 * i);
    return bytes;
  } catch {
    return 0;
  }
}

async function unzip(file: Uint8Array, path: string): Promise<Uint8Array> {
  const most = Math.min(LARGEST, mostUnpacked(file.length));
  const announced = announcedIn(file);
  if (announced > most) {
    const limits = `at most ${LARGEST} are read, and ${MAX_RATIO} times the compressed ones`;
    throw tooLarge(path, `announces ${announced} bytes, and has ${file.length} compressed; ${limits}`);
  }
  try {
    return await inflate(file, { maxOutputLength: most });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(
        path,
        `has ${file.length} bytes compressed and more than ${most} unpacked; at most ${LARGEST} are read, and ${MAX_RATIO} times the compressed ones`,
      );
    }
    const why = code === 'Z_BUF_ERROR' ? 'it is cut off' : 'its bytes are not what gzip writes';
    throw damaged(path, `is a gzip file that cannot be unpacked: ${why}`, error);
  }
}
