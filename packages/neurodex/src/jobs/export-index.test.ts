import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { PRECISIONS, type Precision } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Relevance } from '../artifact/relevance-file.ts';
import { reseal } from '../artifact/reseal.fixture.ts';
import type { Config } from '../config.ts';
import { readParameters } from '../dsi/model/read-parameters.ts';
import { describeExport } from '../export/description.ts';
import { storeModel } from '../export/models.ts';
import { siteRelevance } from '../export/site-relevance.ts';
import { writeWeb } from '../export/web-folder.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { PRESETS } from '../presets/presets.ts';
import { unpackNone } from '../relevance/packed-none.ts';
import { openIndex } from '../systems/open-index.ts';
import { createIndex } from './create-index.ts';
import { type ExportOptions, exportIndex } from './export-index.ts';
import { writeReport } from './report.ts';

const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.6, validationFraction: 0.2, testFraction: 0.4 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48 },
  training: { ...PRESETS.quick.training, batchSize: 8, indexingEpochs: 4 },
};
const COLOURS = ['#d33', '#3a3', '#33d'];

let root = '';
let index = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-export-'));
  for (const [c, fill] of COLOURS.entries()) {
    const folder = join(root, 'shapes', `class ${c}`);
    await mkdir(folder, { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><circle cx="${8 + i}" cy="${9 + (i % 5)}" r="7" fill="${fill}"/></svg>`;
      await writeFile(join(folder, `${i}.png`), await sharp(Buffer.from(svg)).flatten().png().toBuffer());
    }
  }
  index = join(root, 'shapes.index');
  await createIndex({
    dataset: await openFolder(join(root, 'shapes')),
    out: index,
    config,
    systems: ['dsi', 'pixels'],
    seed: 1,
    force: false,
    device: 'cpu',
    reporter: silentReporter,
  });
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

const exporting = (out: ExportOptions['out'], more: Partial<ExportOptions> = {}) =>
  exportIndex({
    index,
    out,
    precision: 'float32',
    k: 100,
    force: false,
    device: 'cpu',
    reporter: silentReporter,
    ...more,
  });
const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

describe('exporting an index', () => {
  it('writes models, names and a program; export.json lists every other file with its digest', async () => {
    const out = join(root, 'onnx');
    const { exports, measured } = await exporting({ onnx: out });
    expect(measured).toBeNull();
    const files = [
      'README.md',
      'decoder_model.onnx',
      'description.json',
      'encoder_model.onnx',
      'export.json',
      'pictures.py',
      'search.onnx',
      'search.py',
    ];
    expect((await readdir(out)).sort()).toEqual(files);
    const facts = await json(join(out, 'export.json'));
    expect(facts).toMatchObject({ kind: 'onnx', index: { name: 'shapes.index' }, precision: { weights: 'float32' } });
    expect(facts.files.map(({ file }: { file: string }) => file).sort()).toEqual(
      files.filter((file) => file !== 'export.json'),
    );
    for (const { file, bytes, sha256 } of facts.files) {
      const content = await readFile(join(out, file));
      expect([file, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([file, bytes, sha256]);
    }
    expect(exports[0]?.files).toEqual(facts.files.map(({ file, bytes }: Record<string, unknown>) => ({ file, bytes })));
  });

  it('names pictures in the order of their rows, and spells their identifiers in the trie', async () => {
    const { store, trie, close } = await openIndex(index, nodeRuntime());
    await close();
    const description = await json(join(root, 'onnx', 'description.json'));
    const catalogued = store.rows.filter(({ role }) => role === 'catalogue');
    expect(description.pictures).toEqual(
      catalogued.map(({ identifier, path, labels }) => ({ identifier, name: path, labels })),
    );
    const { tokens, parents, pictures } = description.trie;
    expect(tokens).toHaveLength(trie().nodeCount);
    const spelled = (node: number): string => (node === 0 ? '' : spelled(parents[node]) + tokens[node]);
    for (const [node, position] of pictures.entries()) {
      if (position >= 0) expect(spelled(parents[node])).toBe(description.pictures[position].identifier);
    }
    expect(pictures.filter((position: number) => position >= 0).sort((a: number, b: number) => a - b)).toEqual(
      catalogued.map((_, i) => i),
    );
    expect(description.search).toEqual({ exhaustive: true, beam: config.retrieval.beam });
  });

  it('measures what fewer bits cost, on the test queries, and says so in the export', async () => {
    for (const precision of ['float16', 'int8'] as const) {
      const out = join(root, precision);
      const { measured } = await exporting({ onnx: out }, { precision });
      expect(measured).toMatchObject({ measure: 'AP@10', split: 'test' });
      expect(measured?.queries).toBeGreaterThan(0);
      expect(measured?.loss).toBe((measured?.original ?? 0) - (measured?.exported ?? 0));
      expect((await json(join(out, 'description.json'))).precision).toEqual({ weights: precision, measured });
      expect(await readFile(join(out, 'README.md'), 'utf8')).toContain(`AP@10 is ${measured?.exported.toFixed(4)}`);
      const half = await readFile(join(out, 'encoder_model.onnx'));
      expect(half.length).toBeLessThan((await readFile(join(root, 'onnx', 'encoder_model.onnx'))).length * 0.7);
    }
  });

  it('writes a model repository whose answers are no more than asked for', async () => {
    const out = join(root, 'triton');
    await exporting({ triton: out }, { k: 5 });
    expect((await readdir(out)).sort()).toEqual([
      'README.md',
      'client.py',
      'description.json',
      'export.json',
      'neurodex',
      'pictures.py',
    ]);
    const settings = await readFile(join(out, 'neurodex', 'config.pbtxt'), 'utf8');
    expect(settings).toContain('name: "answers", data_type: TYPE_INT32, dims: [ 5 ]');
    expect(settings).toContain('dims: [ 16, 16, 3 ]');
    expect(settings).toMatch(/dynamic_batching \{[^}]+max_queue_delay_microseconds: \d+/);
  });

  it('replaces an export with --force, and nothing else', async () => {
    const out = join(root, 'again');
    await exporting({ onnx: out });
    await expect(exporting({ onnx: out })).rejects.toMatchObject({ code: 'output-exists' });
    await exporting({ onnx: out }, { force: true });
    for (const mine of ['CNAME', '.git/HEAD', 'models/own.onnx']) {
      await mkdir(dirname(join(out, mine)), { recursive: true });
      await writeFile(join(out, mine), 'mine');
      await expect(exporting({ onnx: out }, { force: true })).rejects.toMatchObject({
        code: 'output-exists',
        message: expect.stringContaining('which Neurodex did not write'),
      });
      expect(await readFile(join(out, mine), 'utf8')).toBe('mine');
      await rm(join(out, mine.split('/')[0] ?? ''), { recursive: true });
    }
    // A list that leads out of the folder is none.
    const listed = JSON.parse(await readFile(join(out, 'export.json'), 'utf8')) as object;
    await writeFile(join(out, 'export.json'), JSON.stringify({ ...listed, files: [{ file: '../mine.txt' }] }));
    await expect(exporting({ onnx: out }, { force: true })).rejects.toMatchObject({ code: 'output-exists' });
    const mine = join(root, 'mine');
    await mkdir(mine);
    await writeFile(join(mine, 'description.json'), '{}');
    await expect(exporting({ onnx: mine }, { force: true })).rejects.toMatchObject({ code: 'output-exists' });
    // One that is in the way stops all, before anything is written.
    const other = join(root, 'other');
    await expect(exporting({ onnx: other, triton: mine })).rejects.toMatchObject({ code: 'output-exists' });
    await expect(readdir(other)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('names no folder, user or machine: neither do the index and its report', async () => {
    const at = join(root, 'given away');
    const out = Object.fromEntries(['onnx', 'triton', 'web'].map((kind) => [kind, join(at, kind)]));
    await exporting(out);
    await cp(index, join(at, 'index'), { recursive: true });
    const report = { index, out: join(at, 'report.html'), split: 'test' } as const;
    await writeReport({ ...report, device: 'cpu', reporter: silentReporter });
    const secrets = [root, dirname(root), homedir(), process.cwd(), hostname()].filter((text) => text.length > 4);
    let files = 0;
    for (const entry of await readdir(at, { recursive: true, withFileTypes: true })) {
      // ONNX Runtime is published as it is, with the folders of who built it.
      if (!entry.isFile() || entry.parentPath.includes('onnxruntime-web')) continue;
      const path = join(entry.parentPath, entry.name);
      const texts = [await readFile(path, 'latin1')];
      if (path.endsWith('.parquet')) {
        const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
        texts.push(inspect(rows, { depth: 9, maxArrayLength: null, maxStringLength: null }));
      }
      for (const text of texts)
        for (const secret of secrets) expect(text.includes(secret), `${path} holds ${secret}`).toBe(false);
      files++;
    }
    expect(files).toBeGreaterThan(40);
  });

  it('refuses folders inside each other or inside the index', async () => {
    for (const out of [
      { onnx: join(index, 'onnx') },
      { onnx: index },
      { onnx: join(root, 'a'), web: join(root, 'a', 'b') },
      { onnx: join(root, 'a'), triton: join(root, 'a') },
    ]) {
      await expect(exporting(out)).rejects.toMatchObject({ code: 'usage', exitStatus: 2 });
    }
  });

  it('serves a large catalogue by beam search: no search.onnx, and no repository', async () => {
    const large = join(root, 'large.index');
    await cp(index, large, { recursive: true });
    const manifest = await json(join(large, 'index.json'));
    manifest.config.retrieval.exactUpTo = 3;
    await writeFile(join(large, 'index.json'), JSON.stringify(manifest));
    reseal(large);
    const out = join(root, 'large');
    await exporting({ onnx: out }, { index: large });
    expect(await readdir(out)).not.toContain('search.onnx');
    expect((await json(join(out, 'description.json'))).search.exhaustive).toBe(false);
    await expect(exporting({ triton: join(root, 'none') }, { index: large })).rejects.toMatchObject({
      code: 'catalogue-too-large',
      exitStatus: 2,
      message: expect.stringContaining('up to 3 pictures'),
    });
  });

  it('stops when it is interrupted, and leaves nothing', async () => {
    const out = join(root, 'stopped');
    const signal = AbortSignal.abort();
    await expect(exporting({ onnx: out }, { signal })).rejects.toMatchObject({ code: 'interrupted' });
    expect((await readdir(root)).filter((name) => name.startsWith('stopped'))).toEqual([]);
  });

  it('is refused for an index without a network', async () => {
    const plain = join(root, 'plain.index');
    await cp(index, plain, { recursive: true });
    const { model, ...manifest } = await json(join(plain, 'index.json'));
    expect(model.file).toBe('model.safetensors');
    await writeFile(join(plain, 'index.json'), JSON.stringify({ ...manifest, systems: ['pixels'] }));
    reseal(plain);
    await expect(exporting({ onnx: join(root, 'none') }, { index: plain })).rejects.toMatchObject({
      code: 'system-missing',
    });
  });

  it('is refused for a network behind an image encoder', async () => {
    const behind = join(root, 'behind.index');
    await createIndex({
      dataset: await openFolder(join(root, 'shapes')),
      out: behind,
      config: { ...config, encoder: { ...config.encoder, file: index } },
      systems: ['dsi'],
      seed: 1,
      force: false,
      device: 'cpu',
      reporter: silentReporter,
    });
    const refused = exporting({ onnx: join(root, 'none') }, { index: behind });
    await expect(refused).rejects.toMatchObject({ code: 'encoder-unusable', message: expect.stringContaining(behind) });
  }, 60_000);
});

describe('a static site', () => {
  /** Pages as Vite leaves them: two entries that share a file, and a runtime beside them. */
  async function pages(): Promise<string> {
    const folder = join(root, 'pages');
    const manifest = {
      'static.html': { file: 'assets/static.js', imports: ['_shared.js'], dynamicImports: ['wasm'] },
      'index.html': { file: 'assets/index.js', imports: ['_shared.js'] },
      '_shared.js': { file: 'assets/shared.js', css: ['assets/shared.css'], imports: ['static.html'] },
      wasm: { file: 'assets/wasm.js' },
    };
    const files = ['static', 'index', 'shared', 'wasm'].map((name) => `assets/${name}.js`);
    for (const file of [
      ...files,
      'assets/shared.css',
      'assets/onnxruntime-web-1.2.3/ort.mjs',
      'icon.svg',
      'theme.js',
    ]) {
      await mkdir(join(folder, file, '..'), { recursive: true });
      await writeFile(join(folder, file), file);
    }
    await writeFile(join(folder, 'static.html'), 'the page that searches');
    await mkdir(join(folder, '.vite'), { recursive: true });
    await writeFile(join(folder, '.vite', 'manifest.json'), JSON.stringify(manifest));
    return folder;
  }

  async function site(precision: Precision, from: string) {
    const opened = await openIndex(index, nodeRuntime());
    const written = new Map<string, Uint8Array>();
    const model = storeModel(await opened.network(), precision);
    const description = describeExport(opened, model.model.geometry, { weights: precision, measured: null });
    await writeWeb(
      async (file, content) => {
        written.set(file, Buffer.from(content));
      },
      { index: opened, stored: model, description, reporter: silentReporter, pages: from },
    );
    await opened.close();
    return { written, opened, model, site: JSON.parse(Buffer.from(written.get('description.json') ?? []).toString()) };
  }

  it('holds the files that its page reaches, and no other page', async () => {
    const { written } = await site('float32', await pages());
    const assets = [...written.keys()].filter((file) => file.startsWith('assets/')).sort();
    expect(assets).toEqual([
      'assets/onnxruntime-web-1.2.3/ort.mjs',
      'assets/shared.css',
      'assets/shared.js',
      'assets/static.js',
      'assets/wasm.js',
    ]);
    expect(Buffer.from(written.get('index.html') ?? []).toString()).toBe('the page that searches');
    expect(Buffer.from(written.get('_headers') ?? []).toString()).toContain(
      'Cross-Origin-Embedder-Policy: require-corp',
    );
  });

  it('holds every catalogue picture and some queries, as the network sees them, to the bit', async () => {
    const { written, opened, site: described } = await site('float32', await pages());
    const { store: catalogue } = opened;
    const roles = described.pictures.map(({ role }: { role: string }) => role);
    expect(roles.filter((role: string) => role === 'catalogue')).toHaveLength(opened.trie().leafCount);
    expect(roles.filter((role: string) => role === 'test').length).toBeGreaterThan(0);
    for (const { row } of described.pictures) {
      const { data, info } = await sharp(written.get(`pictures/${row}.webp`))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: catalogue.size, height: catalogue.size, channels: 3 });
      expect(new Uint8Array(data)).toEqual(new Uint8Array(pixelsOf(catalogue, row)));
      expect((await sharp(written.get(`thumbnails/${row}.webp`)).metadata()).format).toBe('webp');
    }
  });

  it.each(PRECISIONS)('stores as %s the parameters that were measured', async (precision) => {
    const { written, model } = await site(precision, await pages());
    const file = written.get('model.safetensors') ?? new Uint8Array();
    expect(readParameters(file, model.model.geometry)).toEqual(model.model.parameters);
  });

  it('holds what judges its answers, as the index has it, and none where the index is not calibrated', async () => {
    const opened = await openIndex(index, nodeRuntime());
    const { written, site: described } = await site('float32', await pages());
    const known = await opened.relevance();
    await opened.close();
    expect(known === undefined).toBe(!written.has('relevance.json'));
    expect(described.relevance === undefined).toBe(!written.has('relevance.json'));
    const blocks = [{ name: 'appearance', length: 1, scale: 1 }] as const;
    const none: NonNullable<Relevance['none']> = {
      blocks,
      projection: { mean: Float32Array.of(1), components: Float32Array.of(2) },
      known: {
        width: 1,
        weights: Float32Array.of(3),
        biases: Float32Array.of(4),
        means: Float32Array.of(5),
        precisions: Float32Array.of(6),
        logDeterminants: Float32Array.of(7),
        precisionOf: Int32Array.of(0),
      },
      model: { means: [0, 0], scales: [1, 1], weights: [1, 1], bias: 0 },
      auroc: 0.9,
      unknown: 3,
    };
    const picture = { sharpness: 2, relevance: { x: [0], y: [0.5] }, found: [0.5], queries: 12 };
    const calibrated: Relevance = {
      catalogue: 9,
      changed: 0,
      none,
      systems: { dsi: { picture }, pixels: { picture } },
    };
    const exported = await siteRelevance({ ...opened, relevance: async () => calibrated });
    expect(exported).toMatchObject({ picture, size: opened.store.size });
    const { auroc: _, unknown: __, ...model } = none;
    expect(exported?.none && unpackNone(JSON.parse(JSON.stringify(exported.none)))).toEqual(model);
    const ofPixels = { ...calibrated, systems: { pixels: { picture } } };
    expect(await siteRelevance({ ...opened, relevance: async () => ofPixels })).toBeUndefined();
  });

  it('is refused where the pages have not been built', async () => {
    await expect(site('float32', join(root, 'nowhere'))).rejects.toMatchObject({ code: 'page-missing' });
  });
});
