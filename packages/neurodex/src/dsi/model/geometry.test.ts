import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { PRESETS } from '../../presets/presets.ts';
import { modelInput } from '../../query/model-inputs.ts';
import { geometryOf } from './geometry.ts';

const config = {
  pictures: { ...PRESETS.quick.pictures, size: 32 },
  model: {
    ...PRESETS.quick.model,
    patchSize: 8,
    width: 48,
    feedForwardWidth: 96,
    heads: 3,
    layers: 5,
    stem: 'linear',
    output: 'own',
    positions: 'learned',
    attention: 'prefix',
  },
  training: { plan: 'joint' },
} as const;

describe('geometryOf', () => {
  const own = {
    imageSize: 32,
    patchSize: 8,
    stem: 'linear',
    width: 48,
    feedForwardWidth: 96,
    heads: 3,
    layers: 5,
    vocabulary: 13,
    pad: 11,
    maxIdentifierLength: 6,
    output: 'own',
    positions: 'learned',
    attention: 'prefix',
  };

  it('has (32 / 8)² patches, and a row for each token', () => {
    const patches = { input: 'pixels', sequenceLength: 16, embeddingRows: 13 };
    expect(geometryOf(config, numeric.vocabulary, 6)).toEqual({ ...own, ...patches });
  });

  it('has the tokens of an encoder in place of patches', () => {
    const options = { embeddingRows: 99, backbone: { tokens: 50, channels: 384 } };
    expect(geometryOf(config, numeric.vocabulary, 6, options)).toEqual({
      ...own,
      input: 'embeddings',
      sequenceLength: 50,
      channels: 384,
      embeddingRows: 99,
    });
  });
});

describe('the type of an input', () => {
  const geometry = geometryOf(config, numeric.vocabulary, 6);
  it('is bytes of pictures, or numbers of an encoder', () => {
    expect(modelInput(geometry).type(geometry, 7)).toEqual({ dtype: 'uint8', shape: [7, 32, 32, 3] });
    const behind = { ...geometry, input: 'embeddings', sequenceLength: 50, channels: 384 } as const;
    expect(modelInput(behind).type(behind, 7)).toEqual({ dtype: 'float32', shape: [7, 50, 384] });
  });
});

describe('the grid of an input', () => {
  const geometry = geometryOf(config, numeric.vocabulary, 6);
  const grid = (input: 'pixels' | 'embeddings', sequenceLength: number) =>
    modelInput({ input }).grid({ ...geometry, input, sequenceLength });

  it('is a square of patches, one patch also', () => {
    expect(grid('pixels', 16)).toEqual({ side: 4, first: 0 });
    expect(grid('pixels', 1)).toEqual({ side: 1, first: 0 });
  });

  it('is a square of tokens, with a class token before it or none', () => {
    expect(grid('embeddings', 49)).toEqual({ side: 7, first: 0 });
    expect(grid('embeddings', 50)).toEqual({ side: 7, first: 1 });
    expect(grid('embeddings', 4)).toEqual({ side: 2, first: 0 });
  });

  it('is none for a pooled vector, or for tokens that fill no square', () => {
    for (const tokens of [1, 2, 3, 51]) expect(grid('embeddings', tokens)).toBeUndefined();
    expect(grid('pixels', 17)).toBeUndefined();
  });
});
