import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { graphInterface } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { NeurodexError } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PRESETS } from '../../presets/presets.ts';
import { Encoder } from './encoder.ts';
import { refuseOtherWidth, type Towers, towersOf } from './towers.ts';

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url).pathname;
const runtime = nodeRuntime({ threads: 1 });
let root = '';
let next = 0;

/** A folder of files: their places, and the fixtures that they are, or their text. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(root, String(next++));
  for (const [place, from] of Object.entries(files)) {
    await mkdir(dirname(join(folder, place)), { recursive: true });
    if (from.endsWith('.onnx') || from.startsWith('hub/')) await copyFile(fixture(from), join(folder, place));
    else await writeFile(join(folder, place), from);
  }
  return folder;
}

const refusal = (work: Promise<unknown>): Promise<NeurodexError> =>
  work.then(
    () => expect.unreachable('it was taken'),
    (error: NeurodexError) => error,
  );

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-towers-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const immich = JSON.stringify({
  size: 224,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  interpolation: 'bicubic',
  resize_mode: 'squash',
});

describe.each<[string, Readonly<Record<string, string>>, string]>([
  [
    'transformers.js',
    {
      'onnx/vision_model.onnx': 'vision.onnx',
      'onnx/text_model.onnx': 'text.onnx',
      'onnx/model.onnx': 'both.onnx',
      'tokenizer.json': '{}',
      'preprocessor_config.json': 'hub/clip-vit-b32.json',
    },
    'onnx/text_model.onnx',
  ],
  [
    'Optimum, both towers in one file',
    { 'model.onnx': 'both.onnx', 'tokenizer.json': '{}', 'preprocessor_config.json': 'hub/clip-vit-b32.json' },
    'model.onnx',
  ],
  [
    'Immich',
    {
      'visual/model.onnx': 'vision.onnx',
      'visual/preprocess_cfg.json': immich,
      'textual/model.onnx': 'text.onnx',
      'textual/tokenizer.json': '{}',
    },
    'textual/model.onnx',
  ],
])('a folder as %s', (_, files, textFile) => {
  it('gives both towers, which give what numpy computes', async () => {
    const folder = await folderOf(files);
    const { vision, preprocessing, text, notes } = await towersOf(folder);
    expect(notes).toEqual([]);
    expect(preprocessing?.unknown).toEqual([]);
    expect(text).toMatchObject({ file: join(folder, textFile) });
    expect(text?.tokenizer).toMatch(/tokenizer\.json$/);
    expect(vision.output).toBe('image_embeds');
    expect(graphInterface(vision.onnx).inputs.map(({ name }) => name)).toEqual(['pixel_values']);
    const golden = JSON.parse(String(await readFile(fixture('towers.json')))) as Record<string, number[]>;
    await expectPictures(vision, golden.image_embeds ?? []);
    const { onnx, output } = await (text as NonNullable<Towers['text']>).read();
    expect(
      graphInterface(onnx)
        .inputs.map(({ name }) => name)
        .sort(),
    ).toEqual(['attention_mask', 'input_ids']);
    const model = await runtime.open(onnx);
    const int64 = (values: number[] | undefined) => BigInt64Array.from((values ?? []).map(BigInt));
    const feeds = {
      input_ids: { shape: [2, 3], data: int64(golden.ids) },
      attention_mask: { shape: [2, 3], data: int64(golden.mask) },
    };
    const { data } = await model.run(feeds, output ?? '');
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo(golden.text_embeds?.[i] ?? NaN, 5);
    await model.release();
  });
});

async function expectPictures({ onnx, output }: Towers['vision'], wanted: readonly number[]): Promise<void> {
  const { mean, std, pictures } = JSON.parse(String(await readFile(fixture('expected.json')))) as Record<
    string,
    number[]
  >;
  const config = { ...PRESETS.default.encoder, mean: mean ?? [], std: std ?? [] };
  const encoder = await Encoder.open(runtime, onnx, { name: 'v', config, fallbackSize: 8, source: { output } });
  const all = Uint8Array.from(pictures ?? []);
  const found = await encoder.embed([all.subarray(0, 192), all.subarray(192)]);
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i] ?? NaN, 4);
  await encoder.release();
}

it('a file alone has no preprocessing, and its text tower where a tokenizer lies beside it', async () => {
  const alone = await towersOf(fixture('vision.onnx'));
  expect(alone).toMatchObject({
    preprocessing: undefined,
    text: undefined,
    notes: [],
    vision: { output: 'image_embeds' },
  });
  const { vision, text, notes } = await towersOf(fixture('both.onnx'));
  expect(graphInterface(vision.onnx).outputs.map(({ name }) => name)).toEqual(['image_embeds']);
  expect(text).toBeUndefined();
  expect(notes[0]).toContain('both.onnx is not used: there is no tokenizer.json beside it');
  const folder = await folderOf({
    'a.onnx': 'both.onnx',
    'tokenizer.json': '{}',
    'preprocessor_config.json': 'no JSON',
  });
  expect((await towersOf(join(folder, 'a.onnx'))).text?.file).toBe(join(folder, 'a.onnx'));
  // Of tokens and a pooled vector only the user can say which is meant.
  expect((await towersOf(fixture('encoder.onnx'))).vision.output).toBeUndefined();
});

describe('what is refused', () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['text without pictures', { 'onnx/text_model.onnx': 'text.onnx', 'tokenizer.json': '{}' }, 'holds a text tower'],
    ['the same of Immich', { 'textual/model.onnx': 'text.onnx' }, 'and no image tower'],
    ['an empty folder', { 'README.md': 'nothing' }, 'is a folder without onnx/vision_model.onnx or visual/model.onnx'],
    ['a folder with no ONNX in it', { 'model.onnx': 'text of a pointer' }, 'is not an ONNX model that can be run'],
    ['another model of two inputs', { 'model.onnx': 'two-inputs.onnx' }, 'has no output image_embeds and text_embeds'],
    [
      'no JSON',
      { 'model.onnx': 'vision.onnx', 'preprocessor_config.json': '{"a' },
      'preprocessor_config.json is not JSON',
    ],
  ])('%s', async (_, files, what) => {
    const error = await refusal(towersOf(await folderOf(files)));
    expect(error.code).toBe('encoder-unusable');
    expect(error.message).toContain(what);
    expect(error.hint).toBeTruthy();
  });

  it('a file that is not there', async () => {
    expect((await refusal(towersOf('no/such.onnx'))).message).toBe('the encoder no/such.onnx is not there');
  });

  it('towers whose vectors cannot be compared', async () => {
    const files = {
      'onnx/vision_model.onnx': 'vision.onnx',
      'onnx/text_model.onnx': 'text-wide.onnx',
      'tokenizer.json': '',
    };
    const { text } = await towersOf(await folderOf(files));
    const error = await refusal((text as NonNullable<Towers['text']>).read());
    expect(error.message).toContain('gives 12 numbers for a text, and its image tower 6 for a picture');
    expect(() => refuseOtherWidth(512, undefined, 'f')).not.toThrow();
  });
});

describe('preprocessing', () => {
  const open = async (config: string, changes: Partial<typeof PRESETS.default.encoder> = {}) => {
    const folder = await folderOf({ 'model.onnx': 'vision.onnx', 'preprocessor_config.json': config });
    const { vision, preprocessing } = await towersOf(folder);
    const source = { output: vision.output, preprocessing: preprocessing?.preprocessing };
    const settings = { ...PRESETS.default.encoder, ...changes };
    return await Encoder.open(runtime, vision.onnx, { name: 'e', config: settings, fallbackSize: 8, source });
  };

  it('settles size and normalisation, which single keys replace', async () => {
    const { facts } = await open('hub/dinov2-small.json', { preset: 'siglip', output: 'image_embeds' });
    expect(facts).toMatchObject({ size: 224, mean: [0.485, 0.456, 0.406], preprocessing: { filter: 'bicubic' } });
    const own = await open('hub/dinov2-small.json', { mean: [0, 0, 0] });
    expect(own.facts.preprocessing?.normalize).toEqual([{ mean: [0, 0, 0], std: [0.229, 0.224, 0.225] }]);
    const plain = await open('hub/mobileclip-s0.json');
    expect(plain.facts).toMatchObject({ size: 256, mean: [0, 0, 0], std: [1, 1, 1] });
  });

  it('of an index is refused where it makes pictures of another size than the encoder takes', async () => {
    const { facts } = await open('hub/dinov2-small.json');
    const wrong = { ...facts, size: 16 };
    const error = await refusal(
      Encoder.restore(runtime, await readFile(fixture('vision.onnx')), wrong, 'encoder.onnx'),
    );
    expect(error.message).toContain('preprocessing for pictures of 224 pixels, not of 16');
  });

  it.each([
    [{ size: { height: 8, width: 12 } }, {}, 'makes pictures of 12 × 8 pixels, and only square ones can be encoded'],
    [{ size: { shortest_edge: 8 } }, {}, 'makes pictures of any shape'],
    [{ size: { height: 8, width: 8 } }, { size: 16 }, 'comes with preprocessing for pictures of 8 pixels, not of 16'],
  ])('%j with %j is refused', async (keys, changes, what) => {
    const text = JSON.stringify({ image_processor_type: 'SiglipImageProcessor', ...keys });
    const error = await refusal(open(text, changes));
    expect([error.code, error.message]).toEqual(['encoder-unusable', expect.stringContaining(what)]);
  });
});
