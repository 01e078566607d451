import { kernelOf } from '../../webassembly.ts';

/** Products of bytes in WebAssembly, for its vectors of sixteen, which JavaScript does not have. */
export interface ByteKernel {
  /**
   * The products of a vector with `count` rows, 1 or more, one behind the other: float64 to `out`, exact. Other arguments than `count` and
   * `width` are addresses in bytes.
   * @param width of the vector and of each row, a multiple of sixteen
   */
  multiply(query: number, row: number, count: number, width: number, out: number): void;
}

/** wasm/bytes.wat as `wat2wasm` assembles it. */
export const MODULE = [
  'AGFzbQEAAAABCQFgBX9/f39/AAIRAQVieXRlcwZtZW1vcnkCAAEDAgEABwwBCG11bHRpcGx5AAAK7wEB7AEDA38EewF+A0BCACEMIAAhBSAAIANqIQYC',
  'QANAIAUgBk8NASAFQYCACGohByAHIAYgByAGSRshB/0MAAAAAAAAAAAAAAAAAAAAACEKIAohCwNAIAX9AAQAIQggAf0ABAAhCSAKIAj9iQEgCf2JAf26',
  'Af2uASEKIAsgCP2KASAJ/YoB/boB/a4BIQsgBUEQaiEFIAFBEGohASAFIAdJDQALIAogC/2uASEKIAwgCv0bAK0gCv0bAa18IAr9GwKtIAr9GwOtfHx8',
  'IQwMAAsLIAQgDLo5AwAgBEEIaiEEIAJBAWshAiACQQBKDQALCw==',
].join('');

/** The kernel over a memory; undefined where WebAssembly or its vectors are missing. */
export const byteKernel = kernelOf<ByteKernel>(MODULE, 'bytes');
