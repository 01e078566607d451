import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { openFolder } from '../datasets/folder.ts';
import { PRESETS } from '../presets/presets.ts';
import { silentReporter } from '../progress.ts';
import { noMount, onTinyDisk } from '../storage/tiny-disk.fixture.ts';
import { createIndex } from './create-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { inspectIndex } from './inspect-index.ts';
import { searchIndex } from './search.ts';

/** The whole way, on small pictures of coloured shapes: folder → index → search, evaluate, inspect. */
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.7, validationFraction: 0.2, testFraction: 0.2 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48 },
  training: { ...PRESETS.quick.training, batchSize: 16, indexingEpochs: 60, validateEvery: 40 },
};
const quiet = { reporter: silentReporter, device: 'cpu' as const };
const COLOURS = ['#d33', '#3a3', '#33d', '#dd3'];

let root = '';
let shapes = '';
let index = '';

const picture = (colour: string, i: number): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="#fff"/><circle cx="${12 + 2 * (i % 8)}" cy="${10 + (i % 5)}" r="${5 + (i % 4)}" fill="${colour}"/></svg>`,
    ),
  )
    .png()
    .toBuffer();

async function makeFolder(name: string, classes: number, each: number): Promise<string> {
  const folder = join(root, name);
  for (let c = 0; c < classes; c++) {
    await mkdir(join(folder, `class ${c}`), { recursive: true });
    for (let i = 0; i < each; i++) {
      await writeFile(join(folder, `class ${c}`, `${i}.png`), await picture(COLOURS[c] as string, i));
    }
  }
  return folder;
}

const indexing = async (
  source: string,
  out: string,
  changes: Partial<Config> = {},
  more: { force?: boolean; seed?: number; signal?: AbortSignal } = {},
) =>
  createIndex({
    dataset: await openFolder(source),
    out,
    config: { ...config, ...changes },
    seed: 1,
    force: false,
    ...quiet,
    ...more,
  });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-jobs-'));
  shapes = await makeFolder('shapes', 4, 12);
  await writeFile(join(shapes, 'class 0', 'broken.jpg'), 'this is no picture');
  await writeFile(join(shapes, 'class 1', 'empty.png'), '');
  index = join(root, 'index');
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('an index of a folder', () => {
  it('is made, with every skipped file named', async () => {
    const summary = await indexing(shapes, index);
    expect(summary).toMatchObject({ index, catalogue: 12, queries: { train: 22, validation: 7, test: 7 } });
    expect(summary.skipped.map(({ path }) => path)).toEqual(['class 0/broken.jpg', 'class 1/empty.png']);
    expect(summary.parameters).toBeGreaterThan(10_000);
    const log = (await readFile(join(index, 'run.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(log[0]?.kind).toBe('start');
    expect(log.filter(({ kind }) => kind === 'skipped')).toHaveLength(2);
    expect(log.filter(({ kind }) => kind === 'step')).toHaveLength(summary.steps);
    expect(log.at(-1)?.kind).toBe('end');
  });

  it('finds catalogue pictures by their identifiers, each once and best first', async () => {
    const file = join(shapes, 'class 2', '0.png');
    const { results } = await searchIndex({ index, files: [file, file], k: 50, system: 'dsi', ...quiet });
    expect(results).toHaveLength(2);
    const [first] = results;
    expect(first?.query).toBe(file);
    expect(first?.answers).toHaveLength(12);
    expect(new Set(first?.answers.map(({ identifier }) => identifier)).size).toBe(12);
    expect(first?.answers[0]).toMatchObject({ rank: 1, label: 'class 2' });
    expect(first?.answers[0]?.picture).toMatch(/^class 2\/\d+\.png$/);
    expect(first?.answers[0]?.identifier).toMatch(/^\d\d$/);
    const scores = first?.answers.map(({ score }) => score) ?? [];
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const pixels = await searchIndex({ index, files: [file], k: 3, system: 'pixels', ...quiet });
    expect(pixels.results[0]?.answers.map(({ rank }) => rank)).toEqual([1, 2, 3]);
  });

  it('is measured beside the baseline, the same every time, and written for trec_eval', async () => {
    const trec = join(root, 'trec');
    const options = { index, systems: ['dsi', 'pixels'] as const, split: 'test' as const, ...quiet };
    const comparison = await evaluateIndex({ ...options, trec });
    expect(comparison).toMatchObject({ catalogue: 12, queries: 7 });
    expect(Object.keys(comparison.systems)).toEqual(['dsi', 'pixels']);
    expect(comparison.systems.dsi?.['IA@1']).toBeGreaterThan(0.9);
    expect(comparison.systems.dsi?.['Success@1']).toBeGreaterThan(0.9);
    expect(comparison.systems.pixels).not.toHaveProperty('IA@1');
    expect(await evaluateIndex(options)).toEqual(comparison);
    expect((await readdir(trec)).sort()).toEqual(['qrels.txt', 'run-dsi.txt', 'run-pixels.txt']);
    expect((await readFile(join(trec, 'run-dsi.txt'), 'utf8')).trim().split('\n')).toHaveLength(7 * 12);
  });

  it('is made bit for bit again from the same seed', async () => {
    const again = join(root, 'again');
    await indexing(shapes, again);
    expect(await readFile(join(again, 'model.safetensors'))).toEqual(await readFile(join(index, 'model.safetensors')));
  });

  it('says what it holds', async () => {
    const facts = await inspectIndex({ index, verify: true, reporter: silentReporter });
    expect(facts).toMatchObject({ catalogue: 12, classes: 4, seed: 1, version: 1, config: { pictures: { size: 16 } } });
    expect(facts.skipped).toHaveLength(2);
  });

  it('is not overwritten without force, and is whole before and after', async () => {
    await expect(indexing(shapes, index)).rejects.toMatchObject({ code: 'output-exists' });
    await indexing(shapes, index, {}, { force: true, seed: 2 });
    expect((await inspectIndex({ index, verify: true, reporter: silentReporter })).seed).toBe(2);
    await expect(indexing(shapes, shapes, {}, { force: true })).rejects.toMatchObject({ code: 'output-exists' });
  });
});

describe('other folders', () => {
  it('flat: each picture is its own relevant set, queries are its augmented views', async () => {
    const flat = join(root, 'flat');
    await mkdir(flat);
    for (let i = 0; i < 8; i++) await writeFile(join(flat, `${i}.png`), await picture(COLOURS[i % 4] as string, i));
    const out = join(root, 'flat-index');
    const summary = await indexing(flat, out);
    expect(summary).toMatchObject({ catalogue: 8, queries: { train: 0, validation: 0, test: 0 } });
    const { queries, systems } = await evaluateIndex({
      index: out,
      systems: ['dsi', 'pixels'],
      split: 'test',
      ...quiet,
    });
    expect(queries).toBe(8);
    expect(systems.dsi?.['IA@1']).toBeGreaterThan(0.8);
  });

  it('with fixed roles: taken at its word', async () => {
    const fixed = join(root, 'fixed');
    for (const [role, from] of [
      ['catalogue', 0],
      ['train', 2],
      ['test', 5],
    ] as const) {
      for (const name of ['class 0', 'class 1']) {
        await mkdir(join(fixed, role, name), { recursive: true });
        for (let i = from; i < from + 2; i++)
          await copyFile(join(shapes, name, `${i}.png`), join(fixed, role, name, `${i}.png`));
      }
    }
    const summary = await indexing(fixed, join(root, 'fixed-index'));
    expect(summary).toMatchObject({ catalogue: 4, queries: { train: 4, validation: 0, test: 4 } });
    const { results } = await searchIndex({
      index: join(root, 'fixed-index'),
      files: [join(shapes, 'class 0', '9.png')],
      k: 9,
      system: 'dsi',
      ...quiet,
    });
    expect(results[0]?.answers.every(({ picture: path }) => path.startsWith('catalogue/'))).toBe(true);
  });

  it('a class with one picture, names in other scripts, a symlink loop: all indexed', async () => {
    const odd = await makeFolder('odd', 2, 4);
    await mkdir(join(odd, 'クラス'));
    const long = `${'é'.repeat(100)}.png`;
    await copyFile(join(shapes, 'class 0', '0.png'), join(odd, 'クラス', long));
    await symlink(odd, join(odd, 'クラス', 'loop'));
    const summary = await indexing(odd, join(root, 'odd-index'));
    expect(summary.catalogue + summary.queries.train + summary.queries.validation + summary.queries.test).toBe(9);
    const { results } = await searchIndex({
      index: join(root, 'odd-index'),
      files: [join(odd, 'クラス', long)],
      k: 9,
      system: 'dsi',
      ...quiet,
    });
    expect(results[0]?.answers.map(({ picture: path }) => path)).toContain(`クラス/${long}`);
  });

  it('one picture, or none: refused in words', async () => {
    const one = join(root, 'one');
    await mkdir(one);
    await copyFile(join(shapes, 'class 0', '0.png'), join(one, '0.png'));
    await expect(indexing(one, join(root, 'x'))).rejects.toMatchObject({ code: 'source-unusable' });
    await mkdir(join(root, 'none'));
    await expect(indexing(join(root, 'none'), join(root, 'x'))).rejects.toMatchObject({ code: 'source-empty' });
    const broken = join(root, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'a.jpg'), 'text');
    await expect(indexing(broken, join(root, 'x'))).rejects.toMatchObject({ code: 'source-empty' });
    expect(await readdir(root)).not.toContain('x');
  });
});

describe('what goes wrong', () => {
  it('a loss that is no number: the index of the last good state stays, and the error says so', async () => {
    const training = {
      ...config.training,
      // Weight decay multiplies the parameters by −500 at every step: finite at first, not for long.
      learningRate: 1e4,
      warmupFraction: 0,
      schedule: 'constant' as const,
      validateEvery: 1,
    };
    const out = join(root, 'wild');
    await expect(indexing(shapes, out, { training })).rejects.toMatchObject({
      code: 'training-diverged',
      message: expect.stringContaining('last good state'),
    });
    const { results } = await searchIndex({
      index: out,
      files: [join(shapes, 'class 0', '0.png')],
      k: 3,
      system: 'dsi',
      ...quiet,
    });
    expect(results[0]?.answers).toHaveLength(3);
    await expect(
      indexing(shapes, join(root, 'wilder'), { training: { ...training, learningRate: 1e30, validateEvery: 1000 } }),
    ).rejects.toMatchObject({ code: 'training-diverged', hint: expect.stringMatching(/learningRate.*--resume/) });
    expect((await readdir(root)).filter((entry) => entry.startsWith('wilder'))).toEqual(['wilder.partial']);
  });

  it.skipIf(noMount !== undefined)(
    `a disk that fills up is named, and nothing is left on it${noMount ? ` (skipped: ${noMount})` : ''}`,
    async () => {
      // Room for a part of what an index takes: it runs out in the catalogue, or only when the model is written.
      for (const kilobytes of [8, 64]) {
        await onTinyDisk(async (disk) => {
          await expect(indexing(shapes, join(disk, 'full')), `${kilobytes} kB`).rejects.toMatchObject({
            code: 'disk-full',
          });
          expect(await readdir(disk)).toEqual([]);
        }, kilobytes);
      }
    },
  );

  it('a configuration that fits no network is refused before any work', async () => {
    await expect(
      indexing(shapes, join(root, 'y'), { pictures: { ...config.pictures, size: 20 } }),
    ).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('a damaged, foreign or newer index is told apart', async () => {
    const file = join(shapes, 'class 0', '0.png');
    const search = (folder: string) => searchIndex({ index: folder, files: [file], k: 1, system: 'dsi', ...quiet });
    await expect(search(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'index-missing' });
    await expect(search(shapes)).rejects.toMatchObject({ code: 'index-missing' });
    const spoil = async (change: (folder: string) => Promise<void>, code: string) => {
      const folder = await mkdtemp(join(root, 'spoilt-'));
      for (const name of await readdir(index))
        if (name !== 'catalogue') await copyFile(join(index, name), join(folder, name));
      await mkdir(join(folder, 'catalogue'));
      for (const name of await readdir(join(index, 'catalogue')))
        await copyFile(join(index, 'catalogue', name), join(folder, 'catalogue', name));
      await change(folder);
      await expect(search(folder), basename(folder)).rejects.toMatchObject({ code });
    };
    const edit = (change: (json: Record<string, unknown>) => void) => async (folder: string) => {
      const json = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Record<string, unknown>;
      change(json);
      await writeFile(join(folder, 'index.json'), JSON.stringify(json));
    };
    await spoil((folder) => truncate(join(folder, 'model.safetensors'), 1000), 'index-damaged');
    await spoil((folder) => rm(join(folder, 'model.safetensors')), 'index-damaged');
    await spoil((folder) => truncate(join(folder, 'catalogue', 'pixels.u8'), 1000), 'index-damaged');
    await spoil((folder) => writeFile(join(folder, 'index.json'), '{"format":'), 'index-damaged');
    await spoil(
      edit((json) => {
        json.version = 99;
      }),
      'index-newer',
    );
    await spoil(
      edit((json) => {
        json.seed = 'one';
      }),
      'index-damaged',
    );
  });

  it('an index made before a configuration key existed still opens', async () => {
    const file = join(index, 'index.json');
    const text = await readFile(file, 'utf8');
    const json = JSON.parse(text) as { config: { augmentation: Record<string, unknown>; later?: unknown } };
    delete json.config.augmentation.hue;
    json.config.later = { key: 1 };
    await writeFile(file, JSON.stringify(json));
    const facts = await inspectIndex({ index, verify: true, reporter: silentReporter });
    expect(facts.config).toMatchObject({ later: { key: 1 } });
    await writeFile(file, text);
  });

  it('a query that is missing or no picture is named', async () => {
    const search = (file: string) => searchIndex({ index, files: [file], k: 1, system: 'dsi', ...quiet });
    await expect(search(join(root, 'no.png'))).rejects.toMatchObject({ code: 'picture-missing' });
    await expect(search(join(shapes, 'class 0', 'broken.jpg'))).rejects.toMatchObject({
      code: 'picture-not-an-image',
      message: expect.stringContaining('broken.jpg'),
    });
  });
});
