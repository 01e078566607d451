import { float32, glorot, layer, linear, standardize, transpose, zeros } from '@neurodex/autograd';
import type { PictureInput } from './model-input.ts';

/** Embeddings of an encoder, float32 [B,P,C]: patch tokens, or one pooled vector. */
export const embeddingInput: PictureInput = {
  tensor: 'embeddings',
  needsBackbone: true,
  isSound: ({ channels, textVocabulary }) => channels !== undefined && textVocabulary === undefined,

  type: ({ sequenceLength, channels = 0 }, batch) => float32(batch, sequenceLength, channels),

  parameters: ({ channels = 0, width }) => ({ 'patch.weight': glorot(channels, width), 'patch.bias': zeros(width) }),

  // Brought to one scale before the projection: encoders differ in theirs by orders of magnitude.
  embed: (parameters, input) => linear(standardize(transpose(input, [1, 0, 2])), layer(parameters, 'patch')),

  async feed(queries, batch, { sequenceLength, channels = 0 }, backbone) {
    if (backbone === undefined) throw new RangeError('the network reads an encoder, and there is none');
    const out = new Float32Array(batch * sequenceLength * channels);
    out.set(await backbone.embed(queries));
    return out;
  },

  grid({ sequenceLength }) {
    // One token before a square is an encoder's class token.
    for (const first of [0, 1]) {
      const side = Math.sqrt(sequenceLength - first);
      if (Number.isInteger(side) && side > 1) return { side, first };
    }
    return undefined;
  },
};
