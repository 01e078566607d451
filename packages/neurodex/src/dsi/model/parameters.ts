import {
  constant,
  glorot,
  layout,
  normal,
  ones,
  type ParameterSpecs,
  type Shape,
  type Tensor,
  zeros,
} from '@neurodex/autograd';
import type { Geometry } from './geometry.ts';
import { stemParameters } from './patch-embedding.ts';

/** Standard deviation of the initial token embeddings and learned positions. */
const EMBEDDING_DEVIATION = 0.02;

/** Parameters of the ViT-DSI by name. Weights are [in, out]; qkv packs queries, keys and values in that order. */
export function dsiParameters(geometry: Geometry): ParameterSpecs {
  const {
    width,
    feedForwardWidth,
    layers,
    vocabulary,
    embeddingRows: tokenRows,
    sequenceLength: patches,
    maxIdentifierLength: tokens,
  } = geometry;
  const blocks = Array.from({ length: layers }, (_, i) => {
    const block: ParameterSpecs = {
      [`block${i}.ln1.weight`]: ones(width),
      [`block${i}.ln1.bias`]: zeros(width),
      [`block${i}.ln2.weight`]: ones(width),
      [`block${i}.ln2.bias`]: zeros(width),
      [`block${i}.qkv.weight`]: { ...glorot(width, width), shape: [width, 3 * width] },
      [`block${i}.qkv.bias`]: zeros(3 * width),
      [`block${i}.proj.weight`]: glorot(width, width),
      [`block${i}.proj.bias`]: zeros(width),
      [`block${i}.fc1.weight`]: glorot(width, feedForwardWidth),
      [`block${i}.fc1.bias`]: zeros(feedForwardWidth),
      [`block${i}.fc2.weight`]: glorot(feedForwardWidth, width),
      [`block${i}.fc2.bias`]: zeros(width),
    };
    return block;
  });
  return {
    ...stemParameters(geometry),
    'token.embedding': normal(EMBEDDING_DEVIATION, tokenRows, width),
    ...(geometry.positions === 'learned' ? { position: normal(EMBEDDING_DEVIATION, patches + tokens, width) } : {}),
    ...Object.assign({}, ...blocks),
    ...(geometry.output === 'own'
      ? {
          'head.weight': { ...glorot(width, vocabulary), shape: [tokenRows, width, vocabulary] },
          'head.bias': zeros(tokenRows, vocabulary),
        }
      : {
          'final.weight': ones(width),
          'final.bias': zeros(width),
          'head.weight': glorot(width, vocabulary),
          'head.bias': zeros(vocabulary),
        }),
  };
}

/** The parameters that have a row for each shown token or prefix: by far the most of a large catalogue's. */
export const tokenTables = ({ output }: Geometry): readonly string[] =>
  output === 'own' ? ['token.embedding', 'head.weight', 'head.bias'] : ['token.embedding'];

/** Parameters by name, each by itself. */
export type ParameterArrays = Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;

/** @param flat all parameters in the order of `dsiParameters`; the arrays are views of it */
export const parameterArrays = (geometry: Geometry, flat: Float32Array): ParameterArrays =>
  Object.fromEntries(
    [...layout(dsiParameters(geometry))].map(([name, { shape }, start, end]) => [
      name,
      { shape, data: flat.subarray(start, end) },
    ]),
  );

/** Parameters built into a graph. */
export const asConstants = (arrays: ParameterArrays, scope: Tensor['scope']): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, constant(scope, 'float32', shape, data)]),
  );
