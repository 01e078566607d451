import { decodedPositions, type Geometry } from '../model/geometry.ts';

/** Attention of one query and one identifier, mean over heads; every row adds up to 1. */
export interface AttentionMaps {
  /** Input to input, float32 [P,P]; one for each block but the last, in which nothing reads the input. */
  readonly input: readonly Float32Array[];
  /** Decoded tokens to the input, then to themselves, float32 [M,P+M]; one for each block. M: `decodedPositions`. */
  readonly tokens: readonly Float32Array[];
}

/**
 * Attention rollout (Abnar & Zuidema 2020, "Quantifying attention flow in transformers"): what each token's last state is
 * made of, when half of every state comes through the residual connection and half through attention. Per block the
 * attention is ½A + ½I, and the blocks are multiplied.
 * @returns float64 [M,P+M], share of every position of the input and token; rows add up to 1
 */
export function rollout({ input, tokens }: AttentionMaps, geometry: Geometry): Float64Array {
  const [P, M] = [geometry.sequenceLength, decodedPositions(geometry)];
  const width = P + M;
  // The input never attends to tokens: its rows need no more than P columns.
  let ofInput = identity(P, P, 0);
  let ofTokens = identity(M, width, P);
  tokens.forEach((attention, block) => {
    const next = new Float64Array(M * width);
    for (let i = 0; i < M; i++) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        if (column < P) {
          for (let j = 0; j < P; j++) sum += (attention[i * width + j] ?? NaN) * (ofInput[j * P + column] ?? NaN);
        }
        for (let j = 0; j < M; j++) {
          sum += (attention[i * width + P + j] ?? NaN) * (ofTokens[j * width + column] ?? NaN);
        }
        next[i * width + column] = ((ofTokens[i * width + column] ?? NaN) + sum) / 2;
      }
    }
    ofTokens = next;
    const among = input[block];
    if (among !== undefined) ofInput = halfThrough(among, ofInput, P);
  });
  return ofTokens;
}

/** ½X + ½A·X for square matrices. */
function halfThrough(attention: Float32Array, x: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += (attention[i * size + j] ?? NaN) * (x[j * size + column] ?? NaN);
      out[i * size + column] = ((x[i * size + column] ?? NaN) + sum) / 2;
    }
  }
  return out;
}

/** Ones at (i, i + shift); [rows, columns]. */
function identity(rows: number, columns: number, shift: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) out[i * columns + i + shift] = 1;
  return out;
}
