import { foldCase } from '../../text/normalise.ts';
import { align } from './aligned.ts';
import type { FrozenTextEncoder, OnLong } from './text-encoder.ts';

/**
 * Makes of texts the vectors that a network reads, float32 [B,1,C]. They are put into lower case first, as those were that it learned from. @param shift [C], added to unit vectors (`align`); null adds nothing
 */
export function vectorReader(encoder: FrozenTextEncoder, shift: readonly number[] | null, onLong?: OnLong) {
  const { channels } = encoder.facts;
  return {
    async feed(texts: readonly string[], batch: number): Promise<Float32Array> {
      const vectors = await encoder.embed(texts.map(foldCase), onLong);
      const out = new Float32Array(batch * channels);
      out.set(shift === null ? vectors : align(vectors, shift));
      return out;
    },
    release: () => encoder.release(),
  };
}
