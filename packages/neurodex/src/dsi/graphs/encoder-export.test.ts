import {
  float32,
  initialParameters,
  loadable,
  openParameters,
  parameterCount,
  Random,
  standardize,
  trace,
  uint8,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { expect, it } from 'vitest';
import type { Geometry } from '../model/geometry.ts';
import { encode } from '../model/network.ts';
import { dsiParameters } from '../model/parameters.ts';
import { exportEncoder } from './encoder-export.ts';

const runtime = nodeRuntime({ threads: 1 });
const geometry: Geometry = {
  input: 'pixels',
  imageSize: 16,
  patchSize: 8,
  stem: 'convolutional',
  sequenceLength: 4,
  width: 16,
  feedForwardWidth: 24,
  heads: 2,
  layers: 2,
  vocabulary: 13,
  embeddingRows: 13,
  pad: 11,
  maxIdentifierLength: 3,
  output: 'shared',
  positions: 'learned',
  attention: 'prefix',
};
const specs = dsiParameters(geometry);
const parameters = initialParameters(specs, Random.seeded(1));

it('the exported encoder gives what the last block reads of the patches', async () => {
  const random = Random.seeded(2);
  const pictures = new Uint8Array(16 * 16 * 16 * 3);
  random.fillBytes(pictures);
  const graph = trace(
    { parameters: float32(parameterCount(specs)), pictures: uint8(16, 16, 16, 3) },
    ({ parameters: flat, pictures: shown }) => {
      const outputs: Record<string, ReturnType<typeof standardize>> = {};
      encode(openParameters(specs, flat), shown, geometry, {
        dropout: 0,
        onPatches: (states) => {
          outputs.states = standardize(states);
        },
      });
      return outputs;
    },
  );
  const session = await runtime.load(loadable(graph));
  const { states } = await session.run({ parameters, pictures });
  const model = await runtime.open(exportEncoder({ geometry, parameters, prefixes: undefined }));
  expect(model.inputs).toEqual([{ name: 'pictures', dtype: 'uint8', shape: [16, 16, 16, 3] }]);
  const feeds = { pictures: { shape: [16, 16, 16, 3], data: pictures } };
  const tokens = await model.run(feeds, 'tokens');
  const embedding = await model.run(feeds, 'embedding');
  expect([tokens.shape, embedding.shape]).toEqual([
    [16, 4, 16],
    [16, 16],
  ]);
  for (let b = 0; b < 16; b++) {
    for (let d = 0; d < 16; d++) {
      let mean = 0;
      for (let patch = 0; patch < 4; patch++) {
        const wanted = states?.[(patch * 16 + b) * 16 + d] as number;
        expect(tokens.data[(b * 4 + patch) * 16 + d]).toBeCloseTo(wanted, 4);
        mean += wanted / 4;
      }
      expect(embedding.data[b * 16 + d]).toBeCloseTo(mean, 4);
    }
  }
  await session.release();
  await model.release();
});

it('a network behind an encoder has no pictures to read', () => {
  expect(() =>
    exportEncoder({ geometry: { ...geometry, input: 'embeddings' }, parameters, prefixes: undefined }),
  ).toThrow(RangeError);
});

it('a network without blocks has nothing to give', () => {
  const without = { ...geometry, layers: 0 };
  const few = initialParameters(dsiParameters(without), Random.seeded(1));
  expect(() => exportEncoder({ geometry: without, parameters: few, prefixes: undefined })).toThrow(
    new RangeError('a network without blocks has nothing to give'),
  );
});
