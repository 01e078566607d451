import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { partFile } from '../artifact/part-files.fixture.ts';
import { reseal } from '../artifact/reseal.fixture.ts';
import { parametersFrom } from '../build/initial-parameters.ts';
import { makeIndex } from '../server/served.fixture.ts';
import { openIndex } from '../systems/open-index.ts';
import { inspectIndex } from './inspect-index.ts';
import { measureIndex } from './report.ts';
import { searchIndex } from './search.ts';

/** That an index is the one that was made, and stays it while it is open. */
const ENCODER = new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url).pathname;
const quiet = { reporter: silentReporter, device: 'cpu' as const };

let root = '';
let sound = '';
let index = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-integrity-'));
  sound = await makeIndex(root, 'sound', {
    systems: ['dsi', 'pixels', 'encoder'],
    encoder: { file: ENCODER, preset: 'dinov2', size: 24 },
  });
}, 120_000);
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  index = join(root, 'copy');
  await rm(index, { recursive: true, force: true });
  await cp(sound, index, { recursive: true });
});

type Json = Record<string, never> & { [key: string]: unknown };
const edit = async (file: string, change: (value: Json) => unknown): Promise<void> => {
  const value = JSON.parse(await readFile(join(index, file), 'utf8')) as Json;
  change(value);
  await writeFile(join(index, file), JSON.stringify(value, null, 2));
};
const flip = async (file: string, at: number): Promise<void> => {
  const bytes = await readFile(join(index, file));
  bytes[at] = (bytes[at] as number) ^ 1;
  await writeFile(join(index, file), bytes);
};
const query = () => join(root, 'pictures of sound', 'class 1', '1-3.png');
const search = (system: 'dsi' | 'pixels' | 'encoder' = 'encoder') =>
  searchIndex({ index, files: [query()], k: 3, system, ...quiet });
const inspect = (verify = false) => inspectIndex({ index, verify, reporter: silentReporter });
const naming = (file: string, code = 'index-damaged') => ({
  code,
  message: expect.stringContaining(join(index, file)),
});

describe('the digest of an index', () => {
  it('is that of its description as canonical JSON, and every other digest is in that', async () => {
    const { digest, unlisted } = await inspect(true);
    expect(unlisted).toEqual([]);
    const manifest = JSON.parse(await readFile(join(index, 'index.json'), 'utf8')) as Json;
    expect(manifest.digest).toBe(digest);
    // RFC 8785, written anew: keys in the order of their UTF-16 units, no white space.
    const canonical = (value: unknown): string => {
      if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      const object = value as Json;
      return `{${Object.keys(object)
        .sort()
        .map((key) => `${JSON.stringify(key)}:${canonical(object[key])}`)
        .join()}}`;
    };
    const { digest: _, ...rest } = manifest;
    expect(createHash('sha256').update(canonical(rest)).digest('hex')).toBe(digest);
    for (const key of ['catalogue', 'model', 'encoder', 'log']) {
      const { file, bytes, sha256 } = manifest[key] as unknown as { file: string; bytes: number; sha256: string };
      const held = await readFile(join(index, file));
      expect([held.length, createHash('sha256').update(held).digest('hex')]).toEqual([bytes, sha256]);
    }
  });

  it('is that of the description, not of its white space', async () => {
    const before = await inspect();
    await edit('index.json', () => {});
    expect((await inspect(true)).digest).toBe(before.digest);
  });

  it('is asked for by whoever has opened it before', async () => {
    const { digest } = await inspect();
    const opened = await openIndex(index, nodeRuntime(), silentReporter, { digest });
    await opened.close();
    await expect(openIndex(index, nodeRuntime(), silentReporter, { digest: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'index-replaced',
      message: expect.stringContaining(index),
    });
  });
});

describe('an index that was edited is refused', () => {
  it('whichever key of index.json or catalogue.json was changed', async () => {
    await edit('index.json', ({ encoder }) => Object.assign(encoder as unknown as object, { mean: [0.9, 0, 0] }));
    for (const work of [() => search(), () => inspect(), () => inspect(true)])
      await expect(work()).rejects.toMatchObject(naming('index.json'));
    await cp(sound, index, { recursive: true });
    await edit('catalogue/catalogue.json', (catalogue) => Object.assign(catalogue, { hasClasses: false }));
    for (const work of [() => search('pixels'), () => inspect(), () => inspect(true)])
      await expect(work()).rejects.toMatchObject(naming('catalogue/catalogue.json'));
  });

  it('before what was changed is used, and by verify at once', async () => {
    const inIndex = (column: 'pixels' | 'embeddings'): string =>
      relative(index, partFile(join(index, 'catalogue'), column));
    const pixels = inIndex('pixels');
    await flip(pixels, 900);
    await expect(search('pixels')).rejects.toMatchObject(naming(pixels));
    await flip(inIndex('embeddings'), 3);
    await expect(measureIndex({ index, ...quiet })).rejects.toMatchObject({ code: 'index-damaged' });
    await flip('run.jsonl', 30);
    await expect(inspect(true)).rejects.toMatchObject({ code: 'index-damaged' });
  });

  it('where a file of its is missing, or of another length', async () => {
    await unlink(join(index, 'run.jsonl'));
    await expect(search()).rejects.toMatchObject(naming('run.jsonl', 'index-missing'));
    await writeFile(join(index, 'run.jsonl'), '');
    await expect(search()).rejects.toMatchObject(naming('run.jsonl'));
  });

  it.each(['files.json', 'origin.json'])('by verify where %s says something else, or is gone', async (name) => {
    await inspect(true);
    await edit(name, (description) => Object.assign(description, { neurodex: '9.9.9' }));
    await expect(inspect(true)).rejects.toMatchObject(naming(name));
    await unlink(join(index, name));
    await expect(inspect(true)).rejects.toMatchObject(naming(name, 'index-missing'));
  });

  it('also where another run begins with its parameters', async () => {
    await flip('model.safetensors', (await stat(join(index, 'model.safetensors'))).size - 3);
    const opened = await openIndex(sound, nodeRuntime());
    const { geometry } = (await opened.network()).model;
    await opened.close();
    await expect(parametersFrom(index, geometry, { seed: 1, reporter: silentReporter })).rejects.toMatchObject(
      naming('model.safetensors'),
    );
  });

  it('also with all its digests recomputed, where it contradicts itself', async () => {
    await cp(sound, index, { recursive: true });
    await edit('index.json', ({ encoder }) => Object.assign(encoder as unknown as object, { tokens: 2 ** 31 }));
    reseal(index);
    await expect(search('dsi')).rejects.toMatchObject(naming('.'));
    await expect(search('encoder')).rejects.toMatchObject(naming('catalogue'));
    for (const key of ['model', 'encoder']) {
      await cp(sound, index, { recursive: true });
      await edit('index.json', (manifest) => delete manifest[key]);
      reseal(index);
      await expect(search()).rejects.toMatchObject(naming('index.json'));
    }
  });

  it('in words that say so where it is of an older format', async () => {
    await edit('index.json', (manifest) => Object.assign(manifest, { version: 1 }));
    await expect(search()).rejects.toMatchObject({
      code: 'index-older',
      message: `${join(index, 'index.json')} has version 1; this Neurodex reads version 3`,
    });
  });

  it('and without a word of the validator where it is none', async () => {
    await writeFile(join(index, 'index.json'), '{"format":"something else","version":3}');
    const error = await inspect().catch((refusal) => refusal);
    expect(error.message).toBe(
      `${join(index, 'index.json')} does not describe an index: format is missing or has a value that it cannot have`,
    );
  });
});

it('a file that the manifest does not list is ignored and named', async () => {
  const before = await search();
  await writeFile(join(index, 'catalogue', 'part-0000000009-0123456789ab.parquet'), 'x');
  await writeFile(join(index, 'notes.txt'), 'x');
  expect(await search()).toEqual(before);
  expect((await inspect(true)).unlisted).toEqual(['catalogue/part-0000000009-0123456789ab.parquet', 'notes.txt']);
});

describe('an index that is replaced while it is open', () => {
  /** Another index takes the name, the old one is deleted. */
  const replace = async () => {
    const other = join(root, 'other');
    await rm(other, { recursive: true, force: true });
    await cp(other1, other, { recursive: true });
    await rename(index, join(root, 'gone'));
    await rename(other, index);
    await rm(join(root, 'gone'), { recursive: true });
  };
  let other1 = '';
  beforeAll(async () => {
    other1 = await makeIndex(root, 'other one', { systems: ['dsi', 'pixels'] });
  }, 120_000);

  it('stays the version that was opened: rows, thumbnails, pixels, model, encoder and log', async () => {
    const wanted = await openIndex(sound, nodeRuntime());
    const opened = await openIndex(index, nodeRuntime());
    await replace();
    try {
      expect(opened.manifest.digest).toBe(wanted.manifest.digest);
      for (const row of [0, 7, 35]) expect(await opened.store.png(row)).toEqual(await wanted.store.png(row));
      expect(Buffer.from(opened.store.pixels).equals(wanted.store.pixels)).toBe(true);
      expect((await opened.network()).model).toEqual((await wanted.network()).model);
      expect(await opened.log()).toBe(await wanted.log());
      expect((await opened.system('encoder')).name).toBe('encoder');
      expect((await openIndex(index, nodeRuntime())).manifest.digest).not.toBe(wanted.manifest.digest);
    } finally {
      await wanted.close();
      await opened.close();
    }
  });

  it('is measured by no other process as if it were the one that is served', async () => {
    const { digest } = await inspect();
    await replace();
    await expect(measureIndex({ index, digest, ...quiet })).rejects.toMatchObject({ code: 'index-replaced' });
  });
});
