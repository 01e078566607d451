import {
  float32,
  type Graph,
  int32,
  mean,
  openParameters,
  parameterCount,
  type Tensor,
  trace,
} from '@neurodex/autograd';
import { type Geometry, inputType } from '../model/geometry.ts';
import { decode, encode, fixedPlan, packedLayout } from '../model/network.ts';
import { dsiParameters } from '../model/parameters.ts';

/** Attention of one picture and one identifier, mean over heads; every row adds up to 1. */
export interface AttentionMaps {
  /** Patches to patches, float32 [P,P]; one for each block but the last, in which nothing reads the patches. */
  readonly patches: readonly Float32Array[];
  /** Identifier tokens to patches, then to themselves, float32 [M,P+M]; one for each block. */
  readonly tokens: readonly Float32Array[];
}

/**
 * The network for one picture and one identifier, with its attention as outputs: pictures (as `shownType` has them), tokens (int32
 * [M,1]) and the flat vector of parameters → logits (float32 [M,1,V]), patches0 … (float32 [P,P]) and tokens0 … (float32
 * [M,P+M]), means over the heads.
 */
export function attentionGraph(geometry: Geometry): Graph {
  const { maxIdentifierLength: length, sequenceLength: patches } = geometry;
  const specs = dsiParameters(geometry);
  return trace(
    {
      parameters: float32(parameterCount(specs)),
      pictures: inputType(geometry, 1),
      tokens: int32(length, 1),
    },
    (inputs) => {
      const parameters = openParameters(specs, inputs.parameters);
      const outputs: Record<string, Tensor> = {};
      const collect = (name: string) => {
        let block = 0;
        return (probabilities: Tensor): void => {
          outputs[`${name}${block++}`] = mean(probabilities, [0, 1]);
        };
      };
      const memory = encode(parameters, inputs.pictures, geometry, { dropout: 0, onAttention: collect('patches') });
      const plan = fixedPlan(inputs.tokens, packedLayout(1, length), patches);
      const options = { dropout: 0, onAttention: collect('tokens') };
      const logits = decode(parameters, memory, inputs.tokens, plan, geometry, options);
      return { logits, ...outputs };
    },
  );
}

/**
 * Attention rollout (Abnar & Zuidema 2020, "Quantifying attention flow in transformers"): what each token's last state is
 * made of, when half of every state comes through the residual connection and half through attention. Per block the
 * attention is ½A + ½I, and the blocks are multiplied.
 * @returns float64 [M,P+M], share of every patch and token; rows add up to 1
 */
export function rollout(
  { patches, tokens }: AttentionMaps,
  { sequenceLength: P, maxIdentifierLength: M }: Geometry,
): Float64Array {
  const width = P + M;
  // Patches never see tokens: their rows need no more than P columns.
  let ofPatches = identity(P, P, 0);
  let ofTokens = identity(M, width, P);
  tokens.forEach((attention, block) => {
    const next = new Float64Array(M * width);
    for (let i = 0; i < M; i++) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        if (column < P) {
          for (let j = 0; j < P; j++)
            sum += (attention[i * width + j] as number) * (ofPatches[j * P + column] as number);
        }
        for (let j = 0; j < M; j++) {
          sum += (attention[i * width + P + j] as number) * (ofTokens[j * width + column] as number);
        }
        next[i * width + column] = ((ofTokens[i * width + column] as number) + sum) / 2;
      }
    }
    ofTokens = next;
    const among = patches[block];
    if (among !== undefined) ofPatches = halfThrough(among, ofPatches, P);
  });
  return ofTokens;
}

/** ½X + ½A·X for square matrices. */
function halfThrough(attention: Float32Array, x: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += (attention[i * size + j] as number) * (x[j * size + column] as number);
      out[i * size + column] = ((x[i * size + column] as number) + sum) / 2;
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
