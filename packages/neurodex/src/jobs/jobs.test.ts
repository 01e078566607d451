import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Reporter, silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import type { TrackingRequest } from '@neurodex/tracking';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { partFile } from '../artifact/part-files.fixture.ts';
import { reseal } from '../artifact/reseal.fixture.ts';
import type { Config } from '../config.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import { PRESETS } from '../presets/presets.ts';
import { showAttention } from './attention.ts';
import { compareIndexes } from './compare.ts';
import { createIndex } from './create-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { judgeRuns } from './evaluate-runs.ts';
import { inspectIndex } from './inspect-index.ts';
import { writeReport } from './report.ts';
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
  more: { force?: boolean; seed?: number; signal?: AbortSignal; tracking?: TrackingRequest; reporter?: Reporter } = {},
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
    const gone = join(root, 'gone.png');
    const some = await searchIndex({ index, files: [gone, file], k: 1, system: 'pixels', ...quiet });
    expect([some.results.map(({ query }) => query), some.failed]).toMatchObject([
      [file],
      [{ input: gone, code: 'picture-missing' }],
    ]);
    await expect(searchIndex({ index, files: [gone], k: 1, system: 'pixels', ...quiet })).rejects.toMatchObject({
      code: 'picture-missing',
    });
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
    expect((await readdir(trec)).sort()).toEqual(['files.json', 'qrels.txt', 'run-dsi.txt', 'run-pixels.txt']);
    expect((await readFile(join(trec, 'run-dsi.txt'), 'utf8')).trim().split('\n')).toHaveLength(7 * 12);
  });

  it('is compared: its systems with each other, and with an index of the same pictures', async () => {
    const options = { split: 'test' as const, ...quiet };
    const one = [{ name: 'one', path: index }];
    const contest = await compareIndexes({ ...options, indexes: one, systems: ['dsi', 'pixels'] });
    expect(contest).toMatchObject({ queries: 7, level: 0.05 });
    expect(contest.tests.map(({ measure }) => measure)).toEqual(
      Object.keys(contest.systems.pixels ?? {}), // Indexing accuracy is the dsi's alone.
    );
    for (const { p, pHolm, winner } of contest.tests) {
      expect(pHolm).toBeGreaterThanOrEqual(p);
      expect(winner === null).toBe(pHolm > 0.05);
    }
    const twin = join(root, 'twin');
    await indexing(shapes, twin, { training: { ...config.training, indexingEpochs: 4 } });
    const both = await compareIndexes({ ...options, indexes: [...one, { name: 'two', path: twin }] });
    expect(Object.keys(both.systems)).toEqual(['one', 'two']);
    expect(both.tests.map(({ measure }) => measure)).toContain('IA@1');
    const four = await compareIndexes({
      ...options,
      indexes: [...one, { name: 'two', path: twin }],
      systems: ['dsi', 'pixels'],
      measures: [parseMeasure('RR')],
    });
    expect(Object.keys(four.systems)).toEqual(['one:dsi', 'one:pixels', 'two:dsi', 'two:pixels']);
    expect(four.tests).toHaveLength(6);
    expect(four.tests.find(({ systems }) => systems.join() === 'one:pixels,two:pixels')).toMatchObject({ p: 1 });
  });

  it('is not compared with nothing, with itself, or with an index of other queries', async () => {
    const options = { split: 'test' as const, ...quiet };
    const one = { name: 'one', path: index };
    const compare = (...indexes: (typeof one)[]) => compareIndexes({ ...options, indexes, systems: ['pixels'] });
    await expect(compare(one)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('nobody') });
    await expect(compare(one, one)).rejects.toMatchObject({ code: 'usage', message: 'one is named twice' });
    const other = join(root, 'other');
    await indexing(shapes, other, { training: { ...config.training, indexingEpochs: 2 } }, { seed: 3 });
    await expect(compare(one, { name: 'two', path: other })).rejects.toMatchObject({
      code: 'queries-differ',
      message: expect.stringContaining('their queries differ'),
    });
  });

  it('without a test split cannot be measured on it, and says so', async () => {
    const none = join(root, 'no test');
    await indexing(shapes, none, {
      split: { ...config.split, testFraction: 0 },
      training: { ...config.training, indexingEpochs: 2 },
    });
    await expect(evaluateIndex({ index: none, systems: ['pixels'], split: 'test', ...quiet })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('this split has no pictures'),
    });
  });

  it('writes runs that are judged as it was measured', async () => {
    const trec = join(root, 'runs');
    const measures = ['AP', 'nDCG@5', 'Rprec'].map(parseMeasure);
    const comparison = await evaluateIndex({ index, systems: ['dsi'], split: 'test', trec, measures, ...quiet });
    const named = (name: string) => ({ name, path: join(trec, name) });
    const judged = await judgeRuns({
      qrels: named('qrels.txt'),
      runs: [named('run-dsi.txt')],
      measures,
      reporter: silentReporter,
    });
    expect(judged.queries).toBe(comparison.queries);
    expect(judged.systems['run-dsi.txt']).toEqual(comparison.systems.dsi);
    expect(judged.intervals['run-dsi.txt']).toEqual(comparison.intervals.dsi);
    await expect(
      judgeRuns({ qrels: named('qrels.txt'), runs: [named('gone.txt')], reporter: silentReporter }),
    ).rejects.toMatchObject({ code: 'source-missing' });
  });

  it('shows which patches each token looked at', async () => {
    const file = join(shapes, 'class 2', '0.png');
    const out = join(root, 'attention.png');
    const [best] = (await searchIndex({ index, files: [file], k: 2, system: 'dsi', ...quiet })).results;
    const shown = await showAttention({ index, file, out, device: 'cpu' });
    expect(shown).toMatchObject({ identifier: best?.answers[0]?.identifier, label: 'class 2', side: 2 });
    expect(Math.log(shown.tokens.reduce((p, { probability }) => p * probability, 1))).toBeCloseTo(
      best?.answers[0]?.score as number,
      3,
    );
    for (const { lastLayer, rollout } of shown.tokens) {
      for (const { patches } of [lastLayer, rollout]) expect(patches.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    }
    expect(await sharp(out).metadata()).toMatchObject({ format: 'png', width: 534 });
    const identifier = best?.answers[1]?.identifier as string;
    const second = await showAttention({ index, file, identifier, device: 'cpu' });
    expect(second.picture).toBe(best?.answers[1]?.picture);
    await expect(showAttention({ index, file, identifier: '99', device: 'cpu' })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('did you mean'),
    });
  });

  it('is reported as one page, whose figures are those of the evaluation', async () => {
    const out = join(root, 'report.html');
    const systems = ['dsi', 'pixels'] as const;
    const options = { index, split: 'test' as const, ...quiet };
    const { report, ...facts } = await writeReport({ ...options, systems, out });
    expect(report).toBe(out);
    const { relevance, ...comparison } = await evaluateIndex({ ...options, systems });
    expect([facts.evaluation, facts.relevance]).toEqual([comparison, relevance]);
    const { document } = parseHTML(await readFile(out, 'utf8'));
    expect(JSON.parse(document.getElementById('facts')?.textContent ?? '')).toEqual(facts);
    const rows = [...document.querySelectorAll('#figures tbody')][0]?.querySelectorAll('tr') ?? [];
    for (const row of rows) {
      const [label, ...cells] = [...row.children].map((cell) => cell.textContent ?? '');
      systems.forEach((system, i) => {
        const figure = comparison.systems[system]?.[label as string];
        expect(cells[i]?.slice(0, 5)).toBe(figure === undefined ? '—' : figure.toFixed(3));
      });
    }
    expect(rows.length).toBe(Object.keys(comparison.systems.dsi ?? {}).length);

    expect(facts.pictures).toEqual({ catalogue: 12, train: 22, validation: 7, test: 7 });
    expect(facts.balance).toHaveLength(4);
    expect(facts.balance.reduce((sum, { catalogue }) => sum + catalogue, 0)).toBe(12);
    expect(facts.confusion.dsi?.reduce((sum, { queries }) => sum + queries, 0)).toBe(7);
    expect(facts.curves.pixels?.recall.at(-1)).toEqual({ k: 12, recall: expect.closeTo(1, 9) });
    const kinds = facts.examples.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['best', 'median', 'worst']));
    expect(new Set(facts.examples.map(({ query }) => query)).size).toBe(kinds.length);
    const order = facts.examples.map(({ systems }) => systems.dsi?.AP as number);
    expect(order).toEqual([...order].sort((a, b) => b - a));
    for (const { tree, identifier, attention } of facts.decoded) {
      expect(tree.probability).toBeCloseTo(1, 4);
      expect(attention.map(({ token }) => token).join('')).toBe(identifier);
    }
    expect(document.querySelectorAll('.answer.right').length).toBe(
      facts.examples
        .flatMap(({ systems }) => Object.values(systems))
        .flatMap(({ answers }) => answers)
        .filter(({ relevant }) => relevant).length,
    );
  });

  it('without a network is reported without what only a network has', async () => {
    const bare = join(root, 'bare');
    await createIndex({
      dataset: await openFolder(shapes),
      out: bare,
      config,
      seed: 1,
      force: false,
      systems: ['pixels'],
      ...quiet,
    });
    const out = join(root, 'bare.html');
    const facts = await writeReport({ index: bare, out, split: 'test', ...quiet });
    expect(facts).toMatchObject({ parameters: null, training: null, decoded: [], tests: [] });
    expect(Object.keys(facts.evaluation.systems)).toEqual(['pixels']);
    const page = await readFile(out, 'utf8');
    expect(page).not.toMatch(/NaN|undefined|id="looking"/);
    const file = join(shapes, 'class 2', '0.png');
    await expect(showAttention({ index: bare, file, device: 'cpu' })).rejects.toMatchObject({ code: 'system-missing' });
    await expect(
      compareIndexes({ indexes: [{ name: 'bare', path: bare }], split: 'test', ...quiet }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('nobody') });
  });

  it('is made bit for bit again from the same seed', async () => {
    const again = join(root, 'again');
    await indexing(shapes, again);
    for (const file of ['model.safetensors', 'catalogue/catalogue.json'])
      expect(await readFile(join(again, file))).toEqual(await readFile(join(index, file)));
  });

  it('says what it holds', async () => {
    const facts = await inspectIndex({ index, verify: true, reporter: silentReporter });
    expect(facts).toMatchObject({ catalogue: 12, classes: 4, seed: 1, version: 3, config: { pictures: { size: 16 } } });
    expect(facts.skipped).toHaveLength(2);
  });

  it('is not overwritten without force, and is whole before and after', async () => {
    await expect(indexing(shapes, index)).rejects.toMatchObject({ code: 'output-exists' });
    await indexing(shapes, index, {}, { force: true, seed: 2 });
    expect((await inspectIndex({ index, verify: true, reporter: silentReporter })).seed).toBe(2);
    await expect(indexing(shapes, shapes, {}, { force: true })).rejects.toMatchObject({ code: 'usage' });
    // What others put there is not deleted with it; what `report` writes into it is.
    await writeReport({ index, out: join(index, 'report.html'), split: 'test', ...quiet });
    await indexing(shapes, index, {}, { force: true, seed: 2 });
    await writeFile(join(index, 'CNAME'), 'mine');
    await expect(indexing(shapes, index, {}, { force: true })).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining('holds CNAME, which Neurodex did not write'),
    });
    expect(await readFile(join(index, 'CNAME'), 'utf8')).toBe('mine');
    await rm(join(index, 'CNAME'));
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

describe('trackers', () => {
  const request = (folder: string) => ({
    trackers: ['tensorboard', 'wandb'] as const,
    folder,
    run: { name: 'shapes', named: false },
    env: {},
  });
  const short = { training: { ...config.training, indexingEpochs: 5 } };

  it('leave their files beside the index, and are told what becomes of the run', async () => {
    const folder = join(root, 'tracked');
    await indexing(shapes, join(folder, 'index'), short, { tracking: request(folder) });
    expect((await readdir(folder)).sort()).toEqual(['index', 'runs', 'wandb']);
    expect(await readdir(join(folder, 'runs'))).toEqual([expect.stringMatching(/^shapes-\w{7}$/)]);
    const runs = (await readdir(join(folder, 'wandb'))).map((name) => join(folder, 'wandb', name));
    expect(runs).toHaveLength(2);
    const media = await Promise.all(runs.map((run) => readdir(join(run, 'files', 'media', 'images'))));
    const kinds = new Set(media.flat().map((name) => name.split('_')[0]));
    expect(kinds).toEqual(new Set(['catalogue', 'queries', 'answers']));
    const lines = (await readFile(join(folder, 'index', 'run.jsonl'), 'utf8')).trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'end', reason: 'done' });
  });

  it('keep what a run was, when it ends in an error and its index is not made', async () => {
    const folder = join(root, 'tracked-badly');
    const training = { ...config.training, learningRate: 1e30, warmupFraction: 0, validateEvery: 1000 };
    await expect(
      indexing(shapes, join(folder, 'index'), { training }, { tracking: request(folder) }),
    ).rejects.toMatchObject({ code: 'training-diverged' });
    expect((await readdir(folder)).sort()).toEqual(['index.partial', 'runs', 'wandb']);
    const [run = ''] = await readdir(join(folder, 'wandb'));
    const [log = ''] = (await readdir(join(folder, 'wandb', run))).filter((name) => name.endsWith('.wandb'));
    expect(await readFile(join(folder, 'wandb', run, log), 'latin1')).toContain('training diverged at step');
  });

  it('that cannot write change nothing about the index', async () => {
    const file = join(root, 'a file');
    await writeFile(file, '');
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => warnings.push(message) };
    const summary = await indexing(shapes, join(root, 'untracked'), short, { tracking: request(file), reporter });
    expect(summary.steps).toBeGreaterThan(0);
    expect(warnings.filter((warning) => warning.includes('left out of the rest of the run'))).toHaveLength(2);
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
      reseal(folder);
    };
    await spoil((folder) => truncate(join(folder, 'model.safetensors'), 1000), 'index-damaged');
    await spoil((folder) => rm(join(folder, 'model.safetensors')), 'index-missing');
    await spoil((folder) => truncate(partFile(join(folder, 'catalogue'), 'pixels'), 1000), 'index-damaged');
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
    reseal(index);
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
