import type { FileHandle } from 'node:fs/promises';
import { damaged, headerOf, isGzip, MOST_HEADER, readIdx, withFile } from './file.ts';

/** The pictures of an IDX file, read as they are asked for. */
export interface IdxPictures {
  readonly path: string;
  /** [n, height, width] for grey pictures, [n, height, width, channels] for colour. */
  readonly shape: readonly number[];
  /** Pixels of a picture, uint8 [height, width, channels]. @throws NeurodexError `source-damaged`, `source-missing` for a file that has changed */
  picture(number: number): Promise<Uint8Array>;
}

/** Bytes that are read together. */
const BLOCK_BYTES = 1 << 20;
/** Pictures are asked for in the order of their names, a class after the other, and many at a time: those lie close together. */
const BLOCKS = 8;

/**
 * Opens the pictures of an IDX file. One that is gzipped is held in memory.
 * @param dimensions how many of them it should have
 * @throws NeurodexError as `readIdx`
 */
export async function openIdxPictures(path: string, dimensions: readonly number[]): Promise<IdxPictures> {
  const { size, start } = await withFile(path, async (handle) => ({
    size: (await handle.stat()).size,
    start: await readAt(handle, 0, MOST_HEADER),
  }));
  if (isGzip(start)) {
    const { shape, data } = await readIdx(path, dimensions);
    const bytes = bytesOfOne(shape);
    return { path, shape, picture: async (number) => data.subarray(number * bytes, (number + 1) * bytes) };
  }
  const { shape, header } = headerOf(path, start, size, dimensions);
  const bytes = bytesOfOne(shape);
  const together = Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, bytes)));
  const blocks = new Map<number, Promise<Uint8Array>>();
  const read = (block: number): Promise<Uint8Array> => {
    const known =
      blocks.get(block) ??
      withFile(path, (handle) => readAt(handle, header + block * together * bytes, together * bytes));
    // The last one used goes last, and the first one first.
    blocks.delete(block);
    blocks.set(block, known);
    for (const oldest of blocks.keys()) {
      if (blocks.size <= BLOCKS) break;
      blocks.delete(oldest);
    }
    return known;
  };
  return {
    path,
    shape,
    async picture(number) {
      const start = (number % together) * bytes;
      const pixels = (await read(Math.floor(number / together))).subarray(start, start + bytes);
      if (pixels.length < bytes) throw damaged(path, `has become shorter: picture ${number} is not in it any more`);
      return pixels;
    },
  };
}

const bytesOfOne = ([, ...shape]: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Bytes of a file; fewer where it ends. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
