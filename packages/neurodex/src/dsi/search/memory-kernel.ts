import { kernelOf } from '../../webassembly.ts';

/** Loops over rows in WebAssembly, for its vectors of four, which JavaScript does not have. */
export interface MemoryKernel {
  /**
   * The products of a state with `count` rows, 1 or more, one behind the other: float32 to `out`, in whole fours. Other
   * arguments than `count` and `width` are addresses in bytes.
   * @param width D
   */
  multiply(state: number, row: number, count: number, width: number, out: number): void;
}

/** wasm/memory.wat as `wat2wasm` assembles it. It is no file of its own: a page in a browser could not read it at once. */
export const MODULE = [
  'AGFzbQEAAAABEAJgBX9/f39/AGADf39/AX8CEAEEcm93cwZtZW1vcnkCAAEDAwIAAQcMAQhtdWx0aXBseQAACq4FApcFAgd/CnsgA0ECdCEFIAEg',
  'AkEBayAFbGohBgNAIAEgBSAGEAEhCSAJIAUgBhABIQogCiAFIAYQASELIAAhB/0MAAAAAAAAAAAAAAAAAAAAACEOIA4hDyAOIRAgDiERIA4hEiAO',
  'IRMgDiEUIA4hFSAAIAVBYHFqIQgCQANAIAcgCE8NASAH/QAEACEMIAf9AAQQIQ0gDiAMIAH9AAQA/eYB/eQBIQ4gDyAMIAn9AAQA/eYB/eQBIQ8g',
  'ECAMIAr9AAQA/eYB/eQBIRAgESAMIAv9AAQA/eYB/eQBIREgEiANIAH9AAQQ/eYB/eQBIRIgEyANIAn9AAQQ/eYB/eQBIRMgFCANIAr9AAQQ/eYB',
  '/eQBIRQgFSANIAv9AAQQ/eYB/eQBIRUgB0EgaiEHIAFBIGohASAJQSBqIQkgCkEgaiEKIAtBIGohCwwACwsgDiAS/eQBIQ4gDyAT/eQBIQ8gECAU',
  '/eQBIRAgESAV/eQBIREgDiAP/Q0AAQIDEBESEwQFBgcUFRYXIA4gD/0NCAkKCxgZGhsMDQ4PHB0eH/3kASESIBAgEf0NAAECAxAREhMEBQYHFBUW',
  'FyAQIBH9DQgJCgsYGRobDA0ODxwdHh/95AEhFCASIBT9DQABAgMEBQYHEBESExQVFhcgEiAU/Q0ICQoLDA0ODxgZGhscHR4f/eQBIQwgACAFaiEI',
  'AkADQCAHIAhPDQEgAf1cAgAhDSAJIA39VgIAASENIAogDf1WAgACIQ0gCyAN/VYCAAMhDSAMIAf9CQIAIA395gH95AEhDCAHQQRqIQcgAUEEaiEB',
  'IAlBBGohCSAKQQRqIQogC0EEaiELDAALCyAEIAz9CwQAIARBEGohBCALIQEgAkEEayECIAJBAEoNAAsLEwAgACABaiEAIAAgAiAAIAJJGws=',
].join('');

/** The kernel over a memory; undefined where WebAssembly or its vectors are missing. */
export const memoryKernel = kernelOf<MemoryKernel>(MODULE, 'rows');
