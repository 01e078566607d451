import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reseal } from '../artifact/reseal.fixture.ts';
import type { Config } from '../config.ts';
import { leavesByRow } from '../dsi/graphs/search-export.ts';
import { describeEncoder } from '../export/describe-encoder.ts';
import { describeExport } from '../export/description.ts';
import { storeModel } from '../export/models.ts';
import { expectSame } from '../export/searched.fixture.ts';
import type { SiteDescription } from '../export/site.ts';
import { writeWeb } from '../export/web-folder.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import { PRESETS } from '../presets/presets.ts';
import { openIndex } from '../systems/open-index.ts';
import { createIndex } from './create-index.ts';
import { type ExportOptions, exportIndex } from './export-index.ts';
import { SMALL_WRITE } from './written-indexes.fixture.ts';

const HUB = new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url).pathname;
const encoder = { ...PRESETS.quick.encoder, file: HUB, output: 'last_hidden_state', size: 16 };
const pictures = { size: 16, thumbnail: 32 };
const split = { retrievalFraction: 0.6, validationFraction: 0.2, testFraction: 0.4 };
/** A network that decodes tokens, and one with a memory. */
const NETWORKS: Readonly<Record<'decoding' | 'remembering', Config>> = {
  decoding: {
    ...PRESETS.quick,
    pictures: { ...PRESETS.quick.pictures, ...pictures },
    split,
    model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48 },
    training: { ...PRESETS.quick.training, batchSize: 8, indexingEpochs: 4 },
    encoder,
  },
  remembering: { ...SMALL_WRITE, split, retrieval: { exactUpTo: 100, beam: 4 }, encoder },
};
const K = 5;

let root = '';
const at = (name: string) => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-export-encoder-'));
  for (const [c, fill] of ['#d33', '#3a3', '#33d'].entries()) {
    await mkdir(join(root, 'shapes', `class ${c}`), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><circle cx="${8 + i}" cy="${9 + (i % 5)}" r="7" fill="${fill}"/></svg>`;
      await writeFile(
        join(root, 'shapes', `class ${c}`, `${i}.png`),
        await sharp(Buffer.from(svg)).flatten().png().toBuffer(),
      );
    }
  }
  const dataset = await openFolder(at('shapes'));
  const settings = { systems: ['dsi'], seed: 1, force: false, device: 'cpu', reporter: silentReporter } as const;
  for (const [name, config] of Object.entries(NETWORKS))
    await createIndex({ dataset, out: at(name), config, ...settings });
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

const exporting = (name: string, out: ExportOptions['out'], more: Partial<ExportOptions> = {}) =>
  exportIndex({
    index: at(name),
    out,
    precision: 'float32',
    k: K,
    withEncoder: true,
    force: false,
    device: 'cpu',
    reporter: silentReporter,
    ...more,
  });
const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

/** A copy of an index that says where its encoder is from. */
async function publishedAs(name: string): Promise<string> {
  const copy = `as ${name}`;
  await cp(at('decoding'), at(copy), { recursive: true });
  const manifest = await json(join(at(copy), 'index.json'));
  manifest.encoder.published = {
    name,
    source: 'somebody/model',
    revision: '0123456789ab',
    licence: 'Apache-2.0',
    url: 'https://example.org/LICENSE',
  };
  await writeFile(join(at(copy), 'index.json'), JSON.stringify(manifest));
  reseal(at(copy));
  return copy;
}

describe('exporting a network behind an image encoder', () => {
  it('holds the encoder of the index, and says how it is fed and read', async () => {
    const warn = vi.fn();
    const out = at('onnx');
    const summary = await exporting('decoding', { onnx: out }, { reporter: { ...silentReporter, warn } });
    expect(summary.encoder).toEqual({ name: null, licence: null, bytes: (await readFile(HUB)).length });
    expect(warn.mock.calls).toEqual([[expect.stringContaining('licence is not known')]]);
    expect((await readdir(out)).sort()).toEqual([
      ...['README.md', 'decoder_model.onnx', 'description.json', 'encoder_model.onnx', 'export.json'],
      ...['image_encoder.onnx', 'image_encoder.py', 'pictures.py', 'search.onnx', 'search.py'],
    ]);
    const file = await readFile(HUB);
    expect(await readFile(join(out, 'image_encoder.onnx'))).toEqual(file);
    const description = await json(join(out, 'description.json'));
    expect(description.preprocessing).toBeUndefined();
    expect(description.encoder).toEqual({
      file: 'image_encoder.onnx',
      bytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
      input: { name: 'pixel_values', dtype: 'float32', layout: 'channels-first', batch: null, size: 16 },
      output: { name: 'last_hidden_state', tokens: 17, channels: 6 },
      preprocessing: null,
      square: { thumbnail: null, mean: [0, 0, 0], std: [1, 1, 1] },
      origin: null,
    });
    const readme = await readFile(join(out, 'README.md'), 'utf8');
    expect(readme).toContain(
      '| `image_encoder.onnx` | `pixel_values`: float32 [batch, 3, 16, 16] | `last_hidden_state`: float32 [batch, 17, 6] |',
    );
    expect(readme).toContain('`embeddings`: float32 [batch, 17, 6]');
    expect(readme).toContain('licence is not known');
    expect(readme).not.toContain('A picture of 16');
  });

  it.each(['decoding', 'remembering'])('answers embeddings as the index does: %s', async (name) => {
    const out = at(`searched ${name}`);
    await exporting(name, { onnx: out });
    const runtime = nodeRuntime({ threads: 1 });
    const index = await openIndex(at(name), runtime);
    const queries = index.store.queries('test').map(({ row }) => storedQuery(index.store, row));
    const backbone = await index.backbone();
    const embeddings = (await backbone?.embed(queries)) ?? new Float32Array();
    const want = await (await index.system('dsi')).rank(queries, K);
    const batch = queries.length;
    const session = await runtime.load({
      bytes: await readFile(join(out, 'search.onnx')),
      inputs: [{ name: 'embeddings', dtype: 'float32', shape: [batch, 17, 6] }],
      outputs: [
        { name: 'answers', dtype: 'int32', shape: [batch, K] },
        { name: 'scores', dtype: 'float32', shape: [batch, K] },
      ],
    });
    const { answers, scores } = await session.run({ embeddings });
    const trie = index.trie();
    const leaves = leavesByRow(trie);
    for (const [query, list] of want.entries()) {
      const have = list.map((_, i) => ({
        row: trie.row(leaves[Number(answers?.[query * K + i])] ?? NaN) ?? NaN,
        score: Number(scores?.[query * K + i]),
      }));
      expectSame(have, list);
    }
    expect(batch).toBeGreaterThan(3);
    await session.release();
    await index.close();
  });

  it('measures what fewer bits cost behind the encoder, which keeps its own', async () => {
    const out = at('int8');
    const { measured } = await exporting('remembering', { onnx: out }, { precision: 'int8' });
    expect(measured?.queries).toBeGreaterThan(0);
    expect(await readFile(join(out, 'image_encoder.onnx'))).toEqual(await readFile(HUB));
  });

  it('says that words are left out, where the index finds pictures by words', async () => {
    const saying = async (name: string) => {
      const out = at(`words ${name}`);
      await exporting(name, { onnx: out });
      const { omitsWords } = await json(join(out, 'description.json'));
      return [omitsWords, (await readFile(join(out, 'README.md'), 'utf8')).includes('also finds pictures by words')];
    };
    expect((await json(join(at('remembering'), 'index.json'))).text).toBeDefined();
    expect(await saying('remembering')).toEqual([true, true]);
    expect(await saying('decoding')).toEqual([false, false]);
  });

  it.each([
    ['dinov2-small', 'Apache-2.0', 'Version 2.0, January 2004'],
    ['clip-vit-b32', 'MIT', 'MIT License\n\nCopyright (c) 2021 OpenAI\n\nPermission is hereby granted'],
    ['efficientnet-lite0', 'Apache-2.0', 'limitations under the License.'],
  ])('says that the encoder is %s, with the text of its licence', async (name, licence, text) => {
    const warn = vi.fn();
    const out = at(`licensed ${name}`);
    await exporting(await publishedAs(name), { onnx: out }, { reporter: { ...silentReporter, warn } });
    expect(warn).not.toHaveBeenCalled();
    expect((await json(join(out, 'description.json'))).encoder.origin).toMatchObject({
      name,
      source: 'somebody/model',
      revision: '0123456789ab',
      licence: { name: licence },
    });
    expect(await readFile(join(out, 'image_encoder.LICENSE.txt'), 'utf8')).toContain(text);
    const readme = await readFile(join(out, 'README.md'), 'utf8');
    expect(readme).toContain(`It is ${name}, from somebody/model`);
    expect(readme).toContain(`Licence: ${licence}, https://`);
    expect(readme.includes('written as ONNX')).toBe(name === 'efficientnet-lite0');
    const listed = (await json(join(out, 'export.json'))).files.map(({ file }: { file: string }) => file);
    expect(listed).toEqual(expect.arrayContaining(['image_encoder.onnx', 'image_encoder.LICENSE.txt']));
  });

  describe('as a static site', () => {
    /** The files of a site whose page is made up. */
    async function site(more: { readonly mostEmbeddings?: number } = {}) {
      const pages = at('pages');
      await mkdir(join(pages, '.vite'), { recursive: true });
      await mkdir(join(pages, 'assets'), { recursive: true });
      for (const file of ['static.html', 'icon.svg', 'theme.js', 'assets/static.js'])
        await writeFile(join(pages, file), file);
      await writeFile(
        join(pages, '.vite', 'manifest.json'),
        JSON.stringify({ 'static.html': { file: 'assets/static.js' } }),
      );
      const index = await openIndex(at('decoding'), nodeRuntime({ threads: 1 }));
      const stored = storeModel(await index.network(), 'float32');
      const precision = { weights: 'float32', measured: null } as const;
      const description = describeExport(index, stored.model.geometry, precision, await describeEncoder(index));
      const files = new Map<string, Buffer>();
      const write = async (file: string, content: string | Uint8Array) => void files.set(file, Buffer.from(content));
      const imageEncoder = await index.encoderFile();
      await writeWeb(write, { index, stored, description, imageEncoder, reporter: silentReporter, pages, ...more });
      const { embeddings } = index.store;
      const made = (row: number) => embeddings?.read(row);
      const described = JSON.parse(String(files.get('description.json'))) as SiteDescription;
      return { files, described, made, close: () => index.close() };
    }

    it('holds the encoder and the embeddings of its pictures, and no pixels', async () => {
      const { files, described, made, close } = await site();
      expect(files.get('image_encoder.onnx')).toEqual(await readFile(HUB));
      expect(described.storesEmbeddings).toBe(true);
      expect(described.encoder?.output).toEqual({ name: 'last_hidden_state', tokens: 17, channels: 6 });
      expect(described.pictures.length).toBeGreaterThan(10);
      for (const { row } of described.pictures) {
        const bytes = files.get(`embeddings/${row}.f32`) ?? Buffer.from('');
        expect(bytes).toHaveLength(17 * 6 * 4);
        expect(Float32Array.from({ length: 17 * 6 }, (_, i) => bytes.readFloatLE(4 * i))).toEqual(made(row));
        expect(files.has(`thumbnails/${row}.webp`)).toBe(true);
      }
      expect([...files.keys()].filter((file) => file.startsWith('pictures/'))).toEqual([]);
      expect(String(files.get('README.md'))).toContain('`embeddings/` has what it made of each picture');
      await close();
    });

    it('encodes thumbnails where embeddings would be too large', async () => {
      const { files, described, close } = await site({ mostEmbeddings: 1000 });
      expect(described.storesEmbeddings).toBe(false);
      expect([...files.keys()].filter((file) => /^(embeddings|pictures)\//.test(file))).toEqual([]);
      expect(String(files.get('README.md'))).toContain('by their thumbnails');
      await close();
    });
  });

  it('is refused where its licence, the form or who asks does not allow it, before anything is written', async () => {
    const mobile = await publishedAs('mobileclip-s0');
    for (const [name, out, more, message] of [
      ['decoding', 'onnx', { withEncoder: false }, 'which the export does not hold'],
      ['decoding', 'web', { withEncoder: false }, 'which the export does not hold'],
      ['decoding', 'triton', {}, '--triton cannot hold it'],
      [mobile, 'onnx', {}, 'does not let everyone pass it on'],
    ] as const) {
      const refused = exporting(name, { [out]: at('refused') }, more);
      await expect(refused).rejects.toMatchObject({
        code: 'encoder-unusable',
        message: expect.stringContaining(message),
        details: { folder: at(name) },
      });
      expect(await readdir(root)).not.toContain('refused');
    }
  });
});
