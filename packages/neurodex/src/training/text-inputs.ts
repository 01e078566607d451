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

/** What batches of the texts are loaded from. @param noise of vectors, as a multiple of what distinguishes them from each other */
export function textSource(texts: TextInputs, geometry: Geometry, noise: number): InputSource {
  if (texts.input === 'embeddings') {
    const { vectors, channels } = texts;
    return { input: 'vectors', vectors, length: channels, noise: noise * spread(vectors, channels) };
  }
  const tokens = feedTokens(texts.tokens, texts.tokens.length, geometry);
  return { input: 'tokens', tokens, length: geometry.sequenceLength };
}

/**
 * How far unit vectors lie from their mean, as the root mean square: 1 where they have nothing in common, near 0 where they are nearly
 * alike, as those of CLIP's texts are.
 */
function spread(vectors: Float32Array, channels: number): number {
  const mean = new Float64Array(channels);
  const n = vectors.length / channels;
  for (let start = 0; start < vectors.length; start += channels) {
    const vector = vectors.subarray(start, start + channels);
    let squares = 0;
    for (const x of vector) squares += x * x;
    const scale = 1 / (n * (Math.sqrt(squares) || 1));
    for (const [c, x] of vector.entries()) mean[c] = (mean[c] ?? NaN) + x * scale;
  }
  let squares = 0;
  for (const x of mean) squares += x * x;
  return Math.sqrt(Math.max(0, 1 - squares));
}
