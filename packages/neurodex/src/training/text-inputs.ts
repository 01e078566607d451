import type { Geometry } from '../dsi/model/geometry.ts';
import { feedTokens } from '../query/token-input.ts';
import type { InputSource } from './load-batch.ts';

/** Texts as a network reads them: ids of the tokenizer, or vectors of a frozen text encoder. */
export type TextInputs =
  | { readonly input: 'tokens'; readonly tokens: readonly (readonly number[])[] }
  /** float32 [n, C] */
  | { readonly input: 'embeddings'; readonly vectors: Float32Array; readonly channels: number };

/** n */
export const countTexts = (texts: TextInputs): number =>
  texts.input === 'tokens' ? texts.tokens.length : texts.vectors.length / texts.channels;

/** What batches of the texts are loaded from. */
export function textSource(texts: TextInputs, geometry: Geometry): InputSource {
  if (texts.input === 'embeddings') return { input: 'vectors', vectors: texts.vectors, length: texts.channels };
  const tokens = feedTokens(texts.tokens, texts.tokens.length, geometry);
  return { input: 'tokens', tokens, length: geometry.sequenceLength };
}
