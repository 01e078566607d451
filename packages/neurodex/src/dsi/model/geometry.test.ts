import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { PRESETS } from '../../presets/presets.ts';
import { geometryOf, patchGrid, shownType } from './geometry.ts';

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
} as const;

describe('geometryOf', () => {
  const own = {
    size: 32,
    patchSize: 8,
    width: 48,
    feedForwardWidth: 96,
    heads: 3,
    layers: 5,
    vocabulary: 13,
    pad: 11,
    tokens: 6,
    output: 'own',
    positions: 'learned',
    attention: 'prefix',
  };

  it('has (32 / 8)² patches, and a row for each token', () => {
    const patches = { stem: 'linear', patches: 16, tokenRows: 13 };
    expect(geometryOf(config, numeric.vocabulary, 6)).toEqual({ ...own, ...patches });
  });

  it('has the tokens of an encoder in place of patches', () => {
    const options = { tokenRows: 99, inFront: { tokens: 50, channels: 384 } };
    expect(geometryOf(config, numeric.vocabulary, 6, options)).toEqual({
      ...own,
      stem: 'encoder',
      patches: 50,
      channels: 384,
      tokenRows: 99,
    });
  });
});

describe('shownType', () => {
  const geometry = geometryOf(config, numeric.vocabulary, 6);
  it('is bytes of pictures, or numbers of an encoder', () => {
    expect(shownType(geometry, 7)).toEqual({ dtype: 'uint8', shape: [7, 32, 32, 3] });
    const behind = { ...geometry, stem: 'encoder', patches: 50, channels: 384 } as const;
    expect(shownType(behind, 7)).toEqual({ dtype: 'float32', shape: [7, 50, 384] });
  });
});

describe('patchGrid', () => {
  const geometry = geometryOf(config, numeric.vocabulary, 6);
  const grid = (stem: 'linear' | 'encoder', patches: number) => patchGrid({ ...geometry, stem, patches });

  it('is a square of patches, one patch also', () => {
    expect(grid('linear', 16)).toEqual({ side: 4, first: 0 });
    expect(grid('linear', 1)).toEqual({ side: 1, first: 0 });
  });

  it('is a square of tokens, with a class token before it or none', () => {
    expect(grid('encoder', 49)).toEqual({ side: 7, first: 0 });
    expect(grid('encoder', 50)).toEqual({ side: 7, first: 1 });
    expect(grid('encoder', 4)).toEqual({ side: 2, first: 0 });
  });

  it('is none for a pooled vector, or for tokens that fill no square', () => {
    for (const patches of [1, 2, 3, 51]) expect(grid('encoder', patches)).toBeUndefined();
    expect(grid('linear', 17)).toBeUndefined();
  });
});
