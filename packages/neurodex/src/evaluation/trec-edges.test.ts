import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { readFileSizes } from '@neurodex/core/storage';
import { describe, expect, it } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf } from '../pictures/picture-store.ts';
import { drawQueries, PROTOCOLS } from './protocol.ts';
import type { EvaluationQuery } from './queries.ts';
import { MEASURES, parseMeasure } from './registry.ts';
import { warnOfDepth } from './summary.ts';
import { LineCutter } from './trec-lines.ts';
import { atof, atol } from './trec-numbers.ts';
import { writeTrec } from './trec-output.ts';
import { parseQrels, parseRun, shownName } from './trec-read.ts';

// The values that glibc's strtod and strtol give.
it.each([
  ['1', 1, false],
  ['-2.5e3', -2500, false],
  ['+.5', 0.5, false],
  ['5.', 5, false],
  ['1e', 1, true],
  ['1e+5x', 1e5, true],
  ['.', 0, true],
  ['x', 0, true],
  ['', 0, false],
  ['0x1F', 31, false],
  ['0x.8', 0.5, false],
  ['-0x1.8p3', -12, false],
  ['0x1p-2z', 0.25, true],
  ['0x0p9', 0, false],
  ['0xg', 0, true],
  ['INF', Infinity, false],
  ['-infinity', -Infinity, false],
  ['+inf', Infinity, false],
  ['infinit', Infinity, true],
  ['nan', Number.NaN, false],
  ['-nan(12)', Number.NaN, false],
  ['NaNx', Number.NaN, true],
])('atof reads %j as %d', (text, value, rest) => {
  expect(atof(text)).toEqual({ value, rest });
});

it.each([
  ['12', 12, false],
  ['-3', -3, false],
  ['+4x', 4, true],
  ['2.0', 2, true],
  ['x', 0, true],
  ['', 0, false],
  ['99999999999999999999', 2 ** 63, false],
  ['-99999999999999999999', -(2 ** 63), false],
])('atol reads %j as %d', (text, value, rest) => {
  expect(atol(text)).toEqual({ value, rest });
});

describe('lines in pieces', () => {
  const linesOf = (text: string, size: number): string[] => {
    const lines: string[] = [];
    const cutter = new LineCutter((bytes, from, to, number) => {
      lines.push(`${number}:${bytes.toString('latin1', from, to)}`);
    });
    for (let at = 0; at < text.length; at += size) cutter.write(Buffer.from(text.slice(at, at + size)));
    cutter.end();
    cutter.end();
    return lines;
  };

  it('are the lines, wherever it is cut', () => {
    for (const text of ['', 'a', 'a\n', '\n', '\n\na', 'ab\ncde\n\nf\r\n g', 'abcdef']) {
      const parts = text.split('\n');
      const expected = (parts.at(-1) === '' ? parts.slice(0, -1) : parts).map((line, i) => `${i + 1}:${line}`);
      for (const size of [1, 2, 3, 100]) expect(linesOf(text, size)).toEqual(expected);
    }
  });

  it('have a mebibyte at most where they are held', () => {
    const [long] = linesOf(`${'x'.repeat(3 * 2 ** 19)}\ny`, 2 ** 19);
    expect(long).toHaveLength(2 ** 20 + 2);
  });
});

describe('files of TREC', () => {
  const refused = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      const { code, message, hint, details } = error as {
        code: string;
        message: string;
        hint: string;
        details: unknown;
      };
      return { code, message, hint, details };
    }
    return undefined;
  };

  it.each([
    ['1 0 a', 'f, line 1: 3 fields where "query 0 document grade" has 4'],
    ['\n1 0 a 1 x', 'f, line 2: more fields where "query 0 document grade" has 4'],
    ['1 0 a 1\0', 'f, line 1: it holds a NUL character, as text in UTF-16 does'],
  ])('judgements %j are refused', (text, message) => {
    expect(refused(() => parseQrels(text, 'f'))).toMatchObject({ code: 'trec-malformed', message });
  });

  it('runs may have more fields than six, and not fewer', () => {
    expect(refused(() => parseRun('1 Q0 a 1 2', 'f'))).toMatchObject({
      message: 'f, line 1: 5 fields where "query Q0 document rank score tag" has 6',
      hint: expect.stringContaining('qrels lines are'),
      details: { file: 'f', line: 1 },
    });
    expect(parseRun('1 Q0 a 1 2 t more and more', 'f').get('1')).toEqual([{ document: 'a', score: 2 }]);
  });

  it('pass over comments, blank lines and a byte order mark, each where trec_eval does', () => {
    const run = parseRun('\ufeff# x\n\n \t\n  # y\n1\tQ0  a 1 2 t\r\n#1 Q0 b 1 2 t\n', 'f');
    expect([...run].map(([query, answers]) => [query, answers.map(({ document }) => document)])).toEqual([
      ['1', ['a']],
    ]);
    expect(parseQrels('\ufeff1 0 a 1', 'f').get('1')?.get('a')).toBe(1);
    expect(refused(() => parseQrels(' # y', 'f'))).toMatchObject({ message: expect.stringContaining('2 fields') });
    expect(parseQrels('', 'f').size).toBe(0);
    expect(parseQrels('1 0 a 1', 'f').get('2')).toBeUndefined();
  });

  it('answers are ordered by score and then by name, falling', () => {
    const run = parseRun('1 Q0 a 1 1 t\n1 Q0 c 1 1 t\n1 Q0 b 1 1 t\n1 Q0 z 1 0 t\n1 Q0 d 9 2 t', 'f');
    expect(run.get('1')?.map(({ document }) => document)).toEqual(['d', 'c', 'b', 'a', 'z']);
  });

  it('refuses a pair that is judged twice, and names both lines', () => {
    const qrels = parseQrels('1 0 a 1\n2 0 a 1\n1 0 a 0\n', 'f');
    expect(qrels.get('1')?.get('a')).toBe(1);
    qrels.refuseTwice?.('2');
    expect(refused(() => qrels.refuseTwice?.('1'))).toMatchObject({
      message: 'f, line 3: a is judged twice for the query 1, first in line 1',
      details: { file: 'f', line: 3 },
    });
  });

  it('numbers that are none are told once, with how many there are', () => {
    const warned: string[] = [];
    const warn = (message: string) => void warned.push(message);
    parseQrels('1 0 a 1\n', 'f', { warn });
    parseQrels('1 0 a 1x\n', 'f', { warn });
    parseQrels('1 0 a 1\n1 0 b y\n1 0 c 2.5\n1 0 d z\n', 'f', { warn });
    parseRun('1 Q0 a 1 0.5.1 t\n', 'f', { warn });
    expect(warned).toEqual([
      'f, line 1: the grade "1x" is read as 1, as trec_eval does',
      'f, line 2: the grade "y" is read as 0, as trec_eval does, and 2 more like it',
      'f, line 1: the score "0.5.1" is read as 0.5, as trec_eval does',
    ]);
  });

  it('names that are no UTF-8 are shown by their bytes', () => {
    expect(shownName(Buffer.from('ä').toString('latin1'))).toBe('ä');
    expect(shownName('caf\xe9\x80\x7f')).toBe('caf\\xE9\\x80\x7f');
  });

  it('are written for each system, and listed', async () => {
    const out = await mkdtemp(join(tmpdir(), 'neurodex-trec-'));
    try {
      const store: PictureStore = {
        size: 1,
        ...partsOf(['a', 'b'].map((path, row) => ({ row, id: row, path, labels: ['x'], role: 'catalogue' as const }))),
        hasClasses: true,
        ...noThumbnail,
        notices: [],
        skipped: [],
        pixels: new Uint8Array(6),
      };
      const query = { kind: 'picture', name: 'q', relevant: new Set([1]) } as unknown as EvaluationQuery;
      const ranking = { query: 'q', rows: Int32Array.of(1, 0), scores: Float64Array.of(0.5, 0.25) };
      const evaluation = { metrics: {}, perQuery: new Map(), rankings: [ranking] };
      const evaluations = ['one', 'two'].map((system) => ({ ...evaluation, system }));
      for (let times = 0; times < 2; times++) await writeTrec(out, { catalogue: store, queries: [query], evaluations });
      const read = (name: string) => readFile(join(out, name), 'utf8');
      expect(await read('qrels.txt')).toBe('q 0 b 1\n');
      expect(await read('run-two.txt')).toBe('q Q0 b 1 0.5 two\nq Q0 a 2 0.25 two\n');
      const listed = (await readFileSizes(out))?.map(({ file }) => file);
      expect(listed).toEqual(['qrels.txt', 'run-one.txt', 'run-two.txt']);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

describe('what is said about measures', () => {
  const warningsOf = (labels: readonly string[], catalogue: number): string[] => {
    const warned: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warned.push(message) };
    warnOfDepth(labels.map(parseMeasure), catalogue, reporter);
    return warned;
  };

  it('is which of them look at the whole catalogue and cannot tell rankings apart', () => {
    expect(warningsOf(['P@10', 'R@9', 'AP', 'AP@10', 'RR'], 11)).toEqual([]);
    const [one] = warningsOf(['P@10', 'P@9', 'RR', 'AP@10'], 10);
    expect(one).toBe('the catalogue has 10 pictures: P@10 looks at all of them and cannot tell rankings apart');
    const [two] = warningsOf(['P@10', 'R@11'], 10);
    expect(two).toBe('the catalogue has 10 pictures: P@10, R@11 look at all of them and cannot tell rankings apart');
  });
});

it.each(['IA', 'Success', 'P'] as const)('without its cut-off, %s is named in the error', (name) => {
  const query = { ranking: ['a'], grades: new Map([['a', 1]]) };
  expect(() => MEASURES[name].compute(query, undefined)).toThrow(new RegExp(`\\b${name}\\b`));
});

describe('the queries of a protocol', () => {
  const queries = Array.from(
    { length: 30 },
    (_, i) => ({ name: String(i), relevant: new Set(i % 3 === 0 ? [] : [i]) }) as unknown as EvaluationQuery,
  );

  it('are all of them, or ten that can be judged, in their order', () => {
    expect(drawQueries(queries, PROTOCOLS.full, 1)).toBe(queries);
    const drawn = drawQueries(queries, PROTOCOLS.notebook, 1);
    expect(drawn).toHaveLength(10);
    expect(drawn.every(({ relevant }) => relevant.size > 0)).toBe(true);
    expect(drawn.map(({ name }) => Number(name))).toEqual(drawn.map(({ name }) => Number(name)).sort((a, b) => a - b));
    expect(drawQueries(queries, PROTOCOLS.notebook, 1)).toEqual(drawn);
    expect(drawQueries(queries, PROTOCOLS.notebook, 2)).not.toEqual(drawn);
    expect(drawQueries(queries.slice(0, 9), PROTOCOLS.notebook, 1)).toHaveLength(6);
  });
});
