/**
 * Vectors of texts where those of pictures lie: as unit vectors, moved by the difference between the means of both. Contrastive training leaves such a
 * gap between the two kinds (Liang et al. 2022, Mind the Gap, §2).
 * @param vectors float32 [n, C], changed in place @param shift [C]
 */
export function align(vectors: Float32Array, shift: readonly number[]): Float32Array {
  const C = shift.length;
  for (let start = 0; start < vectors.length; start += C) {
    const scale = 1 / lengthOf(vectors, start, C);
    for (let c = 0; c < C; c++) vectors[start + c] = (vectors[start + c] ?? NaN) * scale + (shift[c] ?? NaN);
  }
  return vectors;
}

/** The mean of unit vectors. @param vectors float32 [n, C] @param channels C @returns [C] */
export function meanDirection(vectors: Float32Array, channels: number): number[] {
  const sum = new Array<number>(channels).fill(0);
  const n = vectors.length / channels;
  for (let start = 0; start < vectors.length; start += channels) {
    const scale = 1 / (n * lengthOf(vectors, start, channels));
    for (let c = 0; c < channels; c++) sum[c] = (sum[c] ?? NaN) + (vectors[start + c] ?? NaN) * scale;
  }
  return sum;
}

/** Above 0: a vector of zeros has no direction, and stays one. */
function lengthOf(vectors: Float32Array, start: number, channels: number): number {
  let squares = 0;
  for (let c = 0; c < channels; c++) squares += (vectors[start + c] ?? NaN) ** 2;
  return Math.sqrt(squares) || 1;
}
