import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formulaPicture } from '../../query/formula-picture.fixture.ts';
import { inputValues, preprocess } from '../../query/preprocess.ts';
import { type Preprocessing, preprocessingSchema } from '../../query/preprocessing.ts';
import { readImmichConfig } from './immich-config.ts';
import { readPreprocessorConfig } from './preprocessor-config.ts';

interface Case {
  readonly config: string;
  readonly from: readonly [number, number];
  readonly shape: readonly [number, number, number];
  readonly sha256: string;
  readonly middle: readonly number[];
}
const read = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
const { others, cases } = JSON.parse(read('pixels.json')) as {
  others: Record<string, unknown>;
  cases: readonly Case[];
};

/** float32 [3, Y, X], as an encoder of PyTorch takes it. */
function valuesOf(pixels: Uint8Array, preprocessing: Preprocessing): Float32Array {
  const table = inputValues(preprocessing);
  const area = pixels.length / 3;
  return Float32Array.from({ length: pixels.length }, (_, i) => {
    const colour = Math.floor(i / area);
    return table[colour * 256 + (pixels[(i % area) * 3 + colour] ?? NaN)] ?? NaN;
  });
}

describe.each([...new Set(cases.map(({ config }) => config))])('%s', (config) => {
  it('makes of every picture what transformers makes of it, to the last bit', () => {
    const text = config in others ? JSON.stringify(others[config]) : read(`hub/${config}.json`);
    const { preprocessing, unknown } = readPreprocessorConfig(text, 'preprocessor_config.json');
    expect(unknown).toEqual([]);
    for (const { from, shape, sha256, middle } of cases.filter((each) => each.config === config)) {
      const pixels = preprocess(formulaPicture(...from), preprocessing);
      const [, height, width] = shape;
      expect([from, pixels.length]).toEqual([from, height * width * 3]);
      const values = valuesOf(pixels, preprocessing);
      const at = (height >> 1) * width + (width >> 1);
      expect([from, [0, 1, 2].map((c) => values[c * height * width + at])]).toEqual([from, middle]);
      expect([from, createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')]).toEqual([from, sha256]);
    }
  });
});

const refusal = (reading: () => unknown): NeurodexError => {
  try {
    reading();
  } catch (error) {
    if (error instanceof NeurodexError) return error;
    throw error;
  }
  return expect.unreachable('it was taken');
};
const clip = (changes: object) => JSON.stringify({ image_processor_type: 'CLIPImageProcessor', ...changes });

it.each([
  ['', 'is not JSON'],
  ['[1]', 'is no JSON object'],
  ['{}', 'does not say which image processor it is for'],
  [clip({ image_processor_type: 'Siglip2ImageProcessor' }), 'is for the image processor Siglip2ImageProcessor'],
  [clip({ image_processor_type: 7 }), 'has an impossible image_processor_type: 7'],
  [clip({ size: { shortest_edge: 0 } }), 'has an impossible size: {"shortest_edge":0}'],
  [clip({ size: { shortest_edge: 224, longest_edge: 300 } }), 'has an impossible size'],
  [clip({ size: { height: 224, width: 1e9 } }), 'has an impossible size'],
  [clip({ crop_size: { shortest_edge: 224 } }), 'has an impossible crop_size'],
  [clip({ crop_size: -3 }), 'has an impossible crop_size: -3'],
  [clip({ resample: 6 }), 'has an impossible resample: 6'],
  [clip({ resample: 'bicubic' }), 'has an impossible resample: "bicubic"'],
  [clip({ image_std: [0.2, 0, 0.2] }), 'has an impossible image_std: [0.2,0,0.2]'],
  [clip({ image_mean: [0.5] }), 'has an impossible image_mean: [0.5]'],
  [clip({ rescale_factor: 0 }), 'has an impossible rescale_factor: 0'],
  [clip({ do_pad: true }), 'asks for do_pad, which is not followed here'],
  [clip({ auto_map: { AutoImageProcessor: 'x.y' } }), 'asks for auto_map'],
])('%s is refused', (text, what) => {
  const error = refusal(() => readPreprocessorConfig(text, 'encoder/preprocessor_config.json'));
  expect(error.code).toBe('encoder-unusable');
  expect(error.message).toContain(`encoder/preprocessor_config.json ${what}`);
  expect(error.hint).toBeTruthy();
});

it('keys that nobody knows are named, where they say something', () => {
  const more = { sharpen: 3, soften: null, blur: false, do_pad: false, rescale_offset: true };
  const { unknown, preprocessing } = readPreprocessorConfig(clip(more), 'f');
  expect(unknown).toEqual(['sharpen', 'rescale_offset']);
  expect(preprocessing).toEqual(readPreprocessorConfig(clip({}), 'f').preprocessing);
});

describe('preprocess_cfg.json of an Immich folder', () => {
  const immich = {
    size: [224, 224],
    mode: 'RGB',
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    interpolation: 'bicubic',
    resize_mode: 'shortest',
    fill_color: 0,
  };

  it('is read', () => {
    expect(readImmichConfig(JSON.stringify(immich), 'f')).toEqual({
      preprocessing: {
        resize: { shortestEdge: 224, ratioFirst: true },
        filter: 'bicubic',
        crop: { height: 224, width: 224 },
        factor: 1 / 255,
        normalize: [{ mean: immich.mean, std: immich.std }],
      },
      unknown: [],
    });
    const squashed = readImmichConfig(JSON.stringify({ ...immich, size: 32, resize_mode: 'squash', x: 1 }), 'f');
    expect([squashed.preprocessing.resize, squashed.unknown]).toEqual([{ height: 32, width: 32 }, ['x']]);
  });

  it.each([
    [{ resize_mode: 'longest' }, 'asks for the resize_mode longest'],
    [{ interpolation: 'random' }, 'asks for the interpolation random'],
    [{ mode: 'L' }, 'is for pictures in L'],
    [{ size: [224, 256] }, 'asks for pictures of 256 × 224 pixels'],
    [{ size: 0 }, 'has an impossible size'],
    [{ std: [1, 1, 0] }, 'has an impossible std.2'],
  ])('%j is refused', (changes, what) => {
    const error = refusal(() => readImmichConfig(JSON.stringify({ ...immich, ...changes }), 'preprocess_cfg.json'));
    expect(error.message).toContain(`preprocess_cfg.json ${what}`);
  });
});

it('whatever a file holds, it is read or refused', () => {
  const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.array(fc.integer(), { maxLength: 3 }));
  const file = fc.dictionary(
    fc.constantFrom('size', 'crop_size', 'resample', 'image_mean', 'image_std', 'rescale_factor', 'do_resize', 'x'),
    value,
  );
  fc.assert(
    fc.property(file, fc.constantFrom('CLIP', 'Siglip', 'EfficientNet', 'Other'), (changes, kind) => {
      const text = JSON.stringify({ ...changes, image_processor_type: `${kind}ImageProcessor` });
      try {
        const { preprocessing } = readPreprocessorConfig(text, 'f');
        expect(preprocessingSchema.safeParse(preprocessing).success).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(NeurodexError);
      }
    }),
  );
});
