import { kernelOf } from '../webassembly.ts';

/** Squared distances in WebAssembly, for its vectors of four, which JavaScript does not have. */
export interface DistanceKernel {
  /**
   * For each row whose squared distance from the query is at most `radius`: its number as int32 and the distance as float32 to `out`, one
   * pair behind the other. `query`, `row` and `out` are addresses in bytes.
   * @param count rows, 1 or more, one behind the other
   * @param width numbers of the query and of each row, a multiple of eight
   * @returns pairs
   */
  within(query: number, row: number, count: number, width: number, radius: number, out: number): number;
}

/** wasm/distances.wat as `wat2wasm` assembles it. */
export const MODULE = [
  'AGFzbQEAAAABCwFgBn9/f399fwF/AhIBBnBvaW50cwZtZW1vcnkCAAEDAgEABwoBBndpdGhpbgAACokCAYYCAwV/A3sBfSAFIQogACADQQJ0aiEIIAEhCQNA',
  'IAkhASABIANBAnRqIQkgACEH/QwAAAAAAAAAAAAAAAAAAAAAIQsgCyEMAkADQCAH/QAEACAB/QAEAP3lASENIAsgDSAN/eYB/eQBIQsgB/0ABBAgAf0ABBD9',
  '5QEhDSAMIA0gDf3mAf3kASEMIAsgDP3kASENIA0gDSAN/Q0ICQoLDA0ODwABAgMEBQYH/eQBIQ0gDf0fACAN/R8BkiEOIA4gBF9FDQEgB0EgaiEHIAFBIGoh',
  'ASAHIAhJDQALIAUgBjYCACAFIA44AgQgBUEIaiEFCyAGQQFqIQYgBiACSA0ACyAFIAprQQN2Cw==',
].join('');

/** The kernel over a memory; undefined where WebAssembly or its vectors are missing. */
export const distanceKernel = kernelOf<DistanceKernel>(MODULE, 'points');
