import { errorMessage } from '@neurodex/core';
import { move } from 'piscina';
import { decodeHeic } from './decode-heic.ts';
import type { HeicJob, HeicResult } from './decode-job.ts';
import { type Libheif, loadLibheif } from './libheif.ts';

/** Memory of WebAssembly never shrinks: an instance that has grown beyond this is replaced. */
const KEPT_MEMORY = 2 ** 28;

let kept: Libheif | undefined;

/** Decodes one HEIC file, on a thread of its own: WebAssembly blocks whoever calls it. */
export default async function decode(job: HeicJob): Promise<HeicResult | ReturnType<typeof move>> {
  let heif: Libheif;
  try {
    heif = kept ?? (await loadLibheif(job.library));
  } catch (error) {
    return { problem: 'library', message: errorMessage(error) };
  }
  // Whatever goes wrong within it, the next picture begins anew.
  kept = undefined;
  let result: HeicResult;
  try {
    result = decodeHeic(heif, job);
  } catch (error) {
    const full = heif.bytes().length > job.maxMemory / 2;
    return { problem: full ? 'memory' : 'damaged', message: errorMessage(error) };
  }
  if (heif.bytes().length <= KEPT_MEMORY) kept = heif;
  return result instanceof Uint8Array ? move(result) : result;
}
