import { readFileSync } from 'node:fs';
import { encodeModel } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { readCheckpoint } from '../torch/checkpoint.ts';
import { LayerWriter } from './layer-writer.ts';
import { efficientNetLite0 } from './lite0.ts';
import { WeightReader } from './weight-reader.ts';

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const NAMES = { input: 'pictures', pooled: 'pooled', features: 'features', size: 9 } as const;
const CHANNELS = 5;

function smallNetwork(): Uint8Array {
  const weights = new WeightReader(readCheckpoint(new Uint8Array(fixture('layers.pth')), 'layers.pth'), 'layers.pth');
  const writer = new LayerWriter(weights, NAMES.size);
  const layer = (
    name: string,
    shape: readonly [number, number, number, number],
    stride: number,
    activation = true,
  ) => ({
    weights: name,
    normalisation: `${name}_bn`,
    shape,
    stride,
    activation,
  });
  const stem = writer.convolution('pictures', layer('stem', [4, 3, 3, 3], 2));
  const sum = writer.sum(writer.convolution(stem, layer('depth', [4, 1, 5, 5], 1, false)), stem);
  const even = writer.convolution(sum, layer('even', [4, 1, 3, 3], 2));
  const last = writer.convolution(even, layer('head', [CHANNELS, 4, 1, 1], 1));
  return encodeModel(writer.model('layers', last, NAMES, CHANNELS));
}

describe('layers of EfficientNet-Lite0 in ONNX', () => {
  it.each(['pooled', 'features'] as const)('give %s as PyTorch computes it', async (output) => {
    const expected = JSON.parse(String(fixture('layers.json'))) as Record<string, number[]>;
    const model = await nodeRuntime({ threads: 1 }).open(smallNetwork());
    const data = Float32Array.from(expected.pictures ?? []);
    const found = await model.run({ pictures: { shape: [2, 3, 9, 9], data } }, output);
    expect(found.shape).toEqual(output === 'pooled' ? [2, CHANNELS] : [2, 9, CHANNELS]);
    const wanted = expected[output] ?? [];
    expect(found.data.length).toBe(wanted.length);
    found.data.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i] ?? NaN, 5);
    });
    await model.release();
  });
});

describe('a checkpoint of another network', () => {
  const layers = new Uint8Array(fixture('layers.pth'));

  it('is refused by the weights that it has not', () => {
    expect(() => efficientNetLite0(layers, 'layers.pth')).toThrow(
      'the encoder layers.pth has no weights _conv_stem.weight',
    );
  });

  it('is refused by a shape that is another', () => {
    const weights = new WeightReader(readCheckpoint(layers, 'layers.pth'), 'layers.pth');
    expect(() => weights.folded('stem', 'stem_bn', [4, 3, 5, 5])).toThrow(
      'has stem.weight as float32 [4, 3, 3, 3], not float32 [4, 3, 5, 5]',
    );
  });

  it('is refused where its numbers are not finite', () => {
    const tensors = readCheckpoint(layers, 'layers.pth');
    tensors.get('stem_bn.running_var')?.data.fill(-1 as never);
    expect(() => new WeightReader(tensors, 'layers.pth').folded('stem', 'stem_bn', [4, 3, 3, 3])).toThrow(
      'has weights that are not finite in stem or stem_bn',
    );
  });
});
