import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { FileHasher, CHUNK_BYTES as NODE_CHUNK_BYTES } from '@neurodex/core/storage';
import { openFolder } from '@neurodex/datasets';
import { readPicture } from '@neurodex/datasets/image';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOrigin } from '../build/origin.ts';
import type { Config } from '../config.ts';
import { createIndex } from '../jobs/create-index.ts';
import { verifyIndex } from '../jobs/verify-index.ts';
import { browserConfig } from '../presets/browser.ts';
import { openIndex } from '../systems/open-index.ts';
import { nodeMachine } from '../training/node-machine.ts';
import { browserMachine } from './browser-machine.ts';
import { type BuiltPictures, buildPictures, type DecodedFile } from './build-pictures.ts';
import { writeIndexFiles } from './index-files.ts';
import { CHUNK_BYTES, digestOfBytes, MemoryFile } from './memory-files.ts';
import { siteFiles } from './site-files.ts';

const config: Config = {
  ...browserConfig,
  pictures: { ...browserConfig.pictures, size: 16, thumbnail: 24 },
  identifiers: { ...browserConfig.identifiers, branching: 4, leafSize: 4 },
  model: { ...browserConfig.model, patchSize: 8, width: 16, feedForwardWidth: 16, heads: 2, layers: 2 },
  training: { ...browserConfig.training, batchSize: 8, seeSteps: 25 },
};
const FACTS = { name: 'shapes', version: '0.0.0', created: '2026-01-01T00:00:00.000Z', skipped: [] };

let folder = '';
let files: DecodedFile[] = [];
let built: BuiltPictures;

/** Pictures of two labels, in a folder for each. */
async function draw(): Promise<void> {
  for (let i = 0; i < 24; i++) {
    const path = join(folder, 'pictures', i % 2 === 0 ? 'red' : 'blue', `${i}.png`);
    await mkdir(dirname(path), { recursive: true });
    const background = i % 2 === 0 ? { r: 250 - 4 * i, g: 3 * i, b: 20 } : { r: 20, g: 5 * i, b: 250 - 4 * i };
    const spot = { create: { width: 8, height: 8 + i, channels: 3, background: { r: 9 * i, g: 255, b: 0 } } } as const;
    await sharp({ create: { width: 40, height: 40, channels: 3, background } })
      .composite([{ input: await sharp(spot).png().toBuffer(), left: i, top: 2 }])
      .png()
      .toFile(path);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-browser-build-'));
  await draw();
  const { pictures } = await openFolder(join(folder, 'pictures'));
  files = await Promise.all(
    pictures.map(async ({ path, labels, read }) => {
      const bytes = await read();
      const { picture, thumbnail } = await readPicture(bytes, { ...config.pictures, name: path });
      return { path, labels, pixels: picture.pixels, thumbnail, ...(await digestOfBytes(bytes)) };
    }),
  );
  const runtime = nodeRuntime({ threads: 1 });
  const machine = browserMachine;
  // In another order than that of their paths, which is what counts.
  const given = [...files].reverse();
  built = await buildPictures(given, { config, seed: 3, source: 'shapes', runtime, machine, reporter: silentReporter });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('pictures that are indexed in memory', () => {
  it('get the names and the network that `neurodex index` gives them', async () => {
    const index = join(folder, 'node.index');
    await createIndex({
      dataset: await openFolder(join(folder, 'pictures')),
      out: index,
      config,
      seed: 3,
      systems: ['dsi'],
      force: false,
      device: 'cpu',
      reporter: silentReporter,
    });
    const opened = await openIndex(index, nodeRuntime({ threads: 1 }), silentReporter);
    try {
      const { store } = opened;
      expect(built.rows.map(({ path }) => path)).toEqual(store.rows.map(({ path }) => path));
      expect(built.rows.map(({ identifier }) => identifier)).toEqual(store.rows.map(({ identifier }) => identifier));
    } finally {
      await opened.close();
    }
  }, 120_000);

  it('become a folder that is sound, and that answers as they do in memory', async () => {
    const out = join(folder, 'written.index');
    await writeIndexFiles(built, FACTS, async (path, bytes) => {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), bytes);
    });
    expect((await readdir(out)).sort()).toEqual([
      'catalogue',
      'files.json',
      'index.json',
      'model.safetensors',
      'origin.json',
    ]);
    const verified = await verifyIndex({ index: out, without: [], reporter: silentReporter });
    expect([verified.rows, verified.unlisted]).toEqual([24, []]);
    const [ours, theirs] = [await readOrigin(out), await readOrigin(join(folder, 'node.index'))];
    expect(ours?.dataset.entries).toEqual(theirs?.dataset.entries);
    expect(ours?.dataset.sha256).toBe(theirs?.dataset.sha256);
    const opened = await openIndex(out, nodeRuntime({ threads: 1 }), silentReporter);
    try {
      const { store } = opened;
      expect(store.rows.map(({ identifier }) => identifier)).toEqual(built.rows.map(({ identifier }) => identifier));
      expect(store.hasClasses).toBe(true);
      for (const [row, file] of built.files.entries())
        expect(store.pixels.subarray(row * 768, (row + 1) * 768)).toEqual(file.pixels);
      expect((await store.thumbnail(0)).size).toBe(24);
    } finally {
      await opened.close();
    }
  }, 120_000);

  it('become the description and the model that a page searches with', () => {
    const { description, model } = siteFiles(built, FACTS);
    expect(description.model.bytes).toBe(model.length);
    expect(description.pictures.map(({ name }) => name)).toEqual(built.rows.map(({ path }) => path));
    expect(description.geometry).toEqual(built.model.geometry);
  });

  it('are refused where there is none, or one', async () => {
    const runtime = nodeRuntime({ threads: 1 });
    for (const given of [[], files.slice(0, 1)]) {
      const work = buildPictures(given, {
        config,
        seed: 3,
        source: 'shapes',
        runtime,
        machine: nodeMachine,
        reporter: silentReporter,
      });
      await expect(work).rejects.toMatchObject({ code: 'source-unusable' });
    }
  });

  it('may be two, or one picture twice, and are warned of in the words of `neurodex index`', async () => {
    const [first, second, third] = files;
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are pictures');
    const build = async (given: readonly DecodedFile[]) => {
      const warnings: string[] = [];
      const { rows } = await buildPictures(given, {
        config,
        seed: 3,
        source: 'shapes',
        runtime: nodeRuntime({ threads: 1 }),
        machine: browserMachine,
        reporter: { ...silentReporter, warn: (message) => void warnings.push(message) },
      });
      return { warnings, identifiers: new Set(rows.map(({ identifier }) => identifier)).size };
    };
    expect(await build([first, { ...second, labels: ['other'] }])).toEqual({ warnings: [], identifiers: 2 });
    const twice = await build([{ ...first, path: 'x/b.png', labels: ['train'] }, first, third]);
    expect(twice.identifiers).toBe(3);
    expect(twice.warnings).toEqual([
      expect.stringMatching(
        /^a class is named like a split .*"train"; if classes lie below, choose the folder that holds them$/,
      ),
      `1 file shows a picture that another file shows (x/b.png is ${first.path})`,
      '1 of these pictures has copies with other labels',
    ]);
    const alone = await build(
      [first, { ...second, labels: first.labels }].map((file) => ({ ...file, labels: ['red'] })),
    );
    expect(alone.warnings).toEqual([expect.stringMatching(/^all pictures are of one class, "red": /)]);
    expect((await build([first, second].map((file) => ({ ...file, labels: [] })))).warnings).toEqual([]);
  }, 120_000);

  it('end when they are interrupted', async () => {
    const controller = new AbortController();
    const work = buildPictures(files, {
      config,
      seed: 3,
      source: 'shapes',
      runtime: nodeRuntime({ threads: 1 }),
      machine: browserMachine,
      reporter: { ...silentReporter, progress: ({ done }) => done === 3 && controller.abort() },
      signal: controller.signal,
    });
    await expect(work).rejects.toMatchObject({ code: 'interrupted' });
  });
});

it('files in memory have the digests of files on a disk', async () => {
  expect(CHUNK_BYTES).toBe(NODE_CHUNK_BYTES);
  for (const length of [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 5]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) % 251);
    const hasher = new FileHasher();
    hasher.update(bytes);
    const file = new MemoryFile();
    await file.append(bytes.subarray(0, length >> 1));
    await file.append(bytes.subarray(length >> 1));
    expect(await file.finish()).toEqual(hasher.digest());
  }
});
