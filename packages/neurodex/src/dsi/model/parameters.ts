import { glorot, layout, normal, ones, type ParameterSpecs, type Shape, zeros } from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import { decodedPositions, type Geometry } from './geometry.ts';

/** Standard deviation of the initial token embeddings and learned positions. */
const EMBEDDING_DEVIATION = 0.02;

/** Parameters of the ViT-DSI by name. Weights are [in, out]; qkv packs queries, keys and values in that order. */
export function dsiParameters(geometry: Geometry): ParameterSpecs {
  const { width, embeddingRows, sequenceLength, positions, output } = geometry;
  const table = normal(EMBEDDING_DEVIATION, sequenceLength + decodedPositions(geometry), width);
  return {
    ...modelInput(geometry).parameters(geometry),
    'token.embedding': normal(EMBEDDING_DEVIATION, output === 'memory' ? 1 : embeddingRows, width),
    ...(positions === 'learned' ? { position: table } : {}),
    ...Object.assign({}, ...Array.from({ length: geometry.layers }, (_, i) => blockParameters(i, geometry))),
    ...headParameters(geometry),
  };
}

const blockParameters = (i: number, { width, feedForwardWidth }: Geometry): ParameterSpecs => ({
  [`block${i}.ln1.weight`]: ones(width),
  [`block${i}.ln1.bias`]: zeros(width),
  [`block${i}.ln2.weight`]: ones(width),
  [`block${i}.ln2.bias`]: zeros(width),
  [`block${i}.qkv.weight`]: { ...glorot(width, width), shape: [width, 3 * width], matrices: 3 },
  [`block${i}.qkv.bias`]: zeros(3 * width),
  [`block${i}.proj.weight`]: glorot(width, width),
  [`block${i}.proj.bias`]: zeros(width),
  [`block${i}.fc1.weight`]: glorot(width, feedForwardWidth),
  [`block${i}.fc1.bias`]: zeros(feedForwardWidth),
  [`block${i}.fc2.weight`]: glorot(feedForwardWidth, width),
  [`block${i}.fc2.bias`]: zeros(width),
});

const headParameters = ({ width, vocabulary, embeddingRows, output }: Geometry): ParameterSpecs =>
  output === 'own'
    ? {
        'head.weight': { ...glorot(width, vocabulary), shape: [embeddingRows, width, vocabulary] },
        'head.bias': zeros(embeddingRows, vocabulary),
      }
    : {
        'final.weight': ones(width),
        'final.bias': zeros(width),
        ...(output === 'memory' ? {} : { 'head.weight': glorot(width, vocabulary), 'head.bias': zeros(vocabulary) }),
      };

/** The parameters that have a row for each prefix: by far the most of a large catalogue's. */
export const rowTables = ({ output }: Pick<Geometry, 'output'>): readonly string[] => ROW_TABLES[output];

const ROW_TABLES: { readonly [Output in Geometry['output']]: readonly string[] } = {
  shared: ['token.embedding'],
  own: ['token.embedding', 'head.weight', 'head.bias'],
  memory: [],
};

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
