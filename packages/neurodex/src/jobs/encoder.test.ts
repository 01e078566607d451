import { copyFile, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { NeurodexError } from '@neurodex/core';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPictures } from '../artifact/catalogue-store.ts';
import { partFile } from '../artifact/part-files.fixture.ts';
import { reseal } from '../artifact/reseal.fixture.ts';
import type { Config } from '../config.ts';
import { Encoder, type EncoderFacts } from '../models/encoder/encoder.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { PRESETS } from '../presets/presets.ts';
import { showAttention } from './attention.ts';
import { type CreateIndexOptions, createIndex } from './create-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { inspectIndex } from './inspect-index.ts';
import { writeReport } from './report.ts';
import { searchIndex } from './search.ts';

/** Indexes behind an encoder: the way of `jobs.test.ts`, with another network's encoder and with an export of the hub's shape. */
const base: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.7, validationFraction: 0.2, testFraction: 0.2 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48 },
  training: { ...PRESETS.quick.training, batchSize: 16, indexingEpochs: 50, validateEvery: 40 },
};
const quiet = { reporter: silentReporter, device: 'cpu' as const };
const COLOURS = ['#d33', '#3a3', '#33d', '#dd3'];
const HUB = new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url).pathname;

let root = '';
let shapes = '';
let flat = '';
const at = (name: string) => join(root, name);

async function makePicture(file: string, colour: string, i: number): Promise<void> {
  const circle = `<circle cx="${12 + 2 * (i % 8)}" cy="${10 + (i % 5)}" r="${5 + (i % 4)}" fill="${colour}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="#fff"/>${circle}</svg>`;
  await writeFile(file, await sharp(Buffer.from(svg)).png().toBuffer());
}

type Changes = { readonly [S in keyof Config]?: Partial<Config[S]> };
const configOf = (changes: Changes): Config =>
  Object.fromEntries(
    Object.entries(base).map(([section, values]) => [section, { ...values, ...changes[section as keyof Config] }]),
  ) as unknown as Config;

const make = async (name: string, changes: Changes, more: Partial<CreateIndexOptions> = {}, source = shapes) =>
  createIndex({
    dataset: await openFolder(source),
    out: at(name),
    config: configOf(changes),
    seed: 1,
    force: false,
    ...quiet,
    ...more,
  });

const refusal = (work: Promise<unknown>): Promise<NeurodexError> =>
  work.then(
    () => expect.unreachable('it was done'),
    (error: NeurodexError) => error,
  );

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-encoder-'));
  shapes = at('shapes');
  flat = at('flat');
  await mkdir(flat, { recursive: true });
  for (const [c, colour] of COLOURS.entries()) {
    await mkdir(join(shapes, `class ${c}`), { recursive: true });
    for (let i = 0; i < 12; i++) await makePicture(join(shapes, `class ${c}`, `${i}.png`), colour, i);
    for (let i = 0; i < 2; i++) await makePicture(join(flat, `${c}-${i}.png`), colour, 5 * i);
  }
  await make('plain', {}, { systems: ['dsi', 'pixels'] });
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('the network of one index as the encoder of another', () => {
  it('is copied into it, and the new network learns behind it', async () => {
    const file = at('plain');
    const summary = await make('behind', {
      encoder: { file },
      identifiers: { scheme: 'semantic', vectors: 'encoder', branching: 3, leafSize: 2 },
    });
    expect(summary.systems).toEqual(['dsi', 'pixels', 'encoder']);
    expect(summary.validation['IA@1']).toBeGreaterThan(0.5);
    const { manifest } = await opened('behind');
    expect(manifest.encoder).toMatchObject({ input: 'pictures', output: 'tokens', size: 16, tokens: 4, channels: 32 });
    const store = await openPictures(join(at('behind'), 'catalogue'));
    expect(store.embeddings).toMatchObject({ tokens: 4, channels: 32, views: 0 });
    expect((await stat(partFile(join(at('behind'), 'catalogue'), 'embeddings'))).size).toBe(48 * 4 * 32 * 4);
    // What is stored is what the encoder gives for the pictures.
    const onnx = await readFile(join(at('behind'), 'encoder.onnx'));
    const encoder = await Encoder.restore(nodeRuntime(), onnx, manifest.encoder, 'encoder.onnx');
    for (const row of [0, 17, 47]) {
      const wanted = await encoder.embed([pixelsOf(store, row)]);
      store.embeddings?.read(row).forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i] as number, 4);
      });
    }
    await encoder.release();
    for (const { identifier } of store.rows) expect(identifier ?? '0').toMatch(/^[012]+$/);
    await inspectIndex({ index: at('behind'), verify: true, reporter: silentReporter });
  }, 60_000);

  it('answers queries when the first index is gone, and finds what is alike', async () => {
    await rm(at('moved'), { recursive: true, force: true });
    await cp(at('behind'), at('moved'), { recursive: true });
    const file = join(shapes, 'class 2', '0.png');
    for (const system of ['dsi', 'encoder'] as const) {
      const { results } = await searchIndex({ index: at('moved'), files: [file], k: 12, system, ...quiet });
      expect(results[0]?.answers).toHaveLength(12);
      expect(results[0]?.answers[0]).toMatchObject({ rank: 1, label: 'class 2' });
    }
    const { systems } = await evaluateIndex({ index: at('moved'), split: 'test', ...quiet });
    expect(Object.keys(systems)).toEqual(['dsi', 'pixels', 'encoder']);
  });

  it('shows what the tokens looked at, patch by patch', async () => {
    const { side, tokens } = await showAttention({
      index: at('behind'),
      file: join(shapes, 'class 1', '3.png'),
      device: 'cpu',
    });
    expect(side).toBe(2);
    for (const { lastLayer } of tokens) {
      expect(lastLayer.patches).toHaveLength(4);
      expect(lastLayer.patches.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
  });

  it('is refused when it is not the one that embedded the catalogue', async () => {
    await cp(at('behind'), at('swapped'), { recursive: true });
    await writeFile(join(at('swapped'), 'encoder.onnx'), await readFile(HUB));
    const file = join(shapes, 'class 2', '0.png');
    const search = (index: string) => searchIndex({ index: at(index), files: [file], k: 1, system: 'dsi', ...quiet });
    expect(await refusal(search('swapped'))).toMatchObject({ code: 'index-damaged' });
    // An encoder that the description lists, with a catalogue of another one.
    await cp(at('behind'), at('mixed'), { recursive: true });
    const path = join(at('mixed'), 'catalogue', 'catalogue.json');
    const catalogue = JSON.parse(await readFile(path, 'utf8')) as { embeddings: { encoder: string } };
    catalogue.embeddings.encoder = '0'.repeat(64);
    await writeFile(path, JSON.stringify(catalogue));
    reseal(at('mixed'), { producers: false });
    const mixed = await refusal(search('mixed'));
    expect([mixed.code, mixed.message]).toEqual(['index-damaged', expect.stringContaining('another encoder')]);
  });

  it('is none where it reads an encoder itself', async () => {
    const error = await refusal(make('no', { encoder: { file: at('behind') } }));
    expect(error).toMatchObject({
      code: 'encoder-unusable',
      hint: `name that encoder: ${join(at('behind'), 'encoder.onnx')}`,
    });
    const whole = await make('again', { encoder: { file: join(at('behind'), 'encoder.onnx'), output: 'embedding' } });
    expect(whole.systems).toContain('encoder');
  }, 60_000);
});

describe('an export of the shape of the hub', () => {
  it('gives tokens, with views for training, over pictures of its own size', async () => {
    const encoder = { file: HUB, preset: 'dinov2', size: 24, views: 2 } as const;
    const summary = await make('hub', { encoder, training: { indexingEpochs: 10 } }, { systems: ['dsi', 'encoder'] });
    expect(summary.systems).toEqual(['dsi', 'encoder']);
    const store = await openPictures(join(at('hub'), 'catalogue'));
    expect(store.embeddings).toMatchObject({ tokens: 37, channels: 6, views: 2 });
    const embedding = (view: number) => {
      const bytes = new Uint8Array(37 * 6 * 4);
      store.embeddings?.readInto(bytes, 0, [store.embeddings.place(5, view)]);
      return new Float32Array(bytes.buffer);
    };
    expect(embedding(0)).toEqual(store.embeddings?.read(5));
    expect(embedding(1)).not.toEqual(embedding(0));
    expect(embedding(2)).not.toEqual(embedding(1));
    // The class token is the same for every picture; 6 × 6 patches follow.
    expect(embedding(1).subarray(0, 6)).toEqual(embedding(0).subarray(0, 6));
    const file = join(shapes, 'class 0', '1.png');
    expect(await showAttention({ index: at('hub'), file, device: 'cpu' })).toMatchObject({ side: 6 });
  }, 60_000);

  it('gives the network one vector, which has no places to look at', async () => {
    await make('pooled', { encoder: { file: HUB, preset: 'siglip', size: 16 }, training: { indexingEpochs: 10 } });
    const file = join(shapes, 'class 0', '1.png');
    const { results } = await searchIndex({ index: at('pooled'), files: [file], k: 3, system: 'dsi', ...quiet });
    expect(results[0]?.answers).toHaveLength(3);
    const error = await refusal(showAttention({ index: at('pooled'), file, device: 'cpu' }));
    expect([error.code, error.message]).toEqual(['usage', expect.stringContaining('one vector of an encoder')]);
    const { report } = await writeReport({ index: at('pooled'), split: 'test', out: at('report.html'), ...quiet });
    expect((await stat(report)).size).toBeGreaterThan(1000);
  }, 60_000);

  it('serves identifiers and the system encoder alone, where it is not in front', async () => {
    const encoder = { file: HUB, preset: 'siglip', size: 16, frozenBackbone: false } as const;
    const identifiers = { scheme: 'semantic', vectors: 'encoder', branching: 30, leafSize: 4 } as const;
    const summary = await make('beside', { encoder, identifiers, training: { indexingEpochs: 10 } });
    expect(summary.systems).toContain('encoder');
    const store = await openPictures(join(at('beside'), 'catalogue'));
    expect(store.embeddings).toBeUndefined();
    expect(store.rows.some(({ identifier }) => identifier?.includes('.'))).toBe(true);
    await make('without', { encoder, identifiers }, { systems: ['pixels', 'encoder'] });
  }, 60_000);

  it('is in front of the network for a flat folder too, whose queries are views', async () => {
    const encoder = { file: HUB, preset: 'siglip', size: 16 } as const;
    const training = { indexingEpochs: 20, batchSize: 8 };
    await make('views', { encoder, training }, { systems: ['dsi', 'encoder'] }, flat);
    const { systems } = await evaluateIndex({ index: at('views'), split: 'test', ...quiet });
    expect(Object.keys(systems)).toEqual(['dsi', 'encoder']);
  }, 60_000);

  it('is told before any picture is read what is wrong with it, and nothing is left', async () => {
    for (const [encoder, message] of [
      [{ file: at('gone.onnx') }, 'is not there'],
      [{ file: root }, 'is a folder'],
      [{ file: join(shapes, 'class 0', '0.png') }, 'is not an ONNX model that can be run'],
      [{ file: HUB, input: 'x' }, 'has no input x; it has pixel_values'],
    ] as const) {
      const error = await refusal(make('bad', { encoder }));
      expect([error.code, error.message]).toEqual(['encoder-unusable', expect.stringContaining(message)]);
      await expect(stat(at('bad.partial'))).rejects.toThrow('ENOENT');
    }
    const asked = await refusal(make('bad', {}, { systems: ['encoder'] }));
    expect(asked).toMatchObject({ code: 'config-invalid', details: { keys: ['encoder.file'] } });
  });

  it('cannot be exchanged while a run is gone on with', async () => {
    const file = at('mine.onnx');
    await copyFile(HUB, file);
    const encoder = { file, preset: 'siglip', size: 16 } as const;
    const stop = new AbortController();
    const reporter = {
      ...silentReporter,
      progress: ({ phase, done }: { phase: string; done: number }) => {
        if (phase === 'joint' && done >= 2) stop.abort();
      },
    };
    const stopped = await refusal(make('stopped', { encoder }, { reporter, signal: stop.signal }));
    expect(stopped.code).toBe('interrupted');
    await writeFile(file, Buffer.concat([await readFile(HUB), Buffer.from([0x32, 0x00])]));
    const other = await refusal(make('stopped', { encoder }, { resume: true }));
    expect([other.code, other.message]).toEqual([
      'run-changed',
      expect.stringContaining('mine.onnx (encoder.file) has other contents'),
    ]);
    await rm(file);
    const summary = await make('stopped', { encoder, training: { indexingEpochs: 20 } }, { resume: true });
    expect(summary.steps).toBeGreaterThan(2);
  }, 60_000);
});

async function opened(name: string) {
  return { manifest: JSON.parse(await readFile(join(at(name), 'index.json'), 'utf8')) as { encoder: EncoderFacts } };
}
