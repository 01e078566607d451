import { readSafetensors, writeSafetensors } from '@neurodex/autograd';
import { damaged } from '@neurodex/core/storage';
import type { RouterCells } from './router.ts';

/** Clusters of one shard. */
export type ShardCells = Omit<RouterCells, 'offsets'>;

/** Of one shard, as a safetensors file. */
export const writeCells = ({ counts, rows }: ShardCells): Uint8Array =>
  writeSafetensors({
    counts: { shape: [counts.length], data: counts },
    rows: { shape: [counts.length, rows.length / Math.max(1, counts.length)], data: rows },
  });

/** Of all shards. */
export const writeRouterCells = ({ offsets, counts, rows }: RouterCells): Uint8Array =>
  writeSafetensors({
    offsets: { shape: [offsets.length], data: offsets },
    counts: { shape: [counts.length], data: counts },
    rows: { shape: [counts.length, rows.length / Math.max(1, counts.length)], data: rows },
  });

/** @param width D @throws NeurodexError `index-damaged` naming the object */
export function readCells(bytes: Uint8Array, width: number, name: string): ShardCells {
  const { counts, rows } = read(bytes, width, name);
  return { counts, rows };
}

/** @param shards S @param width D @throws NeurodexError `index-damaged` naming the object */
export function readRouterCells(bytes: Uint8Array, shards: number, width: number, name: string): RouterCells {
  const { offsets, counts, rows } = read(bytes, width, name);
  const rises = offsets?.every((offset, i) => (i === 0 ? offset === 0 : offset > (offsets[i - 1] ?? NaN)));
  if (offsets?.length !== shards + 1 || rises !== true || offsets.at(-1) !== counts.length)
    throw damaged(name, 'holds no router of so many shards');
  return { offsets, counts, rows };
}

function read(bytes: Uint8Array, width: number, name: string) {
  try {
    const { tensors, integers } = readSafetensors(bytes);
    const [counts, rows] = [integers.counts?.data, tensors.rows?.data];
    const isSound = counts?.every((count) => count > 0) && rows?.every(Number.isFinite);
    if (!isSound || counts === undefined || rows?.length !== counts.length * width)
      throw new RangeError('it holds no clusters');
    return { offsets: integers.offsets?.data, counts, rows };
  } catch (error) {
    throw damaged(name, error instanceof RangeError ? error.message : 'it holds no clusters', error);
  }
}
