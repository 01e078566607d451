import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { silentReporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { forgetPictures } from './forget.ts';
import { searchIndex } from './search.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from './written-indexes.fixture.ts';

/** Indexes whose network reads the vectors of a frozen sentence encoder. */
let indexes: WrittenIndexes;
const COLOURS = { red: '#c22', blue: '#22c' } as const;
let dataset: Dataset;
const training = { ...SMALL_WRITE.training, batchSize: 16, seeSteps: 150, learningRate: 3e-3 };
const text = () => ({
  ...SMALL_WRITE.text,
  encoder: indexes.at('sentences'),
  steps: 150,
  batchSize: 16,
  learningRate: 3e-3,
});

beforeAll(async () => {
  indexes = await WrittenIndexes.create();
  const fixture = (name: string) => new URL(`../models/text-encoder/fixtures/${name}`, import.meta.url);
  await mkdir(indexes.at('sentences', '1_Pooling'), { recursive: true });
  await copyFile(fixture('sentence.onnx'), indexes.at('sentences', 'model.onnx'));
  await copyFile(fixture('tokenizer.json'), indexes.at('sentences', 'tokenizer.json'));
  await writeFile(indexes.at('sentences', 'sentence_bert_config.json'), '{"max_seq_length":10}');
  await writeFile(indexes.at('sentences', '1_Pooling', 'config.json'), '{"pooling_mode_mean_tokens":true}');
  const pictures = await Promise.all(
    Object.entries(COLOURS).flatMap(([name, colour]) =>
      Array.from({ length: 12 }, async (_, i) => [`${name}/${i}.png`, await disc(colour, i)] as const),
    ),
  );
  dataset = await indexes.draw('discs', Object.fromEntries(pictures));
  await indexes.make(dataset, 'sentences.index', { training, text: text() });
}, 120_000);
afterAll(() => indexes.remove());

async function labels(texts: readonly string[], index = 'sentences.index') {
  const warnings: string[] = [];
  const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
  const asked = { files: [], texts, k: 1, system: 'dsi', device: 'cpu', reporter } as const;
  const { results } = await searchIndex({ index: indexes.at(index), ...asked });
  return { found: results.map(({ answers }) => answers[0]?.label), warnings };
}
const manifestOf = async (index: string) => JSON.parse(await readFile(indexes.at(index, 'index.json'), 'utf8'));

describe('a network behind a sentence encoder', () => {
  it('finds pictures by words that it learned, and by words that only the encoder knows', async () => {
    const { found } = await labels(['red', 'Blue', 'a red', 'the blue']);
    expect(found).toEqual(['red', 'blue', 'red', 'blue']);
  });

  it('has the encoder and its tokenizer in the index', async () => {
    const { text: listed } = await manifestOf('sentences.index');
    expect(listed).toMatchObject({
      tokenizer: { file: 'tokenizer.json' },
      encoder: { file: 'text-encoder.onnx', pooling: 'mean', length: 10, channels: 6, shift: null },
      texts: 2,
    });
    const files = ['text-encoder.onnx', 'tokenizer.json'].map((file) => readFile(indexes.at('sentences.index', file)));
    const published = ['model.onnx', 'tokenizer.json'].map((file) => readFile(indexes.at('sentences', file)));
    expect(await Promise.all(files)).toEqual(await Promise.all(published));
  });

  it('says of a long text how much is read', async () => {
    const { warnings } = await labels([`red ${'the '.repeat(20)}`]);
    expect(warnings).toEqual(['a query has 23 tokens, and dsi reads the first 10']);
  });

  it('is built again without a picture as if that had never been there', async () => {
    const rest = { ...dataset, pictures: dataset.pictures.filter(({ path }) => path !== 'red/3.png') };
    await indexes.make(dataset, 'whole.index', { text: { ...text(), steps: 3 } });
    await indexes.make(rest, 'rest.index', { text: { ...text(), steps: 3 } });
    const options = { index: indexes.at('whole.index'), device: 'cpu', reporter: silentReporter } as const;
    await forgetPictures({ ...options, pictures: ['red/3.png'] });
    const [forgotten, never] = [await manifestOf('whole.index'), await manifestOf('rest.index')];
    expect(forgotten.text).toEqual(never.text);
    expect(forgotten.model.sha256).toBe(never.model.sha256);
  });

  it('takes the encoder of another index', async () => {
    await indexes.make(dataset, 'again.index', {
      training,
      text: { ...text(), encoder: indexes.at('sentences.index') },
    });
    const [one, other] = [await manifestOf('sentences.index'), await manifestOf('again.index')];
    expect(other.text).toEqual(one.text);
  });
});

describe('bad input', () => {
  const build = (encoder: string) => indexes.make(dataset, 'bad.index', { text: { ...text(), encoder } });

  it('an encoder without a tokenizer', async () => {
    await mkdir(indexes.at('alone', 'onnx'), { recursive: true });
    await copyFile(indexes.at('sentences', 'model.onnx'), indexes.at('alone', 'onnx', 'text_model.onnx'));
    await expect(build(indexes.at('alone'))).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: expect.stringMatching(/text_model\.onnx has no tokenizer\.json beside it or in the folder above$/),
    });
    await writeFile(indexes.at('alone', 'tokenizer.json'), '{"model":{}}');
    await expect(build(indexes.at('alone'))).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: expect.stringContaining('tokenizer'),
    });
  });

  it.each([
    ['nowhere.onnx', 'is not there'],
    ['discs', 'is a folder without'],
    ['discs/red/1.png', 'has no tokenizer.json beside it'],
  ])('%s', async (path, what) => {
    await expect(build(indexes.at(path))).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: expect.stringContaining(what),
    });
  });

  it('words of test pictures alone are nothing to learn from: the index is made without', async () => {
    const fixed = await Promise.all(
      [...Array(12).keys()].map(async (i) => ({
        path: `IMG_${2000 + i}.png`,
        labels: [],
        role: i < 10 ? ('catalogue' as const) : ('test' as const),
        ...(i < 10 ? {} : { captions: ['a red disc'] }),
        read: async () => await disc('#c22', i),
      })),
    );
    const only: Dataset = { name: 'few', source: '/few', notices: [], skipped: [], pictures: fixed };
    await indexes.make(only, 'silent.index', { text: SMALL_WRITE.text });
    expect((await manifestOf('silent.index')).text).toBeUndefined();
  });

  it('an index whose network reads tokens', async () => {
    await indexes.make(dataset, 'tokens.index', { text: SMALL_WRITE.text });
    await expect(build(indexes.at('tokens.index'))).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: expect.stringContaining('is an index without a text encoder'),
    });
  });
});

describe('a text encoder that comes with the image encoder', () => {
  const THREE = { red: '#c22', green: '#2a2', blue: '#22c' } as const;
  const names = Object.keys(THREE) as (keyof typeof THREE)[];
  let unnamed: Dataset;
  /** Steps after which the network tells the colours apart. */
  const LEARNING = 100;

  beforeAll(async () => {
    const fixtures = new URL('../models/text-encoder/fixtures/', import.meta.url);
    await cp(new URL('colours', fixtures), indexes.at('colours'), { recursive: true });
    await copyFile(new URL('tokenizer.json', fixtures), indexes.at('colours', 'tokenizer.json'));
    // Names as cameras give them: no picture comes with a word.
    const pictures = await Promise.all(
      Array.from({ length: 36 }, async (_, i) => {
        const colour = THREE[names[i % names.length] ?? 'red'];
        return [`IMG_${1000 + i}.png`, await disc(colour, 8)] as const;
      }),
    );
    unnamed = await indexes.draw('unnamed', Object.fromEntries(pictures));
  });

  const make = (
    out: string,
    changes: Partial<Config['text']> = {},
    from = unnamed,
    encoder: Partial<Config['encoder']> = {},
    seeSteps = 3,
  ) =>
    indexes.make(from, out, {
      encoder: { ...SMALL_WRITE.encoder, file: indexes.at('colours'), size: 16, ...encoder },
      training: { ...SMALL_WRITE.training, batchSize: 16, seeSteps, learningRate: 3e-3 },
      text: { ...SMALL_WRITE.text, ...changes },
    });
  const coloursOf = async (index: string) => {
    const asked = { files: [], texts: names, k: 4, system: 'dsi', device: 'cpu', reporter: silentReporter } as const;
    const { results } = await searchIndex({ index: indexes.at(index), ...asked });
    return results.map(({ answers }) =>
      answers.map(({ picture }) => names[(Number(/\d{4}/.exec(picture)?.[0]) - 1000) % names.length]),
    );
  };

  it('finds pictures that came without a word, once its vectors are shifted to theirs', async () => {
    await make('colours.index', {}, unnamed, {}, LEARNING);
    const found = await coloursOf('colours.index');
    expect(found).toEqual(names.map((name) => [name, name, name, name]));
    const { text: listed } = await manifestOf('colours.index');
    expect(listed).toMatchObject({ texts: 0, encoder: { channels: 3, shift: expect.any(Array) } });
    expect(listed.encoder.shift).toHaveLength(3);
  });

  it('is shifted anew when a picture is forgotten, which leaves no trace in it', async () => {
    const few = { steps: 3 };
    const rest = { ...unnamed, pictures: unnamed.pictures.filter(({ path }) => path !== 'IMG_1004.png') };
    await make('forgets.index', few);
    await make('never.index', few, rest);
    const before = await manifestOf('forgets.index');
    const options = { index: indexes.at('forgets.index'), device: 'cpu', reporter: silentReporter } as const;
    await forgetPictures({ ...options, pictures: ['IMG_1004.png'] });
    const [forgotten, never] = [await manifestOf('forgets.index'), await manifestOf('never.index')];
    expect(forgotten.text).toEqual(never.text);
    expect(forgotten.text.encoder.shift).not.toEqual(before.text.encoder.shift);
  });

  it('of an index reads for a network that sees pixels, once there are words to learn', async () => {
    const pixels = { ...SMALL_WRITE.encoder, file: '' };
    const text = { ...SMALL_WRITE.text, encoder: indexes.at('colours.index') };
    await indexes.make(unnamed, 'wordless.index', { encoder: pixels, text });
    expect((await manifestOf('wordless.index')).text).toBeUndefined();
    await indexes.make(dataset, 'worded.index', { encoder: pixels, text });
    expect((await manifestOf('worded.index')).text).toMatchObject({ texts: 2, encoder: { channels: 3, shift: null } });
  });

  it('learns from words where there are some', async () => {
    const told = {
      ...unnamed,
      pictures: unnamed.pictures.map((picture, i) => ({ ...picture, captions: [`a ${names[i % names.length]}`] })),
    };
    await make('told.index', { steps: 100, batchSize: 16 }, told, {}, LEARNING);
    expect(await coloursOf('told.index')).toEqual(names.map((name) => [name, name, name, name]));
    expect((await manifestOf('told.index')).text.texts).toBe(3);
  });

  it('is left out where it is asked to be', async () => {
    await make('none.index', { encoder: 'none' });
    expect((await manifestOf('none.index')).text).toBeUndefined();
  });

  it('is left out where the network reads pixels', async () => {
    await make('pixels.index', {}, unnamed, { frozenBackbone: false });
    expect((await manifestOf('pixels.index')).text).toBeUndefined();
  });

  it('is refused before a picture is read where pictures are given more than one vector', async () => {
    const tokens = new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url);
    await cp(indexes.at('colours'), indexes.at('tokens'), { recursive: true });
    await copyFile(tokens, indexes.at('tokens', 'onnx', 'vision_model.onnx'));
    await copyFile(indexes.at('sentences', 'model.onnx'), indexes.at('tokens', 'onnx', 'text_model.onnx'));
    const file = indexes.at('tokens');
    await expect(make('no.index', {}, unnamed, { file, output: 'last_hidden_state' })).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: 'the encoder of images gives 17 × 6 numbers of a picture, and the text encoder 6 of a text',
    });
  });

  it('is refused where its vectors have another width', async () => {
    await copyFile(indexes.at('sentences', 'model.onnx'), indexes.at('colours', 'onnx', 'text_model.onnx'));
    await expect(make('wide.index')).rejects.toMatchObject({
      code: 'encoder-unusable',
      message: expect.stringContaining('gives 6 numbers for a text, and its image tower 3 for a picture'),
    });
  });
});
