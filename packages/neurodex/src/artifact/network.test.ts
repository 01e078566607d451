import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialParameters, Random } from '@neurodex/autograd';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { DsiModel } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { smallMemory } from '../dsi/search/small-memory.fixture.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import type { CatalogueManifest } from './catalogue-manifest.ts';
import { openArtifact } from './index-artifact.ts';
import { type IndexManifest, readIndexManifest } from './manifest.ts';
import { readModel, readNetwork } from './network.ts';
import { type SmallIndex, smallModel, writeSmallIndex } from './small-index.fixture.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-network-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const resized = (change: Partial<Geometry>): DsiModel => {
  const geometry = { ...smallModel().geometry, ...change };
  return { geometry, parameters: initialParameters(dsiParameters(geometry), Random.seeded(1)), prefixes: undefined };
};

/** Reads the network of an index, whose pictures may have embeddings. */
async function read(index: SmallIndex, embeddings?: Partial<EmbeddingFacts>, encoder?: Partial<EmbeddingFacts>) {
  await writeSmallIndex(folder, index);
  const { store, trie, files, close } = await openArtifact(folder);
  const listed = files.manifest.encoder;
  const manifest = { ...files.manifest, ...(listed === undefined ? {} : { encoder: { ...listed, ...encoder } }) };
  const like = {
    manifest,
    folder,
    read: (file: { readonly file: string }) => files.read(file),
    pathOf: (file: { readonly file: string }) => files.pathOf(file),
  };
  const pictures = embeddings === undefined ? store : { ...store, embeddings };
  try {
    return await readNetwork(like as unknown as typeof files, pictures as typeof store, trie());
  } finally {
    await close();
  }
}
const refused = async (what: string, ...args: Parameters<typeof read>) =>
  await expect(read(...args)).rejects.toMatchObject({
    code: 'index-damaged',
    message: `${join(folder, 'model.safetensors')} ${what}`,
  });

describe('the network of an index', () => {
  it('is the one in its file, with a row for each token', async () => {
    const model = smallModel();
    const { model: found, table } = await read({ model });
    expect(found).toEqual({ ...model, temperature: undefined });
    expect([table.size, table.trie.leafCount]).toEqual([13, 3]);
  });

  it('may have a row for each prefix behind which something is decided', async () => {
    const { table } = await read({ model: smallModel({ embedding: 'prefix' }) });
    // Padding, and the empty prefix: behind each digit stands only EOS.
    expect(table.size).toBe(2);
  });

  it('is missing where the index was made without', async () => {
    const index: SmallIndex = {
      describe: ({ model: _, ...rest }) => ({ ...rest, systems: ['pixels'] }),
    };
    await expect(read(index)).rejects.toMatchObject({
      code: 'system-missing',
      message: `${folder} was made without dsi; it has pixels`,
    });
    const manifest = await readIndexManifest(folder);
    await expect(readModel(folder, manifest)).rejects.toMatchObject({ code: 'system-missing' });
  });

  it.each<[string, Partial<Geometry>]>([
    ['pictures of another size', { imageSize: 24, sequenceLength: 9 }],
    ['longer identifiers', { maxIdentifierLength: 3 }],
    ['more rows', { embeddingRows: 14 }],
    ['more tokens', { vocabulary: 14, embeddingRows: 13 }],
    ['another token for padding', { pad: 10 }],
  ])('of %s belongs to another catalogue', async (_, change) => {
    await refused('belongs to another catalogue', { model: resized(change) });
  });

  it('whose prefixes are not those of the identifiers belongs to another catalogue', async () => {
    const model = smallModel({ embedding: 'prefix' });
    const prefixes = { parents: Int32Array.of(-1, -1), tokens: Int32Array.of(-1, 3) };
    await refused('belongs to another catalogue', { model: { ...model, prefixes } });
  });
});

describe('a network with a memory', () => {
  const small = smallMemory(3, { identifiers: ['0', '1', '2'] });
  const { width } = small.geometry;
  /** The catalogue pictures are in rows 0, 2 and 3; row 1 is a query, whose state is in no row of the memory. */
  const stateOf = (place: number): Float32Array => small.states.subarray(place * width, (place + 1) * width);
  const states = () =>
    Float32Array.from([...stateOf(0), ...Array<number>(width).fill(7), ...stateOf(1), ...stateOf(2)]);
  const written = (values: Float32Array, about: Partial<CatalogueManifest> = { states: { width } }): SmallIndex => ({
    model: small.model,
    states: values,
    about,
  });

  it('has the rows that follow from the states of its pictures, and the temperature of its file', async () => {
    const { model, table } = await read(written(states()));
    expect(model.memory?.temperature).toBe(small.temperature);
    expect(model.geometry).toEqual(small.geometry);
    expect(table.size).toBe(small.table.size);
    expect([...(model.memory?.rows ?? [])]).toEqual([...(small.model.memory?.rows ?? [])]);
    expect(model.prefixes).toEqual(table.stored);
  });

  it('whose file says other sizes has those of its catalogue', async () => {
    // An index to which pictures were added: longer identifiers, more rows.
    const geometry = { ...small.geometry, embeddingRows: 2, maxIdentifierLength: 9 };
    const { model } = await read({ ...written(states()), model: { ...small.model, geometry } });
    expect(model.geometry).toEqual(small.geometry);
  });

  it('that has no states, or those of another width, belongs to another catalogue', async () => {
    await refused('belongs to another catalogue', { model: small.model });
    const half = new Float32Array((4 * width) / 2).fill(0.5);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await refused('belongs to another catalogue', written(half, { states: { width: width / 2 } }));
  });

  it.each([NaN, Infinity, -Infinity])('of states with %d is refused', async (value) => {
    const values = states();
    values[3 * width + 1] = value;
    await refused('is of a catalogue whose states are not finite', written(values));
  });
});

describe('a network that reads embeddings', () => {
  const model = () => resized({ input: 'embeddings', channels: 6, sequenceLength: 1 });
  const own = { tokens: 1, channels: 6 };

  it('has an encoder of its sizes in front of it, and pictures that it embedded', async () => {
    expect((await read({ model: model() }, own)).model.geometry.channels).toBe(6);
  });

  it.each<[string, Partial<EmbeddingFacts> | undefined, Partial<EmbeddingFacts>]>([
    ['nothing is stored of its pictures', undefined, own],
    ['other tokens are stored', { ...own, tokens: 2 }, own],
    ['other channels are stored', { ...own, channels: 5 }, own],
    ['its encoder gives other tokens', own, { tokens: 2 }],
    ['its encoder gives other channels', own, { channels: 5 }],
  ])('was trained behind another one, where %s', async (_, stored, encoder) => {
    await refused('was trained behind another encoder', { model: model() }, stored, encoder);
  });

  it('was trained behind another one, where the index has none', async () => {
    const index: SmallIndex = {
      model: model(),
      describe: ({ encoder: _, ...rest }) => ({ ...rest, systems: ['dsi'] }),
    };
    await refused('was trained behind another encoder', index, own);
  });
});

it('the model is read without its catalogue', async () => {
  const model = smallModel();
  await writeSmallIndex(folder, { model });
  const manifest = await readIndexManifest(folder);
  expect(await readModel(folder, manifest)).toEqual({ ...model, temperature: undefined });
  const listed = manifest.model ?? expect.unreachable();
  const other: IndexManifest = { ...manifest, model: { ...listed, sha256: 'a1'.repeat(32) } };
  await expect(readModel(folder, other)).rejects.toMatchObject({
    code: 'index-damaged',
    message: expect.stringContaining(join(folder, 'model.safetensors')),
  });
});
