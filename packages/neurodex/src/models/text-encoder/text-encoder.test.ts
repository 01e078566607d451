import { readFile } from 'node:fs/promises';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import { TextTokenizer } from '../../text/tokenizer.ts';
import type { TextEncoderHints } from './facts.ts';
import { readHints } from './hints.ts';
import { FrozenTextEncoder } from './text-encoder.ts';

const runtime = nodeRuntime({ threads: 1 });
const fixture = (name: string) => readFile(new URL(`./fixtures/${name}`, import.meta.url));
const json = String(await fixture('tokenizer.json'));
const tokenizer = TextTokenizer.parse(json, 'tokenizer.json', { foreign: true });
const expected = JSON.parse(String(await fixture('expected.json'))) as {
  readonly texts: string[];
  readonly ids: number[][];
  readonly mean: number[][];
  readonly first: number[][];
  readonly clip: number[][];
};
const open = async (name: string, hints: TextEncoderHints = {}, own = tokenizer) =>
  await FrozenTextEncoder.open(runtime, await fixture(name), { name, tokenizer: own, hints });

function expectClose(found: Float32Array, wanted: readonly number[][]): void {
  const flat = wanted.flat();
  expect(found.length).toBe(flat.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(flat[i] ?? NaN, 4);
  });
}

async function refusal(opening: Promise<unknown>): Promise<NeurodexError> {
  return await opening.then(
    () => expect.unreachable('it was taken'),
    (error: unknown) => (error instanceof NeurodexError ? error : expect.unreachable(String(error))),
  );
}

it('reads the ids that WordPiece gives', () => {
  expect(expected.texts.map((text) => tokenizer.encode(text))).toEqual(expected.ids);
});

describe('a sentence encoder', () => {
  it.each(['mean', 'first'] as const)('gives the %s of the states that numpy computes', async (pooling) => {
    const encoder = await open('sentence.onnx', { pooling, length: 10 });
    expect(encoder.facts).toEqual({
      ids: 'input_ids',
      mask: 'attention_mask',
      types: 'token_type_ids',
      output: 'last_hidden_state',
      pooling,
      length: 10,
      padded: false,
      padding: 0,
      batch: null,
      channels: 6,
    });
    const long: [number, number][] = [];
    expectClose(await encoder.embed(expected.texts, (...cut) => long.push(cut)), expected[pooling]);
    expect(long).toEqual([[10, 13]]);
    await encoder.release();
  });

  it('gives a text the same vector among many, whatever their order', async () => {
    const encoder = await open('sentence.onnx', { pooling: 'mean', length: 10 });
    const many = Array.from({ length: 70 }, (_, i) => i % expected.texts.length);
    const found = await encoder.embed(many.map((i) => expected.texts[i] ?? ''));
    expectClose(
      found,
      many.map((i) => expected.mean[i] ?? []),
    );
    expect(await encoder.embed([])).toEqual(new Float32Array());
    await encoder.release();
  });

  it('is opened again by its facts, and refuses those of another', async () => {
    const { facts } = await open('sentence.onnx', { pooling: 'mean', length: 10 });
    const onnx = await fixture('sentence.onnx');
    const again = await FrozenTextEncoder.restore(runtime, onnx, facts, { name: 'x', tokenizer });
    expectClose(await again.embed(expected.texts), expected.mean);
    const other = await FrozenTextEncoder.restore(runtime, onnx, { ...facts, channels: 5 }, { name: 'x', tokenizer });
    expect((await refusal(other.embed(['a']))).message).toContain('not 5 numbers of each text');
  });
});

describe('a text encoder with texts of one length', () => {
  it('gives what numpy computes, where texts are cut before the token that ends them', async () => {
    const encoder = await open('clip.onnx');
    expect(encoder.facts).toMatchObject({ output: 'text_embeds', mask: null, length: 8, padded: true, batch: 2 });
    expectClose(await encoder.embed(expected.texts), expected.clip);
  });
});

describe('bad input', () => {
  it('text that is none is refused before anything is run', async () => {
    const encoder = await open('sentence.onnx');
    expect((await refusal(encoder.embed(['  ']))).code).toBe('text-empty');
    expect((await refusal(encoder.embed(['\u0007']))).code).toBe('text-invalid');
    await encoder.release();
  });

  it('a tokenizer that has more tokens than its model is refused', async () => {
    const value = JSON.parse(json) as { model: { vocab: Record<string, number> } };
    value.model.vocab.zebra = 15;
    const own = TextTokenizer.parse(JSON.stringify(value), 'tokenizer.json', { foreign: true });
    expect(await refusal(open('sentence.onnx', {}, own))).toMatchObject({
      code: 'encoder-unusable',
      message: expect.stringContaining('does not know all 16 tokens of its tokenizer: they are of different models'),
    });
  });

  it('a tokenizer that has far fewer tokens than its model is refused', async () => {
    const { message } = await refusal(open('wide.onnx'));
    expect(message).toContain('has many more tokens than the 15 of its tokenizer');
  });

  it('an input that nobody can feed is refused', async () => {
    const { code, message } = await refusal(open('positions.onnx'));
    expect([code, message]).toEqual([
      'encoder-unusable',
      'the encoder positions.onnx takes position_ids, and nobody says what that is',
    ]);
  });

  it('an image encoder is refused', async () => {
    const onnx = await readFile(new URL('../encoder/fixtures/encoder.onnx', import.meta.url));
    const { message } = await refusal(
      FrozenTextEncoder.open(runtime, onnx, { name: 'vision_model.onnx', tokenizer, hints: {} }),
    );
    expect(message).toContain('takes no texts: pixel_values has 4 dimensions, not 2');
  });
});

describe('the files beside an encoder', () => {
  it('the configuration of a tokenizer says how long texts are, and what pads them', () => {
    expect(readHints({ tokenizer: json })).toEqual({ length: 12, padded: true, padding: 0, pooling: undefined });
    const tokenizerConfig = JSON.stringify({ model_max_length: 9, pad_token: { content: '[SEP]' } });
    expect(readHints({ tokenizer: json, tokenizerConfig }).length).toBe(9);
    const bare = JSON.stringify({ ...JSON.parse(json), padding: null, truncation: null });
    expect(readHints({ tokenizer: bare, tokenizerConfig })).toMatchObject({ length: 9, padding: 3 });
    expect(readHints({ tokenizer: bare, tokenizerConfig: '{"model_max_length":1e30}' }).length).toBeUndefined();
  });

  it('those of sentence-transformers come first', () => {
    const hints = readHints({
      tokenizer: json,
      tokenizerConfig: '{"model_max_length":512}',
      sentences: '{"max_seq_length":256,"do_lower_case":false}',
      pooling: '{"word_embedding_dimension":384,"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true}',
    });
    expect(hints).toEqual({ length: 256, padded: undefined, padding: 0, pooling: 'mean' });
  });
});
