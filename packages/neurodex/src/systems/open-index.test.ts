import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AnyRow, digestOfBytes } from '../artifact/small-catalogue.fixture.ts';
import {
  ENCODER_ONNX,
  SIZE,
  type SmallIndex,
  sha256Of,
  THUMBNAIL,
  VOCABULARY,
  writeSmallIndex,
} from '../artifact/small-index.fixture.ts';
import type { PictureQuery } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import { ApproximateVectorSearch } from './approximate-search.ts';
import { type Index, openIndex } from './open-index.ts';

const runtime = nodeRuntime({ threads: 1 });
let folder = '';
let opened: Index[] = [];
let warnings: unknown[][] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-open-'));
  [opened, warnings] = [[], []];
});
afterEach(async () => {
  for (const index of opened) await index.close();
  rmSync(folder, { recursive: true });
});

const reporter: Reporter = { warn: (...about) => void warnings.push(about), info() {}, progress() {} };
async function open(index: SmallIndex = {}, options: Parameters<typeof openIndex>[3] = {}): Promise<Index> {
  await writeSmallIndex(folder, index);
  const found = await openIndex(folder, runtime, reporter, options);
  opened.push(found);
  return found;
}

/** Of one colour: it has no keypoint. */
const plain = (embedding?: PictureQuery['embedding']): PictureQuery => ({
  kind: 'picture',
  pixels: new Uint8Array(SIZE * SIZE * 3).fill(100),
  thumbnail: async () => ({ size: THUMBNAIL, pixels: new Uint8Array(THUMBNAIL * THUMBNAIL * 3).fill(100) }),
  ...(embedding === undefined ? {} : { embedding }),
});
/** What the encoder of the index made of it. */
const embedded = (...values: number[]): PictureQuery =>
  plain({ producer: sha256Of(ENCODER_ONNX), read: () => Float32Array.from(values) });
const rowsOf = async (index: Index, name: SystemName, query: PictureQuery, k = 3) =>
  (await (await index.system(name)).rank([query], k))[0]?.map(({ row }) => row);
const damaged = (path: string, what: string) => ({ code: 'index-damaged', message: `${join(folder, path)} ${what}` });

describe('an index that is opened', () => {
  it('makes each of its systems once', async () => {
    const index = await open();
    expect(index.systems).toEqual(['dsi', 'bovw', 'pixels', 'encoder']);
    for (const name of index.systems) {
      const system = await index.system(name);
      expect([system.name, system.memorises]).toEqual([name, name === 'dsi']);
      expect(await index.system(name)).toBe(system);
    }
  });

  it('has no system that it was made without', async () => {
    const index = await open({ describe: (each) => ({ ...each, systems: ['pixels'] }) });
    await expect(index.system('bovw')).rejects.toMatchObject({
      code: 'system-missing',
      message: `${folder} was made without bovw; it has pixels`,
    });
  });

  it('must be the version that was opened before', async () => {
    await open();
    await expect(openIndex(folder, runtime, reporter, { digest: 'x' })).rejects.toMatchObject({
      code: 'index-replaced',
    });
  });

  it('refuses queries that a system does not take, and scores that are no numbers', async () => {
    const index = await open();
    const system = await index.system('encoder');
    const sound = { ...plain(), kind: 'sound' } as unknown as PictureQuery;
    await expect(system.rank([sound], 1)).rejects.toMatchObject({ code: 'query-unsupported' });
    await expect(
      system.rank([embedded(1, 0, 0, 0, 0, 0), embedded(Number.NaN, 0, 0, 0, 0, 0)], 1),
    ).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${folder} gives scores that are not numbers: what encoder is made of is damaged`,
    });
    expect(await system.rank([], 1)).toEqual([]);
  });

  it('refuses them also where some of the scores are numbers', async () => {
    // The last picture has no direction: its score is that of nothing.
    const rows = (all: AnyRow[]) =>
      all.map((row, i) => (i === 3 ? { ...row, vectors: { encoder: new Float32Array(6) } } : row));
    const system = await (await open({ columns: ['encoder'], rows })).system('encoder');
    expect((await system.rank([embedded(1, 0, 0, 0, 0, 0)], 3))[0]?.at(-1)).toEqual({ row: 3, score: -1 });
    await expect(system.rank([embedded(Number.NaN, 0, 0, 0, 0, 0)], 3)).rejects.toMatchObject({
      code: 'index-damaged',
    });
  });

  it('gives what its network reads of a query', async () => {
    const index = await open();
    const input = await index.input(plain());
    expect(input).toHaveLength(SIZE * SIZE * 3);
    for (const value of input) expect(Number(value)).toBe(100);
  });

  it('is closed though a system could not be made', async () => {
    const index = await open({ vectors: { encoder: { length: 6, producer: 'a1'.repeat(32) } } });
    await index.system('pixels');
    await expect(index.system('encoder')).rejects.toMatchObject({ code: 'index-damaged' });
    await index.close();
    // What was held open is not any more.
    rmSync(join(folder, 'catalogue', 'part-0.parquet'));
    await expect(index.store.png(0)).rejects.toMatchObject({ code: 'index-missing' });
    // Closing it again, as the end of this test does, is no mistake.
  });
});

describe('dsi', () => {
  it('ranks the catalogue by the network, each picture once', async () => {
    const [answers = []] = await (await (await open()).system('dsi')).rank([plain()], 3);
    expect(answers.map(({ row }) => row).sort()).toEqual([0, 2, 3]);
    const total = answers.reduce((sum, { score }) => sum + Math.exp(score), 0);
    expect(total).toBeCloseTo(1, 4);
  });

  it('searches with the configured beam, and batches queries in the given sizes', async () => {
    const narrow: SmallIndex = {
      describe: (each) => ({ ...each, config: { ...each.config, retrieval: { exactUpTo: 0, beam: 100 } } }),
    };
    const index = await open(narrow, { batches: [2] });
    const [one = [], two = []] = await (await index.system('dsi')).rank([plain(), plain()], 3);
    expect(one.map(({ row }) => row).sort()).toEqual([0, 2, 3]);
    expect(two.map(({ row }) => row)).toEqual(one.map(({ row }) => row));
  });
});

describe('bovw', () => {
  it('ranks by the histograms of the catalogue, and says when a query has no keypoint', async () => {
    const index = await open();
    expect(await rowsOf(index, 'bovw', plain())).toEqual([0, 2, 3]);
    expect(warnings).toEqual([
      ['a query has no keypoint: bovw cannot tell the catalogue pictures apart for it', { queries: 1 }],
    ]);
    await (await index.system('bovw')).rank([plain(), plain()], 1);
    expect(warnings[1]).toEqual([
      '2 queries have no keypoint: bovw cannot tell the catalogue pictures apart for them',
      { queries: 2 },
    ]);
  });

  it('counts words alike where its configuration does not say how', async () => {
    const index = await open({
      describe: ({ config: { bovw: _, ...config }, ...rest }) => ({ ...rest, config }),
    });
    expect(await rowsOf(index, 'bovw', plain())).toEqual([0, 2, 3]);
  });

  it('counts words as its configuration says', async () => {
    // A word that is in every picture says nothing: of the first one nothing is left.
    const histograms = [[1, 0, 0], [], [1, 1, 0], [1, 0, 1]];
    const rows = (all: AnyRow[]) =>
      all.map((row, i) => (i === 1 ? row : { ...row, vectors: { bovw: Float32Array.from(histograms[i] ?? []) } }));
    const index = await open({
      columns: ['bovw'],
      rows,
      describe: (each) => ({ ...each, config: { ...each.config, bovw: { weighting: 'tfidf' } } }),
    });
    expect(await rowsOf(index, 'bovw', plain())).toEqual([2, 3, 0]);
  });

  const vocabulary = 'is of another run: the histograms of the catalogue were made with another vocabulary';
  it.each<[string, string, SmallIndex]>([
    ['', 'does not hold the bag of visual words it lists', { columns: ['encoder'] }],
    [
      'vocabulary.safetensors',
      vocabulary,
      {
        vectors: { bovw: { length: 4, producer: sha256Of(VOCABULARY) } },
        columns: ['bovw'],
        rows: (rows) => rows.map((row, i) => (i === 1 ? row : { ...row, vectors: { bovw: new Float32Array(4) } })),
      },
    ],
    ['vocabulary.safetensors', vocabulary, { vectors: { bovw: { length: 3, producer: 'a1'.repeat(32) } } }],
    [
      'catalogue',
      'does not have one histogram for each catalogue picture',
      { rows: (rows) => rows.map((row, i) => (i === 3 ? { ...row, vectors: {} } : row)) },
    ],
  ])('of another index is refused: %s %s', async (file, what, index) => {
    const small = await open(index);
    await expect(small.system('bovw')).rejects.toMatchObject(damaged(file, what));
  });

  it('searches the graph of its neighbours, where it lists one', async () => {
    const unit = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const path = join(folder, 'bovw.usearch');
    (await ApproximateVectorSearch.build(unit, 3)).save(path);
    const { bytes, sha256 } = digestOfBytes(await readFile(path));
    const neighbours = { file: 'bovw.usearch' as const, bytes, sha256 };
    const index = await open({
      describe: (each) => ({ ...each, ...(each.bovw === undefined ? {} : { bovw: { ...each.bovw, neighbours } }) }),
    });
    expect(await rowsOf(index, 'bovw', plain())).toEqual([0, 2, 3]);
    await writeFile(path, 'no graph');
    const broken = digestOfBytes(new TextEncoder().encode('no graph'));
    rmSync(join(folder, 'catalogue'), { recursive: true });
    const again = await open({
      describe: (each) => ({
        ...each,
        ...(each.bovw === undefined
          ? {}
          : { bovw: { ...each.bovw, neighbours: { ...neighbours, bytes: broken.bytes, sha256: broken.sha256 } } }),
      }),
    });
    await expect(again.system('bovw')).rejects.toMatchObject(
      damaged('bovw.usearch', 'is no graph over the histograms of this index: it is cut off'),
    );
  });
});

describe('pixels', () => {
  it('ranks by the pixels that are stored', async () => {
    const index = await open();
    const own = { ...plain(), pixels: index.store.pixels.slice(2 * SIZE * SIZE * 3, 3 * SIZE * SIZE * 3) };
    const [best] = (await (await index.system('pixels')).rank([own], 1))[0] ?? [];
    expect(best?.score).toBeCloseTo(1, 5);
  });
});

describe('encoder', () => {
  it('ranks by the embeddings of the catalogue', async () => {
    const index = await open();
    expect(await rowsOf(index, 'encoder', embedded(1, 2, 3, 0, 0, 0))).toEqual([3, 2, 0]);
    expect(await rowsOf(index, 'encoder', embedded(3, 1, 2, 0, 0, 0), 2)).toEqual([0, 3]);
    expect(await rowsOf(index, 'encoder', plain())).toHaveLength(3);
  });

  const another = 'is of another run: the catalogue was embedded by another encoder than the one beside it';
  it('of another index is refused', async () => {
    const producer = 'a1'.repeat(32);
    const index = await open({ vectors: { encoder: { length: 6, producer } } });
    await expect(index.system('encoder')).rejects.toMatchObject(damaged('catalogue', another));
  });

  it('without an embedding of each picture is refused', async () => {
    const index = await open({ rows: (rows) => rows.map((row, i) => (i === 3 ? { ...row, vectors: {} } : row)) });
    await expect(index.system('encoder')).rejects.toMatchObject(
      damaged('catalogue', 'does not have one embedding for each catalogue picture'),
    );
    const without = await mkdtempIndex({ columns: ['bovw'] });
    await expect(without.index.system('encoder')).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${join(without.at, 'catalogue')} does not have one embedding for each catalogue picture`,
    });
  });

  /** Embeddings of four rows beside the catalogue. */
  const embeddings = (change: { tokens?: number; channels?: number; encoder?: string }) => {
    const facts = { tokens: 1, channels: 6, views: 0, encoder: sha256Of(ENCODER_ONNX), ...change };
    const embeddings = new Float32Array(4 * facts.tokens * facts.channels);
    return { embeddings, about: { embeddings: facts } };
  };

  const shape = 'does not have embeddings of as many tokens and channels as the index lists for its encoder';
  it.each<[Parameters<typeof embeddings>[0], string, string]>([
    [{ encoder: 'a1'.repeat(32) }, 'encoder.onnx', another],
    [{ tokens: 2 }, 'catalogue', shape],
    [{ channels: 5 }, 'catalogue', shape],
  ])('that did not make the embeddings is refused: %j', async (change, file, what) => {
    const index = await open(embeddings(change));
    await expect(index.system('encoder')).rejects.toMatchObject(damaged(file, what));
  });

  it('that made the embeddings is taken', async () => {
    const index = await open(embeddings({}));
    expect(await rowsOf(index, 'encoder', embedded(1, 2, 3, 0, 0, 0))).toEqual([3, 2, 0]);
  });

  async function mkdtempIndex(index: SmallIndex): Promise<{ at: string; index: Index }> {
    const at = join(folder, 'other');
    await writeSmallIndex(at, index);
    const found = await openIndex(at, runtime, reporter);
    opened.push(found);
    return { at, index: found };
  }
});
