import { fixedMemory, PAGE, type WebAssemblyMemory } from '../../webassembly.ts';

/**
 * Rows lie where a WebAssembly kernel reads them, as a rule: a million of them take hundreds of MiB, too many to copy for
 * every search. Behind them is room for what else the kernel reads and writes.
 */
export interface RowMemory {
  readonly memory: WebAssemblyMemory;
  /** Address of `SCRATCH_BYTES` that belong to whoever computes with the rows, and hold nothing from one time to the next. */
  readonly scratch: number;
}

export const SCRATCH_BYTES = PAGE;
/** Bytes of a vector: scratch begins at a multiple of it. */
const ALIGNMENT = 16;

/** By the buffer of the rows. */
const memories = new WeakMap<ArrayBufferLike, RowMemory>();

/**
 * Rows of zeros in a memory of their own. Where WebAssembly or so much of its memory is missing they are an ordinary array.
 * @param count of their numbers
 */
export function allocateRows(count: number): Float32Array {
  const scratch = Math.ceil((count * Float32Array.BYTES_PER_ELEMENT) / ALIGNMENT) * ALIGNMENT;
  try {
    const memory = fixedMemory(scratch + SCRATCH_BYTES);
    memories.set(memory.buffer, { memory, scratch });
    return new Float32Array(memory.buffer, 0, count);
  } catch {
    return new Float32Array(count);
  }
}

/** The memory that rows of `allocateRows` lie in; undefined of any others. */
export const rowMemoryOf = (rows: Float32Array): RowMemory | undefined => memories.get(rows.buffer);

/** These rows, or where they lie in no memory that a kernel reads, a copy that does. */
export function inRowMemory(rows: Float32Array): Float32Array {
  if (rowMemoryOf(rows) !== undefined) return rows;
  const copy = allocateRows(rows.length);
  if (rowMemoryOf(copy) === undefined) return rows;
  copy.set(rows);
  return copy;
}
