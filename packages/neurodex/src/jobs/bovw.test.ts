import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reseal } from '../artifact/reseal.fixture.ts';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import type { SystemName } from '../query/system.ts';
import { createIndex } from './create-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { inspectIndex } from './inspect-index.ts';
import { searchIndex } from './search.ts';

/** The bag of visual words on the whole way from a folder to answers: pictures of patterns that differ by class. */
const EDGE = 80;
const CLASSES = 4;
const EACH = 10;
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: EDGE },
  split: { retrievalFraction: 0.5, validationFraction: 0.2, testFraction: 0.4 },
  bovw: { ...PRESETS.quick.bovw, words: 20, restarts: 2 },
};
const quiet = { reporter: silentReporter, device: 'cpu' as const };

let root = '';
let patterns = '';
let index = '';

/** Dots and rings of a size that is the class's own, scattered at random. */
async function pattern(kind: number, random: Random): Promise<Buffer> {
  const marks = Array.from({ length: 40 }, () => {
    const [x, y] = [random.integer(EDGE), random.integer(EDGE)];
    const grey = random.integer(120);
    return kind % 2 === 0
      ? `<circle cx="${x}" cy="${y}" r="${2 + 2 * kind}" fill="rgb(${grey},${grey},${grey})"/>`
      : `<rect x="${x}" y="${y}" width="${2 + kind}" height="${4 + 4 * kind}" fill="none" stroke="rgb(${grey},${grey},${grey})"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${EDGE}" height="${EDGE}"><rect width="100%" height="100%" fill="#ddd"/>${marks.join('')}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

const COLOURS = ['#000000', '#ff0000', '#00ff00', '#0000ff', '#ffff00', '#ffffff'];
const blank = (background = '#000'): Promise<Buffer> =>
  sharp({ create: { width: EDGE, height: EDGE, channels: 3, background } })
    .png()
    .toBuffer();

async function make(out: string, changes: Partial<Config> = {}, systems?: readonly SystemName[], source = patterns) {
  const warnings: string[] = [];
  const phases = new Set<string>();
  const reporter = {
    ...silentReporter,
    warn: (message: string) => void warnings.push(message),
    progress: ({ phase }: { phase: string }) => void phases.add(phase),
  };
  const summary = await createIndex({
    dataset: await openFolder(source),
    out,
    config: { ...config, ...changes },
    ...(systems === undefined ? {} : { systems }),
    seed: 1,
    force: false,
    device: 'cpu',
    reporter,
  });
  return { summary, warnings, phases };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-jobs-bovw-'));
  patterns = join(root, 'patterns');
  const random = Random.seeded(5);
  for (let kind = 0; kind < CLASSES; kind++) {
    await mkdir(join(patterns, `kind ${kind}`), { recursive: true });
    for (let i = 0; i < EACH; i++) {
      await writeFile(join(patterns, `kind ${kind}`, `${i}.png`), await pattern(kind, random));
    }
  }
  index = join(root, 'index');
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('an index with a bag of visual words and no network', () => {
  it('is made, with progress, and says what it has', async () => {
    const { summary, phases } = await make(index, {}, ['bovw', 'pixels']);
    expect(summary).toMatchObject({ catalogue: 20, systems: ['bovw', 'pixels'], parameters: 0, steps: 0 });
    expect([...phases]).toEqual(['fingerprint', 'ingest', 'duplicates', 'describe', 'vocabulary']);
    expect((await readdir(index)).sort()).toEqual([
      'catalogue',
      'files.json',
      'index.json',
      'origin.json',
      'run.jsonl',
      'vocabulary.safetensors',
    ]);
    const facts = await inspectIndex({ index, verify: true, reporter: silentReporter });
    expect(facts).toMatchObject({ systems: ['bovw', 'pixels'], parameters: 0, bovw: { withoutKeypoints: 0 } });
    expect(facts.bovw?.descriptors).toBeGreaterThan(1000);
  });

  it('finds a catalogue picture by itself with cosine 1, and others of its class next', async () => {
    const manifest = JSON.parse(await readFile(join(index, 'catalogue', 'catalogue.json'), 'utf8')) as {
      vectors: { bovw: { length: number } };
    };
    expect(manifest.vectors.bovw.length).toBe(20);
    const files = (await readdir(join(patterns, 'kind 2'))).map((name) => join(patterns, 'kind 2', name));
    const { results } = await searchIndex({ index, files, k: 20, system: 'bovw', ...quiet });
    let own = 0;
    for (const { query, answers } of results) {
      expect(answers).toHaveLength(20);
      const scores = answers.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      if (!query.endsWith(answers[0]?.picture ?? '-')) continue;
      own++;
      // The same code path and the same pixels: nothing is lost between the catalogue and a query.
      expect(answers[0]?.score).toBeCloseTo(1, 6);
    }
    expect(own).toBe(5);
  });

  it('is measured beside the others, far above chance, without indexing accuracy', async () => {
    const { systems, queries } = await evaluateIndex({ index, split: 'test', ...quiet });
    expect(queries).toBe(8);
    expect(Object.keys(systems)).toEqual(['bovw', 'pixels']);
    expect(systems.bovw?.RR).toBeGreaterThan(0.8);
    expect(systems.bovw).not.toHaveProperty('IA@1');
  });

  it('is the same again from the same seed, and tells another vocabulary from its own', async () => {
    const [again, other] = [join(root, 'again'), join(root, 'other')];
    await make(again, {}, ['bovw']);
    const words = (folder: string) => readFile(join(folder, 'vocabulary.safetensors'));
    expect(await words(again)).toEqual(await words(index));
    await make(other, { bovw: { ...config.bovw, rootSift: true } }, ['bovw']);

    const search = { files: [join(patterns, 'kind 0', '0.png')], k: 1, system: 'bovw' as const, ...quiet };
    // The file alone: its digest is another.
    await copyFile(join(other, 'vocabulary.safetensors'), join(again, 'vocabulary.safetensors'));
    await expect(searchIndex({ index: again, ...search })).rejects.toMatchObject({ code: 'index-damaged' });
    // Listed as if it belonged there: the histograms are of another vocabulary.
    reseal(again, { producers: false });
    await expect(searchIndex({ index: again, ...search })).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining('the histograms of the catalogue were made with another vocabulary'),
    });
  });

  it('answers nothing that it does not have', async () => {
    const files = [join(patterns, 'kind 0', '0.png')];
    await expect(searchIndex({ index, files, k: 1, system: 'dsi', ...quiet })).rejects.toMatchObject({
      code: 'system-missing',
      message: expect.stringContaining('was made without dsi; it has bovw, pixels'),
    });
    await expect(evaluateIndex({ index, systems: ['dsi'], split: 'test', ...quiet })).rejects.toMatchObject({
      code: 'system-missing',
      exitStatus: 2,
    });
  });

  it.each([
    ['tfidf', { weighting: 'tfidf' as const }],
    ['RootSIFT', { rootSift: true }],
    ['mini-batches', { descriptorsInMemory: 1024 }],
  ])('works as well with %s', async (name, changes) => {
    const out = join(root, `with ${name}`);
    await make(out, { bovw: { ...config.bovw, ...changes } }, ['bovw']);
    const { systems } = await evaluateIndex({ index: out, split: 'test', ...quiet });
    expect(systems.bovw?.RR).toBeGreaterThan(0.7);
  });

  it('sees pictures that are smaller than its size enlarged, in the catalogue and as queries alike', async () => {
    const out = join(root, 'enlarged');
    await make(out, { pictures: { ...config.pictures, thumbnail: 2 * EDGE } }, ['bovw']);
    const [small, large] = await Promise.all(
      [index, out].map((folder) => inspectIndex({ index: folder, verify: false, reporter: silentReporter })),
    );
    expect(large?.bovw?.descriptors).toBeGreaterThan(1.2 * (small?.bovw?.descriptors ?? NaN));
    const files = (await readdir(join(patterns, 'kind 2'))).map((name) => join(patterns, 'kind 2', name));
    const { results } = await searchIndex({ index: out, files, k: 1, system: 'bovw', ...quiet });
    const own = results.filter(({ query, answers }) => query.endsWith(answers[0]?.picture ?? '-'));
    expect(own).toHaveLength(5);
    for (const { answers } of own) expect(answers[0]?.score).toBeCloseTo(1, 6);
  });

  it('searches approximately from the configured size on, and finds the same', async () => {
    const out = join(root, 'approximate');
    await make(out, { bovw: { ...config.bovw, exactUpTo: 10 } }, ['bovw']);
    expect(await readdir(out)).toContain('bovw.usearch');
    const search = { files: [join(patterns, 'kind 3', '1.png')], k: 5, system: 'bovw' as const, ...quiet };
    expect(await searchIndex({ index: out, ...search })).toEqual(await searchIndex({ index, ...search }));
    await writeFile(join(out, 'bovw.usearch'), 'something else');
    await expect(searchIndex({ index: out, ...search })).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

describe('pictures in which nothing stands out', () => {
  it('come last, in the order of their identifiers, and are reported', async () => {
    const source = join(root, 'with blanks');
    await cp(patterns, source, { recursive: true });
    await mkdir(join(source, 'blank'));
    // Of different colours: files with the same picture would go into one split.
    for (let i = 0; i < 6; i++) await writeFile(join(source, 'blank', `${i}.png`), await blank(COLOURS[i]));
    const out = join(root, 'blanks');
    const { warnings } = await make(
      out,
      { identifiers: { ...config.identifiers, order: 'random', zeroPadding: false } },
      ['bovw'],
      source,
    );
    expect(warnings.join()).toContain('3 of 23 catalogue pictures have no keypoint, blank/');
    const ask = async (file: string) => {
      const found = await searchIndex({ index: out, files: [file], k: 100, system: 'bovw', ...quiet });
      return found.results[0]?.answers ?? [];
    };
    for (const file of [join(patterns, 'kind 1', '3.png'), join(source, 'blank', '0.png')]) {
      const answers = await ask(file);
      expect(answers).toHaveLength(23);
      const last = answers.slice(20);
      expect(last.every(({ label, score }) => label === 'blank' && score === -1)).toBe(true);
      const numbers = last.map(({ identifier }) => Number(identifier));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    const reported: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void reported.push(message) };
    const files = [join(source, 'blank', '0.png')];
    await searchIndex({ index: out, files, k: 1, system: 'bovw', device: 'cpu', reporter });
    expect(reported.join()).toContain('a query has no keypoint');
  });

  it('are too few for the vocabulary: refused with both numbers, or left out where bovw was not asked for', async () => {
    const changes = { bovw: { ...config.bovw, words: 50_000 } };
    const refused = make(join(root, 'too many words'), changes, ['bovw']);
    await expect(refused).rejects.toMatchObject({
      code: 'source-unusable',
      message: expect.stringMatching(/bovw\.words is 50000, and the 20 catalogue pictures have \d{4} descriptors/),
      hint: expect.stringContaining('--systems dsi,pixels'),
    });
    expect(await readdir(root)).not.toContain('too many words');
    const quick = { ...config.training, indexingEpochs: 2 };
    const { summary, warnings } = await make(join(root, 'without bovw'), { ...changes, training: quick });
    expect(summary.systems).toEqual(['dsi', 'pixels']);
    expect(warnings.join()).toContain('bovw is left out: bovw.words is 50000');
  });
});
