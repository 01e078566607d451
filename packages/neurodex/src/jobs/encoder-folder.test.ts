import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { NeurodexError, Reporter } from '@neurodex/core';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import { decodeWhole } from '@neurodex/datasets/image';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestHub } from '../../../datasets/src/download/hub.fixture.ts';
import { openPictures } from '../artifact/catalogue-store.ts';
import { openArtifact } from '../artifact/index-artifact.ts';
import type { Config } from '../config.ts';
import { Encoder, type EncoderFacts } from '../models/encoder/encoder.ts';
import type { NamedEncoder } from '../models/encoder/named-encoders.ts';
import { PRESETS } from '../presets/presets.ts';
import { preprocess } from '../query/preprocess.ts';
import { openIndex } from '../systems/open-index.ts';
import { addToIndex } from './change-index.ts';
import { createIndex } from './create-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { forgetPictures, repeatBuild } from './forget.ts';
import { inspectIndex } from './inspect-index.ts';
import { queryOf } from './query.ts';
import { searchIndex } from './search.ts';
import { SMALL_WRITE } from './written-indexes.fixture.ts';

/** Where the tests find `clip-vit-b32`: on a hub of their own. */
const published = vi.hoisted(() => ({ encoder: undefined as NamedEncoder | undefined }));
vi.mock('../models/encoder/named-encoders.ts', async (original) => {
  const real = await original<typeof import('../models/encoder/named-encoders.ts')>();
  const namedEncoder: typeof real.namedEncoder = (name) => published.encoder ?? real.namedEncoder(name);
  return { ...real, namedEncoder };
});

const FIXTURES = new URL('../models/encoder/fixtures/', import.meta.url).pathname;
const PREPROCESSING = JSON.stringify({
  image_processor_type: 'SiglipImageProcessor',
  size: { height: 16, width: 16 },
  resample: 2,
  sharpen: 1,
});
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 24 },
  split: { retrievalFraction: 0.5, validationFraction: 0.2, testFraction: 0.4 },
  encoder: { ...PRESETS.quick.encoder, frozenBackbone: false },
};
const quiet = { reporter: silentReporter, device: 'cpu' as const };

let root = '';
let pictures = '';
let hub: TestHub;
const at = (name: string) => join(root, name);

/** A picture that is twice as wide as high: its ends are colours that no square of its middle has. */
async function makePicture(file: string, hue: number): Promise<void> {
  const end = `hsl(${hue},90%,50%)`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40" fill="${end}"/><rect x="20" width="40" height="40" fill="hsl(${hue / 2},40%,60%)"/><circle cx="${30 + (hue % 17)}" cy="20" r="9"/></svg>`;
  await writeFile(file, await sharp(Buffer.from(svg)).png().toBuffer());
}

class Listener implements Reporter {
  readonly said: string[] = [];
  progress(): void {}
  warn(message: string): void {
    this.said.push(message);
  }
  info(message: string): void {
    this.said.push(message);
  }
}

async function make(name: string, file: string, more: Partial<Parameters<typeof createIndex>[0]> = {}) {
  const listener = new Listener();
  await createIndex({
    dataset: await openFolder(pictures),
    out: at(name),
    config: { ...config, encoder: { ...config.encoder, file } },
    systems: ['pixels', 'encoder'],
    seed: 1,
    force: false,
    ...quiet,
    reporter: listener,
    ...more,
  });
  return listener.said;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-encoder-folder-'));
  pictures = at('pictures');
  for (const c of [0, 1, 2]) {
    await mkdir(join(pictures, `class ${c}`), { recursive: true });
    for (let i = 0; i < 8; i++) await makePicture(join(pictures, `class ${c}`, `${i}.png`), 120 * c + 9 * i);
  }
  await mkdir(at('encoder'));
  await copyFile(join(FIXTURES, 'both.onnx'), at('encoder/model.onnx'));
  await writeFile(at('encoder/preprocessor_config.json'), PREPROCESSING);
  hub = await TestHub.start();
});
afterAll(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

describe('an encoder in a folder with its preprocessing', () => {
  it('is given what its preprocessing makes of every picture, and the index says so', async () => {
    const said = await make('folder', at('encoder'));
    expect(said.filter((line) => line.includes('sharpen'))).toHaveLength(1);
    expect(said.join('\n')).toContain('text tower in');
    const { encoder: facts } = await inspectIndex({ index: at('folder'), verify: true, reporter: silentReporter });
    expect(facts).toMatchObject({ output: 'image_embeds', size: 16, channels: 6 });
    expect(facts?.preprocessing).toMatchObject({ resize: { height: 16, width: 16 }, filter: 'bilinear' });
    expect(facts?.published).toBeUndefined();
    await expectVectors('folder', facts as EncoderFacts);
  }, 60_000);

  it('finds a picture by its own file, with cosine 1: queries go the same way', async () => {
    const found = await searchIndex({
      index: at('folder'),
      files: await catalogueFiles('folder'),
      k: 1,
      system: 'encoder',
      ...quiet,
    });
    for (const { query, answers } of found.results) {
      expect(join(pictures, answers[0]?.picture ?? '')).toBe(query);
      expect(answers[0]?.score).toBeCloseTo(1, 6);
    }
    const { systems } = await evaluateIndex({ index: at('folder'), split: 'test', ...quiet });
    expect(Object.keys(systems)).toEqual(['pixels', 'encoder']);
  });

  it('looks at the whole picture, where the thumbnail has its middle alone', async () => {
    const index = await openIndex(at('folder'), nodeRuntime({ threads: 1 }));
    const [file = ''] = await catalogueFiles('folder');
    const sizes = { size: 16, thumbnail: 24, maxPixels: 1e6 };
    const preprocessing = index.manifest.encoder?.preprocessing;
    const whole = await queryOf(await readFile(file), file, sizes, preprocessing);
    const { encoderPixels: _, ...middle } = whole;
    const system = await index.system('encoder');
    const [near, far] = (await system.rank([whole, middle], 1)).map(([best]) => best?.score ?? NaN);
    expect(near).toBeGreaterThan(far ?? NaN);
    await index.close();
  });

  it('is what an index is built with again: what is not in the thumbnails is taken over', async () => {
    const { content, repeated } = await repeatBuild({ index: at('folder'), ...quiet });
    expect(repeated).toBe(content);
    const before = (await inspectIndex({ index: at('folder'), verify: false, reporter: silentReporter })).encoder;
    await cp(at('folder'), at('forgotten'), { recursive: true });
    const gone = (await catalogueFiles('folder'))[0]?.slice(pictures.length + 1) ?? '';
    await forgetPictures({ index: at('forgotten'), pictures: [gone], ...quiet });
    const after = await inspectIndex({ index: at('forgotten'), verify: true, reporter: silentReporter });
    expect(after.encoder).toEqual(before);
  }, 60_000);

  it('embeds pictures that are added as those of the build', async () => {
    const own: Config = {
      ...SMALL_WRITE,
      pictures: config.pictures,
      split: config.split,
      encoder: { ...config.encoder, file: at('encoder'), frozenBackbone: true },
    };
    await make('grown', '', { config: own, systems: ['dsi', 'encoder'] });
    await makePicture(at('new.png'), 307);
    const files = [{ name: 'new.png', path: at('new.png') }];
    const { added } = await addToIndex({ index: at('grown'), pictures: { files, labels: [] }, ...quiet });
    expect(added).toHaveLength(1);
    for (const system of ['dsi', 'encoder'] as const) {
      const found = await searchIndex({ index: at('grown'), files: [at('new.png')], k: 1, system, ...quiet });
      expect(found.results[0]?.answers[0]).toMatchObject({ picture: 'new.png' });
      if (system === 'encoder') expect(found.results[0]?.answers[0]?.score).toBeCloseTo(1, 6);
    }
  }, 60_000);

  it('stands in front of a network with views, which is built again to the last bit', async () => {
    const own: Config = {
      ...config,
      encoder: { ...config.encoder, file: at('encoder'), frozenBackbone: true, views: 1 },
      model: { ...config.model, patchSize: 8, width: 16, feedForwardWidth: 16 },
      training: { ...config.training, batchSize: 8, indexingEpochs: 3, validateEvery: 50 },
    };
    await make('front', '', { config: own, systems: ['dsi', 'encoder'] });
    const { content, repeated } = await repeatBuild({ index: at('front'), ...quiet });
    expect(repeated).toBe(content);
  }, 60_000);
});

describe('an encoder by its name', () => {
  const environmentOf = (origin: string) => ({ NEURODEX_CACHE: at('cache'), HF_ENDPOINT: origin });
  const file = (path: string, body: Uint8Array) => ({
    path,
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  });

  it('is downloaded, used and recorded with its source and licence', async () => {
    const [model, settings] = [
      new Uint8Array(await readFile(join(FIXTURES, 'vision.onnx'))),
      Buffer.from(PREPROCESSING),
    ];
    const revision = '0123456789abcdef0123456789abcdef01234567';
    const files = { 'onnx/vision_model.onnx': model, 'preprocessor_config.json': settings };
    hub.publish({ repo: 'somebody/clip', commit: revision, revisions: [], kind: 'models', files });
    published.encoder = {
      summary: 'small',
      source: {
        kind: 'hub',
        repo: 'somebody/clip',
        revision,
        vision: file('onnx/vision_model.onnx', model),
        preprocessing: file('preprocessor_config.json', settings),
      },
      licence: { name: 'MIT', url: 'https://example.org/LICENSE', redistributable: false },
      outputs: { vision: 'image_embeds' },
    };
    const environment = environmentOf(hub.api.origin);
    const said = await make('named', 'clip-vit-b32', { environment });
    expect(said[0]).toMatch(/^the encoder clip-vit-b32: 1\.\d+ kB from somebody\/clip .* licence: MIT/);
    const { encoder } = await inspectIndex({ index: at('named'), verify: true, reporter: silentReporter });
    expect(encoder).toMatchObject({
      sha256: file('', model).sha256,
      published: {
        name: 'clip-vit-b32',
        source: 'somebody/clip',
        revision,
        licence: 'MIT',
        url: 'https://example.org/LICENSE',
      },
    });
    await expectVectors('named', encoder as EncoderFacts);
    // A second index takes it from the cache.
    await hub.close();
    const again = await make('again', 'clip-vit-b32', { environment });
    expect(again.join('\n')).not.toContain('downloaded');
  }, 60_000);

  it('an unknown name is refused before anything is read, and nothing is left', async () => {
    const error = await make('bad', 'clip-vit-b31').then(
      () => expect.unreachable('it was taken'),
      (thrown: NeurodexError) => thrown,
    );
    expect([error.code, error.hint]).toEqual(['encoder-unusable', expect.stringContaining('clip-vit-b32')]);
  });
});

const catalogueFiles = async (name: string): Promise<string[]> => {
  const store = await openPictures(join(at(name), 'catalogue'));
  return store.catalogue.map(({ path }) => join(pictures, path));
};

/** What is stored of each catalogue picture is what the encoder makes of the preprocessed file. */
async function expectVectors(name: string, facts: EncoderFacts): Promise<void> {
  const artifact = await openArtifact(at(name));
  const stored = await artifact.store.vectors('encoder');
  const onnx = await readFile(join(at(name), 'encoder.onnx'));
  const encoder = await Encoder.restore(nodeRuntime({ threads: 1 }), onnx, facts, 'encoder.onnx');
  for (const [i, { path }] of artifact.store.catalogue.entries()) {
    const decoded = await decodeWhole(await readFile(join(pictures, path)), { name: path, maxPixels: 1e6 });
    const wanted = await encoder.embed([
      preprocess(decoded, facts.preprocessing as NonNullable<typeof facts.preprocessing>),
    ]);
    const found = stored?.values.subarray(i * facts.channels, (i + 1) * facts.channels) ?? [];
    for (const [c, value] of wanted.entries()) expect(found[c]).toBeCloseTo(value, 6);
  }
  await encoder.release();
  await artifact.close();
}
