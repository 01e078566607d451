import { float32, loadable, openParameters, parameterCount, trace } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { asQueries } from '../systems/queries.fixture.ts';
import { embeddingInput } from './embedding-input.ts';
import type { InputGeometry } from './model-input.ts';

const geometry: InputGeometry = {
  input: 'embeddings',
  imageSize: 16,
  patchSize: 8,
  stem: 'linear',
  channels: 3,
  sequenceLength: 2,
  width: 2,
};

it('has a projection of its channels, and needs to know them and an encoder', () => {
  const { channels: _, ...without } = geometry;
  expect([embeddingInput.needsBackbone, embeddingInput.isSound(geometry), embeddingInput.isSound(without)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(embeddingInput.type(geometry, 5)).toEqual(float32(5, 2, 3));
  const specs = embeddingInput.parameters(geometry);
  expect(Object.entries(specs).map(([name, { shape }]) => [name, shape])).toEqual([
    ['patch.weight', [3, 2]],
    ['patch.bias', [2]],
  ]);
});

it('is brought to mean 0 and variance 1 token by token, projected, and puts the sequence first', async () => {
  const specs = embeddingInput.parameters(geometry);
  const graph = trace({ parameters: float32(parameterCount(specs)), input: float32(2, 2, 3) }, (tensors) => ({
    out: embeddingInput.embed(openParameters(specs, tensors.parameters), tensors.input, geometry),
  }));
  const weight = [
    [1, 2],
    [3, -5],
    [0.5, 7],
  ];
  const bias = [0.25, -1];
  const input = [1, 2, 6, -3, 0, 4, 100, 300, 200, 7, 7.5, 9];
  const session = await nodeRuntime({ threads: 1 }).load(loadable(graph));
  const { out } = await session.run({
    parameters: Float32Array.from([...weight.flat(), ...bias]),
    input: Float32Array.from(input),
  });
  await session.release();
  expect(out).toHaveLength(2 * 2 * 2);
  for (const token of [0, 1]) {
    for (const query of [0, 1]) {
      const values = input.slice((query * 2 + token) * 3, (query * 2 + token + 1) * 3);
      const mean = values.reduce((a, b) => a + b, 0) / 3;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3;
      for (const d of [0, 1]) {
        const expected = values.reduce(
          (sum, x, c) => sum + ((x - mean) / Math.sqrt(variance + 1e-5)) * (weight[c]?.[d] as number),
          bias[d] as number,
        );
        expect(out?.[(token * 2 + query) * 2 + d]).toBeCloseTo(expected, 4);
      }
    }
  }
});

describe('feeding embeddings', () => {
  const queries = asQueries(new Uint8Array(2 * 768), 768);
  it('asks the encoder for the queries; a batch that is not full ends in zeros', async () => {
    const asked: unknown[] = [];
    const embed = async (of: readonly unknown[]) => {
      asked.push(of);
      return Float32Array.from({ length: 12 }, (_, i) => i + 1);
    };
    const fed = await embeddingInput.feed(queries, 3, geometry, { embed });
    expect(fed).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0));
    expect(asked).toEqual([queries]);
  });

  it('is refused without an encoder', async () => {
    await expect(embeddingInput.feed(queries, 2, geometry, undefined)).rejects.toThrow(
      new RangeError('the network reads an encoder, and there is none'),
    );
  });
});
