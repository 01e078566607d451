import type { TrainingMachine } from '../training/machine.ts';

/** Bytes of a WebAssembly memory, at most. */
const ADDRESSABLE = 2 ** 32;

/** A browser tab: pictures are loaded on the thread that trains, and are in memory. */
export const browserMachine: TrainingMachine = {
  memory: () => ADDRESSABLE,
  threads: () => undefined,
  rowsOfFile: undefined,
};
