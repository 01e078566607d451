import { gather, int32, normal, parameter, transpose } from '@neurodex/autograd';
import type { InputGeometry, ModelInput } from './model-input.ts';

/** Standard deviation of the initial embeddings. */
const DEVIATION = 0.02;
/** Stands where a text has no more tokens; the ids of the tokenizer follow it. */
const PADDING = 0;

/**
 * Tokens of a text, int32 [B,P]: ids of the tokenizer plus one, then 0. Padding has an embedding as every token has: the network
 * learns to pass it over.
 */
export const tokenInput: ModelInput = {
  tensor: 'texts',
  needsBackbone: false,
  isSound: ({ textVocabulary, channels }) => textVocabulary !== undefined && channels === undefined,
  type: ({ sequenceLength }, batch) => int32(batch, sequenceLength),
  parameters: ({ textVocabulary = 0, width }) => ({ 'text.embedding': normal(DEVIATION, 1 + textVocabulary, width) }),
  embed: (parameters, tokens) => gather(parameter(parameters, 'text.embedding'), transpose(tokens, [1, 0])),
  grid: () => undefined,
};

/**
 * Texts as values of `tokenInput.type`; a batch that is not full ends in padding, and a text that is too long is read to the
 * length that there is.
 * @param texts ids of the tokenizer
 */
export function feedTokens(
  texts: readonly (readonly number[])[],
  batch: number,
  { sequenceLength }: Pick<InputGeometry, 'sequenceLength'>,
): Int32Array {
  const out = new Int32Array(batch * sequenceLength).fill(PADDING);
  for (const [i, ids] of texts.entries()) {
    const read = Math.min(ids.length, sequenceLength);
    for (let t = 0; t < read; t++) out[i * sequenceLength + t] = 1 + (ids[t] ?? NaN);
  }
  return out;
}
