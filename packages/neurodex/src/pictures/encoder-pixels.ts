import { decodeWhole } from '@neurodex/datasets/image';
import { preprocess } from '../query/preprocess.ts';
import type { Preprocessing } from '../query/preprocessing.ts';

/**
 * An encoded picture as an encoder takes it that came with preprocessing: decoded at its own size, then `preprocess`.
 * @returns uint8 RGB [height, width, 3]
 * @throws NeurodexError `picture-*`
 */
export async function encoderPixels(
  bytes: Uint8Array,
  preprocessing: Preprocessing,
  options: { readonly name: string; readonly maxPixels: number; readonly seconds?: number },
): Promise<Uint8Array> {
  return preprocess(await decodeWhole(bytes, options), preprocessing);
}
