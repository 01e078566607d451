import type { EncoderFacts } from './encoder.ts';

/** Mean over the tokens of each picture: float32 [n, P, C] → [n, C]. */
export function pooled(embeddings: Float32Array, { tokens, channels }: Pick<EncoderFacts, 'tokens' | 'channels'>) {
  if (tokens === 1) return embeddings;
  const out = new Float32Array(embeddings.length / tokens);
  for (let at = 0; at < embeddings.length; at++) {
    const to = Math.floor(at / (tokens * channels)) * channels + (at % channels);
    out[to] = (out[to] ?? NaN) + (embeddings[at] ?? NaN) / tokens;
  }
  return out;
}

/** Of length 1; zeros stay zeros. */
export function unitVector(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return squares > 0 ? vector.map((value) => value / Math.sqrt(squares)) : vector;
}
