import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgressEvent, silentReporter } from '@neurodex/core';
import type { Role } from '@neurodex/datasets';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { pictureQueries } from '../query/query.ts';
import type { System } from '../query/system.ts';
import { evaluateInFull, evaluateSystems } from './compare.ts';
import { evaluateSystem } from './evaluate.ts';
import { type EvaluationQuery, type PictureEvaluationQuery, queriesOf } from './queries.ts';
import { rankAsTrec } from './ranking.ts';
import { parseMeasure } from './registry.ts';
import { knownRelevantRows, relevantRows } from './relevance.ts';
import { scoreRun } from './score-run.ts';
import { escapeName } from './trec-names.ts';
import { readQrels, readRun } from './trec-read.ts';

const SIZE = 2;
const BYTES = SIZE * SIZE * 3;

/** Rows in order; the first byte of a picture is its row. */
function storeOf(rows: readonly (readonly [path: string, labels: string[], role: Role])[], hasClasses = true) {
  const pixels = new Uint8Array(rows.length * BYTES);
  rows.forEach((_, row) => {
    pixels.fill(row * 10, row * BYTES, (row + 1) * BYTES);
  });
  const pictures: StoredPicture[] = rows.map(([path, labels, role], row) => ({ row, id: row, path, labels, role }));
  return {
    size: SIZE,
    ...partsOf(pictures),
    hasClasses,
    notices: [],
    skipped: [],
    pixels,
    ...noThumbnail,
  } satisfies PictureStore;
}

const classes = storeOf([
  ['cat/a.png', ['cat'], 'catalogue'],
  ['cat/q 1.png', ['cat'], 'test'],
  ['dog/a.png', ['dog'], 'catalogue'],
  ['both.png', ['cat', 'dog'], 'catalogue'],
  ['dog/q.png', ['dog'], 'test'],
  ['emu/q.png', ['emu'], 'test'],
  ['dog/v.png', ['dog'], 'validation'],
  ['cat/t.png', ['cat'], 'train'],
  ['cat/b.png', ['cat'], 'catalogue'],
]);

/** Answers each query with the same ranking, or by the first byte of the picture. */
function systemOf(
  name: string,
  scoreOf: (row: number, firstByte: number) => number,
  { memorises = false, store = classes }: { memorises?: boolean; store?: PictureStore } = {},
): System & { readonly calls: [pictures: number, k: number][] } {
  const calls: [number, number][] = [];
  return {
    name,
    memorises,
    calls,
    async close() {},
    async rank(queries, k) {
      calls.push([queries.length, k]);
      return pictureQueries(queries).map(({ pixels }) =>
        store.rows
          .filter(({ role }) => role === 'catalogue')
          .map(({ row }) => ({ row, score: scoreOf(row, pixels[0] as number) }))
          .sort((a, b) => b.score - a.score || a.row - b.row)
          .slice(0, k),
      );
    },
  };
}

const nearest = (row: number, firstByte: number) => -Math.abs(row * 10 - firstByte);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-evaluation-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('what is asked of a system', () => {
  const told = () => {
    const progress: [number, number][] = [];
    const warned: string[] = [];
    const reporter = {
      ...silentReporter,
      progress: ({ done, total = 0 }: ProgressEvent) => void progress.push([done, total]),
      warn: (message: string) => warned.push(message),
    };
    return { progress, warned, reporter };
  };
  /** cat/q 1.png and dog/q.png; emu/q.png has nothing relevant. */
  const queries = queriesOf(classes, 'test');
  const measured = (query: EvaluationQuery) => query.relevant.size > 0;

  test('are the catalogue pictures alone, for measures of the indexing task alone', async () => {
    const system = systemOf('s', nearest, { memorises: true });
    const { progress, warned, reporter } = told();
    const ranked: string[] = [];
    const { metrics, perQuery } = await evaluateSystem({
      system,
      store: classes,
      queries,
      measures: [parseMeasure('IA@1')],
      reporter,
      onRanking: (_, query) => ranked.push(query.name),
    });
    expect(system.calls).toEqual([[4, 1]]);
    expect(progress).toEqual([1, 2, 3, 4].map((done) => [done, 4]));
    expect([metrics, perQuery.get('IA@1')?.size, ranked, warned]).toEqual([{ 'IA@1': 1 }, 4, [], []]);
  });

  test('are the queries too for other measures, in batches; those of no relevant picture are warned about', async () => {
    const system = systemOf('s', nearest, { memorises: true });
    const { progress, warned, reporter } = told();
    const measures = [parseMeasure('RR'), parseMeasure('IA@1')];
    await evaluateSystem({ system, store: classes, queries, measures, batchSize: 2, reporter });
    expect(system.calls).toEqual([
      [2, 4],
      [1, 4],
      [2, 1],
      [2, 1],
    ]);
    expect(progress.at(-1)).toEqual([7, 7]);
    expect(warned).toEqual([expect.stringMatching(/^1 of 3 queries have no relevant picture/)]);
  });

  test('are not warned about where all have a relevant picture', async () => {
    const { warned, reporter } = told();
    const all = queries.filter(measured);
    await evaluateSystem({ system: systemOf('s', nearest), store: classes, queries: all, reporter });
    expect(warned).toEqual([]);
  });
});

describe('relevantRows', () => {
  test('catalogue pictures that share a label', () => {
    const rows = (path: string) => {
      const picture = classes.rows.find((one) => one.path === path) as StoredPicture;
      return [...relevantRows(classes, picture)].sort();
    };
    expect(rows('cat/q 1.png')).toEqual([0, 3, 8]);
    expect(rows('both.png')).toEqual([0, 2, 3, 8]);
    expect(rows('emu/q.png')).toEqual([]);
  });

  test('queries of one class share a set', () => {
    const [first, second] = classes.rows.filter(({ labels }) => labels.join() === 'dog');
    expect(relevantRows(classes, first as StoredPicture)).toBe(relevantRows(classes, second as StoredPicture));
  });

  test('in a flat folder a picture is its own relevant set', () => {
    const flat = storeOf(
      [
        ['a.png', [], 'catalogue'],
        ['b.png', [], 'catalogue'],
      ],
      false,
    );
    expect([...relevantRows(flat, flat.rows[1] as StoredPicture)]).toEqual([1]);
  });

  test('is known for every query with classes, and in a flat folder for catalogue pictures only', () => {
    const label = { labels: ['cat'], row: 1, role: 'test' } as const;
    expect([...(knownRelevantRows(classes, label) ?? [])].sort()).toEqual([0, 3, 8]);
    const flat = {
      hasClasses: false,
      rows: [
        { row: 0, labels: [], role: 'catalogue' },
        { row: 1, labels: [], role: 'test' },
      ],
    } as const;
    expect([...(knownRelevantRows(flat, flat.rows[0]) ?? [])]).toEqual([0]);
    expect(knownRelevantRows(flat, flat.rows[1])).toBeNull();
  });
});

describe('queriesOf', () => {
  test('the pictures of a split, named by their path', () => {
    const queries = queriesOf(classes, 'test');
    expect(queries.map(({ name }) => name)).toEqual(['cat/q 1.png', 'dog/q.png', 'emu/q.png']);
    expect(queries[1]?.pixels).toEqual(new Uint8Array(BYTES).fill(40));
    expect(queriesOf(classes, 'train').map(({ name }) => name)).toEqual(['cat/t.png']);
  });

  test('augmented views of a flat folder: the same every time, another role another view', () => {
    const size = 16;
    const names = ['a.png', 'b.png', 'c.png'];
    const pixels = Uint8Array.from({ length: names.length * size * size * 3 }, (_, i) => (i * i * 31) % 256);
    const pictures: StoredPicture[] = names.map((path, row) => ({ row, id: row, path, labels: [], role: 'catalogue' }));
    const flat: PictureStore = {
      size,
      ...partsOf(pictures),
      hasClasses: false,
      notices: [],
      skipped: [],
      pixels,
      ...noThumbnail,
    };
    const queries = queriesOf(flat, 'test');
    expect(queries.map(({ name, relevant }) => [name, [...relevant]])).toEqual([
      ['a.png#view', [0]],
      ['b.png#view', [1]],
      ['c.png#view', [2]],
    ]);
    const before = pixels.slice();
    const bytes = (all: PictureEvaluationQuery[]) => all.map((query) => [...query.pixels]);
    const views = bytes(queries);
    expect(bytes(queriesOf(flat, 'test'))).toEqual(views);
    expect(bytes(queriesOf(flat, 'validation'))).not.toEqual(views);
    views.forEach((view, i) => {
      expect(view.length).toBe(size * size * 3);
      expect(view).not.toEqual([...before.subarray(i * view.length, (i + 1) * view.length)]);
    });
    expect(pixels).toEqual(before);
  });
});

describe('evaluateSystem', () => {
  const options = { store: classes, queries: queriesOf(classes, 'test') };
  const measures = (...texts: string[]) => texts.map(parseMeasure);

  test('figures by hand', async () => {
    // Always both.png, dog/a.png, cat/b.png, cat/a.png. Relevant to cat/q: 1st, 3rd, 4th; to dog/q: 1st and 2nd.
    const order = [3, 2, 8, 0];
    const system = systemOf('constant', (row) => -order.indexOf(row));
    const { metrics, perQuery, rankings } = await evaluateSystem({
      ...options,
      system,
      measures: measures('P@2', 'AP', 'R@2', 'RR', 'Success@1', 'Rprec', 'IA@1'),
    });
    const expected = {
      'P@2': (1 / 2 + 1) / 2,
      AP: ((1 + 2 / 3 + 3 / 4) / 3 + 1) / 2,
      'R@2': (1 / 3 + 1) / 2,
      RR: 1,
      'Success@1': 1,
      Rprec: (2 / 3 + 1) / 2,
    };
    expect(Object.keys(metrics)).toEqual(Object.keys(expected));
    for (const [label, value] of Object.entries(expected)) expect(metrics[label]).toBeCloseTo(value, 12);
    expect(perQuery.get('R@2')).toEqual(
      new Map([
        ['cat/q 1.png', 1 / 3],
        ['dog/q.png', 1],
      ]),
    );
    expect(rankings).toEqual([]);
  });

  test('full rankings in batches, best first, ties by name descending', async () => {
    const system = systemOf('ties', (row) => (row === 2 ? 1 : 0));
    const { rankings } = await evaluateSystem({ ...options, system, batchSize: 2, keepRankings: true });
    expect(system.calls).toEqual([
      [2, 4],
      [1, 4],
    ]);
    expect(rankings.map(({ query }) => query)).toEqual(['cat/q 1.png', 'dog/q.png', 'emu/q.png']);
    for (const { rows, scores } of rankings) {
      expect([...rows]).toEqual([2, 8, 0, 3]);
      expect([...scores]).toEqual([1, 0, 0, 0]);
    }
  });

  test('asks a system that memorises for no more than the measures look at, and others for all', async () => {
    const asked = async (
      memorises: boolean,
      more: Partial<Parameters<typeof evaluateSystem>[0]>,
      ...texts: string[]
    ) => {
      const system = systemOf('s', nearest, { memorises });
      await evaluateSystem({ ...options, system, measures: measures(...texts), ...more });
      return system.calls.map(([, k]) => k);
    };
    expect(await asked(true, {}, 'P@1', 'AP@2')).toEqual([2]);
    expect(await asked(true, {}, 'P@1', 'R@100')).toEqual([4]);
    expect(await asked(true, {}, 'P@1', 'RR')).toEqual([4]);
    expect(await asked(true, { keepRankings: true }, 'P@1')).toEqual([4]);
    expect(await asked(true, { onRanking: () => {} }, 'P@1')).toEqual([4]);
    expect(await asked(false, {}, 'P@1')).toEqual([4]);
    // The same figures, whether the rest of the ranking is there or not.
    const figures = async (memorises: boolean) =>
      (
        await evaluateSystem({
          ...options,
          system: systemOf('s', nearest, { memorises }),
          measures: measures('P@2', 'AP@2'),
        })
      ).metrics;
    expect(await figures(true)).toEqual(await figures(false));
  });

  test('indexing accuracy shows the catalogue to a system that memorises', async () => {
    // cat/b.png is taken for dog/a.png; both.png comes second to cat/a.png.
    const mistaken = (row: number, firstByte: number) => {
      if (firstByte === 80) return row === 2 ? 0 : nearest(row, firstByte) - 1;
      if (firstByte === 30) return row === 0 ? 0 : nearest(row, firstByte) - 1;
      return nearest(row, firstByte);
    };
    const system = systemOf('dsi', mistaken, { memorises: true });
    const { metrics, perQuery } = await evaluateSystem({
      ...options,
      system,
      measures: measures('IA@1', 'IA@2', 'RR'),
    });
    expect(Object.keys(metrics)).toEqual(['IA@1', 'IA@2', 'RR']);
    expect(metrics['IA@1']).toBe(0.5);
    expect(metrics['IA@2']).toBe(1);
    expect(perQuery.get('IA@1')).toEqual(
      new Map([
        ['cat/a.png', 1],
        ['dog/a.png', 1],
        ['both.png', 0],
        ['cat/b.png', 0],
      ]),
    );
    expect(system.calls).toEqual([
      [3, 4],
      [4, 2],
    ]);
  });

  test('indexing accuracy alone needs no query', async () => {
    const system = systemOf('dsi', nearest, { memorises: true });
    const { metrics } = await evaluateSystem({ store: classes, queries: [], system, measures: measures('IA@1') });
    expect(metrics).toEqual({ 'IA@1': 1 });
  });

  test('tells of progress and of queries without a relevant picture', async () => {
    const warnings: string[] = [];
    const progress: number[] = [];
    await evaluateSystem({
      ...options,
      system: systemOf('pixels', nearest),
      reporter: {
        info() {},
        warn: (message) => warnings.push(message),
        progress: ({ done, total }) => progress.push(done / (total ?? 0)),
      },
    });
    expect(warnings).toEqual([expect.stringContaining('1 of 3 queries')]);
    expect(warnings[0]).toContain('emu/q.png');
    expect(progress).toEqual([1 / 3, 2 / 3, 1]);
  });

  test('no query to measure is an error that says why', async () => {
    const system = systemOf('pixels', nearest);
    await expect(evaluateSystem({ ...options, queries: [], system })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no pictures'),
    });
    const [, , emu] = options.queries;
    await expect(evaluateSystem({ ...options, queries: [emu as EvaluationQuery], system })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('none of the 1'),
    });
  });

  test('a score that is not a number is an error that names the picture', async () => {
    const system = systemOf('dsi', (row) => (row === 2 ? Number.NaN : 0));
    await expect(evaluateSystem({ ...options, system })).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining('dog/a.png'),
    });
  });

  test.each([
    ['twice', [0, 0], 'twice'],
    ['that is a query', [1], 'row 1'],
    ['that does not exist', [99], 'row 99'],
  ])('an answer %s is a fault of the system', async (_, rows, message) => {
    const system: System = {
      name: 'broken',
      memorises: false,
      rank: async (queries) => queries.map(() => rows.map((row) => ({ row, score: 0 }))),
      async close() {},
    };
    await expect(evaluateSystem({ ...options, system })).rejects.toThrow(message);
  });
});

describe('evaluateSystems', () => {
  const dsi = () => systemOf('dsi', nearest, { memorises: true });
  const pixels = () => systemOf('pixels', (row) => (row === 2 ? 1 : 0));

  test('gives the figures of each system, indexing accuracy only where it applies', async () => {
    const result = await evaluateSystems({
      store: classes,
      queries: queriesOf(classes, 'test'),
      systems: [dsi(), pixels()],
    });
    const shared = ['P@10', 'AP@10', 'R@10', 'R@100', 'RR', 'Success@1', 'Success@10'];
    expect(result).toMatchObject({ catalogue: 4, queries: 2 });
    expect(Object.keys(result)).toEqual([
      'catalogue',
      'queries',
      'withoutRelevant',
      'protocol',
      'systems',
      'intervals',
    ]);
    expect(result).toMatchObject({ withoutRelevant: 1, protocol: 'full' });
    for (const [name, metrics] of Object.entries(result.systems)) {
      expect(Object.keys(result.intervals[name] ?? {})).toEqual(Object.keys(metrics));
      for (const [label, figure] of Object.entries(metrics)) {
        const [low = 2, high = -1] = result.intervals[name]?.[label] ?? [];
        expect(low).toBeLessThanOrEqual(figure);
        expect(high).toBeGreaterThanOrEqual(figure);
      }
    }
    expect(Object.keys(result.systems)).toEqual(['dsi', 'pixels']);
    expect(Object.keys(result.systems.dsi ?? {})).toEqual(['IA@1', 'IA@5', ...shared]);
    expect(Object.keys(result.systems.pixels ?? {})).toEqual(shared);
    expect(result.systems.dsi?.['IA@1']).toBe(1);
    for (const metrics of Object.values(result.systems)) {
      for (const figure of Object.values(metrics)) expect(Number.isFinite(figure)).toBe(true);
    }
  });

  test('the TREC files give the same figures, and hold full rankings of every query', async () => {
    const out = join(folder, 'new', 'trec');
    const queries = queriesOf(classes, 'test');
    const result = await evaluateSystems({ store: classes, queries, systems: [dsi(), pixels()], trec: out });
    expect((await readdir(out)).sort()).toEqual(['files.json', 'qrels.txt', 'run-dsi.txt', 'run-pixels.txt']);
    const qrels = await readQrels(join(out, 'qrels.txt'));
    expect([...(qrels.get('cat/q%201.png') ?? [])].sort()).toEqual([
      ['both.png', 1],
      ['cat/a.png', 1],
      ['cat/b.png', 1],
    ]);
    for (const [system, metrics] of Object.entries(result.systems)) {
      const path = join(out, `run-${system}.txt`);
      const run = await readRun(path);
      expect([...run].map(([query, answers]) => [query, answers.length])).toEqual(
        queries.map(({ name }) => [escapeName(name), 4]),
      );
      const measures = Object.keys(metrics).filter((label) => !label.startsWith('IA'));
      for (const [label, { mean }] of scoreRun(qrels, run, measures.map(parseMeasure))) {
        expect(mean).toBeCloseTo(metrics[label] as number, 12);
      }
      expect(await readFile(path, 'utf8')).toMatch(/^cat\/q%201\.png Q0 /);
    }
  });

  test('a file in the place of the folder is an error', async () => {
    const out = join(folder, 'file');
    await writeFile(out, '');
    const options = { store: classes, queries: queriesOf(classes, 'test'), systems: [pixels()], trec: out };
    await expect(evaluateSystems(options)).rejects.toMatchObject({ code: 'output-unwritable' });
  });

  test('warns of queries without a relevant picture once, not once per system', async () => {
    const warnings: string[] = [];
    await evaluateSystems({
      store: classes,
      queries: queriesOf(classes, 'test'),
      systems: [dsi(), pixels()],
      reporter: { ...silentReporter, warn: (message) => warnings.push(message) },
    });
    expect(warnings.filter((warning) => warning.includes('no relevant picture'))).toHaveLength(1);
  });

  test('warns where a cut-off reaches the end of the catalogue', async () => {
    const warnings: string[] = [];
    await evaluateSystems({
      store: classes,
      queries: queriesOf(classes, 'test'),
      systems: [pixels()],
      measures: ['P@3', 'R@4', 'AP@10', 'Success@100', 'RR'].map(parseMeasure),
      reporter: { ...silentReporter, warn: (message) => warnings.push(message) },
    });
    expect(warnings.at(-1)).toContain('R@4, Success@100 look at all of them');
  });

  test('the notebook protocol draws ten queries that can be measured, the same for the same seed', async () => {
    const many = storeOf([
      ['a.png', ['x'], 'catalogue'],
      ['b.png', ['y'], 'catalogue'],
      ...Array.from(
        { length: 23 },
        (_, i) => [`q${i}.png`, [i % 5 === 0 ? 'nobody' : i % 2 === 0 ? 'x' : 'y'], 'test'] as const,
      ).map(([path, labels, role]) => [path, [...labels], role] as [string, string[], Role]),
    ]);
    const system = () => systemOf('pixels', nearest, { store: many });
    const evaluate = (seed: number) =>
      evaluateInFull({
        store: many,
        queries: queriesOf(many, 'test'),
        systems: [system()],
        protocol: 'notebook',
        seed,
      });
    const { comparison, evaluations } = await evaluate(1);
    expect(comparison).toMatchObject({ queries: 10, withoutRelevant: 5, protocol: 'notebook' });
    expect(Object.keys(comparison.systems.pixels ?? {})).toEqual(['P@10', 'P@100', 'R@10', 'R@100']);
    const asked = [...(evaluations[0]?.perQuery.get('P@10') ?? new Map<string, number>()).keys()];
    expect(asked).toHaveLength(10);
    const again = async (seed: number) => [
      ...((await evaluate(seed)).evaluations[0]?.perQuery.get('P@10') ?? new Map<string, number>()).keys(),
    ];
    expect(await again(1)).toEqual(asked);
    expect(await again(2)).not.toEqual(asked);
  });
});

test('answers are ranked as trec_eval ranks them, whatever order and scores a system gives', async () => {
  const rows: (readonly [string, string[], Role])[] = ['é', 'a', 'B', '𝒳', 'z z', 'b', '\uffee', '%'].map((name) => [
    name,
    ['x'],
    'catalogue',
  ]);
  const names = storeOf([...rows, ['q', ['x'], 'test']]);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]),
      fc.array(fc.constantFrom(0, 1, -1, Infinity, -Infinity, 0.5), { minLength: 8, maxLength: 8 }),
      async (order, scores) => {
        const answers = order.map((row) => ({ row, score: scores[row] as number }));
        const system: System = { name: 'any', memorises: false, rank: async () => [answers], close: async () => {} };
        const options = { store: names, queries: queriesOf(names, 'test'), system, keepRankings: true };
        const [ranking] = (await evaluateSystem(options)).rankings;
        const expected = rankAsTrec(
          answers.map(({ row, score }) => ({ document: names.rows[row]?.path ?? '', row, score })),
        );
        expect([...(ranking?.rows ?? [])]).toEqual(expected.map(({ row }) => row));
        expect([...(ranking?.scores ?? [])]).toEqual(expected.map(({ score }) => score));
      },
    ),
  );
});
