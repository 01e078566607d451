import { readFile } from 'node:fs/promises';
import { add, cast, constant, float32, mean, reshape, toOnnx, trace, transpose, uint8 } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { NeurodexError } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../config.ts';
import { PRESETS } from '../../presets/presets.ts';
import { Encoder } from './encoder.ts';
import { pooled } from './pooled.ts';

const runtime = nodeRuntime({ threads: 1 });
const fixture = (name: string) => readFile(new URL(`./fixtures/${name}`, import.meta.url));
const config = (changes: Partial<Config['encoder']> = {}): Config['encoder'] => ({
  ...PRESETS.default.encoder,
  ...changes,
});
const open = (onnx: Uint8Array, changes: Partial<Config['encoder']> = {}) =>
  Encoder.open(runtime, onnx, { name: 'e.onnx', config: config(changes), fallbackSize: 8 });

async function refusal(opening: Promise<unknown>): Promise<NeurodexError> {
  return await opening.then(
    () => expect.unreachable('it was taken'),
    (error: NeurodexError) => error,
  );
}

describe('an encoder of the hub, every dimension of it open', async () => {
  const onnx = await fixture('encoder.onnx');
  const golden = JSON.parse(String(await fixture('expected.json'))) as Record<string, number[]>;
  const all = Uint8Array.from(golden.pictures ?? []);
  const pictures = [all.subarray(0, 192), all.subarray(192)];

  it.each([
    ['last_hidden_state', 5],
    ['pooler_output', 1],
  ])('gives %s as numpy computes it', async (output, tokens) => {
    const encoder = await open(onnx, { preset: 'dinov2', output, size: 8 });
    expect(encoder.facts).toMatchObject({ input: 'pixel_values', output, size: 8, tokens, channels: 6 });
    const found = await encoder.embed(pictures);
    const wanted = golden[output] ?? [];
    expect(found.length).toBe(wanted.length);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i] as number, 3);
    });
    await encoder.release();
  });

  it('gives one picture what it gives it among many, in any number of batches', async () => {
    const encoder = await open(onnx);
    const many = Array.from({ length: 2 * encoder.batch + 3 }, (_, i) => pictures[i % 2] as Uint8Array);
    const found = await encoder.embed(many);
    const single = [await encoder.embed([many[0] as Uint8Array]), await encoder.embed([many[1] as Uint8Array])];
    many.forEach((_, i) => {
      expect(found.subarray(i * encoder.length, (i + 1) * encoder.length)).toEqual(single[i % 2]);
    });
    expect(await encoder.embed([])).toEqual(new Float32Array());
    await encoder.release();
  });

  it('takes each key over the preset, and the size of the pictures without one', async () => {
    const plain = await open(onnx);
    expect(plain.facts).toEqual({
      input: 'pixel_values',
      output: 'last_hidden_state',
      size: 8,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      tokens: 5,
      channels: 6,
    });
    const siglip = await open(onnx, { preset: 'siglip', size: 16, std: [1, 2, 3] });
    expect(siglip.facts).toMatchObject({ output: 'pooler_output', size: 16, mean: [0.5, 0.5, 0.5], std: [1, 2, 3] });
    expect((await open(onnx, { preset: 'dinov2' })).facts).toMatchObject({ size: 224, tokens: 1 + 56 ** 2 });
  });

  it('is opened again by its facts', async () => {
    const { facts } = await open(onnx, { preset: 'dinov2', size: 8 });
    const again = await Encoder.restore(runtime, onnx, facts, 'index/encoder.onnx');
    expect(again.facts).toEqual(facts);
    expect((await again.embed(pictures))[7]).toBeCloseTo(golden.last_hidden_state?.[7] as number, 3);
  });

  it.each([
    [{ preset: 'clip' }, 'has no output image_embeds; it has last_hidden_state, pooler_output, feature_map'],
    [{ input: 'images' }, 'has no input images; it has pixel_values'],
    [{ output: 'feature_map' }, 'gives no embedding: feature_map is [1, 6, 2, 2]'],
    [{ size: 3 }, 'cannot be run on pictures of 3 × 3 pixels'],
  ] as const)('%j is refused', async (changes, what) => {
    const error = await refusal(open(onnx, changes));
    expect([error.code, error.exitStatus]).toEqual(['encoder-unusable', 1]);
    expect(error.message).toContain(`the encoder e.onnx ${what}`);
    expect(error.hint).toBeTruthy();
  });
});

describe('files that are no image encoder', () => {
  it.each([
    ['two-inputs.onnx', 'takes more than pictures: pixel_values, input_ids'],
    ['half.onnx', 'takes float16 in pixel_values'],
    ['README.md', 'is not an ONNX model that can be run'],
  ])('%s', async (name, what) => {
    const error = await refusal(open(await fixture(name)));
    expect(error).toMatchObject({ code: 'encoder-unusable', message: expect.stringContaining(what) });
  });

  it('one that adds up its pictures gives no embedding for each', async () => {
    const graph = trace({ x: float32(2, 3, 8, 8) }, ({ x }) => ({ y: reshape(mean(x, [0, 2, 3]), [1, 3]) }));
    const error = await refusal(open(toOnnx(graph)));
    expect(error.message).toContain('does not give one embedding for each picture: y is [1, 3]');
  });

  it('one that takes another size, or wide pictures', async () => {
    const taking = (...shape: number[]) => toOnnx(trace({ x: float32(...shape) }, ({ x }) => ({ y: mean(x, [2, 3]) })));
    const size = await refusal(open(taking(1, 3, 12, 12), { preset: 'siglip', output: 'y', input: 'x' }));
    expect(size.message).toBe('the encoder e.onnx takes pictures of 12 × 12 pixels, not of 224 × 224');
    expect(size.hint).toContain('encoder.size to 12');
    expect((await open(taking(1, 3, 12, 12))).facts.size).toBe(12);
    expect((await refusal(open(taking(1, 3, 8, 12)))).message).toContain('not square: x is 8 × 12');
    const flat = toOnnx(trace({ x: float32(1, 192) }, ({ x }) => ({ y: add(x, 1) })));
    expect((await refusal(open(flat))).message).toContain('x has 2 dimensions, not 4');
  });

  it('one whose numbers are not finite', async () => {
    const graph = trace({ x: uint8(1, 8, 8, 3) }, ({ x }, scope) => ({
      y: add(mean(cast(x, 'float32'), [1, 2]), constant(scope, 'float32', [1, 3], Float32Array.of(0, Infinity, 0))),
    }));
    const encoder = await open(toOnnx(graph));
    await expect(encoder.embed([new Uint8Array(192)])).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: 'the encoder e.onnx gives numbers that are not finite in y',
    });
  });
});

describe('an encoder that takes bytes, four pictures at a time', async () => {
  // Means of rows, colour by colour: what comes out says which pixel went where.
  const graph = trace({ pictures: uint8(4, 8, 8, 3) }, ({ pictures }) => ({
    rows: mean(transpose(cast(pictures, 'float32'), [0, 1, 2, 3]), [2]),
  }));
  const onnx = toOnnx(graph);
  const picture = Uint8Array.from({ length: 192 }, (_, i) => i);

  it('is fed as the pictures are, and fills up a batch', async () => {
    const encoder = await open(onnx);
    expect([encoder.batch, encoder.facts.tokens, encoder.facts.channels]).toEqual([4, 8, 3]);
    const found = await encoder.embed([picture, picture, picture, picture, picture]);
    expect(found.length).toBe(5 * 24);
    expect([...found.subarray(96, 102)]).toEqual([10.5, 11.5, 12.5, 34.5, 35.5, 36.5]);
  });

  it('is not normalised before', async () => {
    for (const changes of [{ std: [1, 1, 1] }, { mean: [0, 0, 0] }]) {
      expect((await refusal(open(onnx, changes))).message).toContain('takes pictures as bytes');
    }
  });

  it('takes pictures of its size alone', async () => {
    const encoder = await open(onnx);
    await expect(encoder.embed([picture.subarray(1)])).rejects.toThrow('191 bytes where 192 are due');
  });
});

describe('a file that keeps weights in other files', () => {
  /** A field of a protobuf message: bytes behind their length. */
  const field = (number: number, content: Uint8Array | string): Buffer => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.of(8 * number + 2, bytes.length), bytes]);
  };
  // A further part of the graph, as protobuf lets a message be written in parts: TensorProto with external_data and
  // data_location EXTERNAL (onnx.proto, fields 13 and 14).
  const entry = Buffer.concat([field(1, 'location'), field(2, 'weights.bin')]);
  const tensor = Buffer.concat([field(8, 'w'), field(13, entry), Buffer.of(8 * 14, 1)]);
  const part = field(7, field(5, tensor));

  it('is refused, when an index is made and when it is opened, with what to do', async () => {
    const onnx = Buffer.concat([await fixture('encoder.onnx'), part]);
    const error = await refusal(open(onnx));
    expect(error).toMatchObject({
      code: 'encoder-unusable',
      message: 'the encoder e.onnx keeps weights in other files (weights.bin), which an index cannot hold',
      hint: expect.stringContaining('save_as_external_data=False'),
    });
    const { facts } = await open(await fixture('encoder.onnx'));
    expect(await refusal(Encoder.restore(runtime, onnx, facts, 'i/encoder.onnx'))).toMatchObject({
      message: expect.stringContaining('the encoder i/encoder.onnx keeps weights in other files'),
    });
  });

  it('and so is one with operators of a library', async () => {
    const node = Buffer.concat([field(1, 'pixel_values'), field(2, 'out'), field(4, 'Spy'), field(7, 'com.example')]);
    const onnx = Buffer.concat([await fixture('encoder.onnx'), field(7, field(1, node))]);
    expect((await refusal(open(onnx))).message).toBe(
      'the encoder e.onnx uses operators that ONNX Runtime has not built in (com.example)',
    );
  });

  it('gives what its index says, or is refused', async () => {
    const onnx = await fixture('encoder.onnx');
    const { facts } = await open(onnx);
    const picture = new Uint8Array(facts.size * facts.size * 3);
    for (const change of [{ tokens: facts.tokens + 1 }, { channels: 2 ** 40 }, { tokens: 2 ** 50 }]) {
      const encoder = await Encoder.restore(runtime, onnx, { ...facts, ...change }, 'i/encoder.onnx');
      expect((await refusal(encoder.embed([picture]))).message).toMatch(/^the encoder i\/encoder\.onnx gives \[/);
      await encoder.release();
    }
  });
});

it('pooled is the mean over tokens, picture by picture', () => {
  const values = Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40);
  expect([...pooled(values, { tokens: 2, channels: 2 })]).toEqual([2, 3, 20, 30]);
  expect(pooled(values, { tokens: 1, channels: 4 })).toBe(values);
});
