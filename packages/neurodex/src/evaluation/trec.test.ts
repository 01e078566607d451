import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { distinctScores, printScore, rankAsTrec, type ScoredDocument } from './ranking.ts';
import { parseMeasure } from './registry.ts';
import { evaluateRuns } from './runs.ts';
import { writeQrels, writeRun } from './trec.ts';
import { LineCutter } from './trec-lines.ts';
import { escapeName } from './trec-names.ts';
import { atof, atol } from './trec-numbers.ts';
import { parseQrels, parseRun, readQrels, readRun, shownName } from './trec-read.ts';
import { TrecTable } from './trec-table.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-trec-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a file has for a name, whose bytes are its characters when it is read. */
const written = (name: string): string => Buffer.from(escapeName(name)).toString('latin1');

/** Any Unicode path, and paths of the characters that matter here. */
const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom(
      ' ',
      '\t',
      '\n',
      '\u00a0',
      '\u2028',
      '\ufeff',
      '\u0085',
      '\0',
      '#',
      '%',
      '2',
      '0',
      'é',
      '😀',
      '\uffee',
    ),
    minLength: 1,
    maxLength: 8,
  }),
);
const scores = fc.oneof(
  fc.constantFrom(0, -0, 0.5, -1, 1e-45, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.double({ noNaN: true }),
);
const answers: fc.Arbitrary<ScoredDocument[]> = fc.uniqueArray(fc.record({ document: names, score: scores }), {
  selector: ({ document }) => document,
  maxLength: 20,
});

describe('names', () => {
  test('come back as they were, in one field that is no comment', () =>
    fc.assert(
      fc.property(names, (name) => {
        const escaped = escapeName(name);
        expect(decodeURIComponent(escaped)).toBe(name);
        expect(escaped).not.toMatch(/[\s\p{Cc}]|^#/u);
      }),
      { numRuns: 500 },
    ));

  test.each([
    ['class/my cat.png', 'class/my%20cat.png'],
    ['100%.png', '100%25.png'],
    ['a\u00a0b', 'a%C2%A0b'],
    ['#1/a#2', '%231/a#2'],
    ['été/日本.png', 'été/日本.png'],
  ])('%j is written %s', (name, escaped) => {
    expect(escapeName(name)).toBe(escaped);
  });
});

describe('rankAsTrec', () => {
  test('score descending, then name descending by bytes, as trec_eval', () => {
    const ranked = rankAsTrec([
      { document: 'a', score: 1 },
      { document: 'Z', score: 1 },
      { document: 'b', score: 1 },
      { document: 'c', score: 2 },
      // Bytes of UTF-8: EF BF AE against F0 9F 98 80; UTF-16 would order them the other way round.
      { document: '\uffee', score: 0 },
      { document: '\u{1f600}', score: -0 },
      // Written 'x%20' and 'x!': the order is that of the written names.
      { document: 'x ', score: -1 },
      { document: 'x!', score: -1 },
    ]);
    expect(ranked.map(({ document }) => document)).toEqual(['c', 'b', 'a', 'Z', '\u{1f600}', '\uffee', 'x ', 'x!']);
  });

  test('a score that is not a number is refused', () => {
    expect(() => rankAsTrec([{ document: 'a', score: Number.NaN }])).toThrow(RangeError);
  });
});

describe('distinctScores', () => {
  test('strictly fall, as printed, in single and in double precision', () =>
    fc.assert(
      fc.property(fc.array(scores, { maxLength: 50 }), (unordered) => {
        const printed = distinctScores([...unordered].sort((a, b) => (a === b ? 0 : b - a)))
          .map(printScore)
          .map(Number);
        for (let i = 0; i < printed.length; i++) {
          expect(Number.isFinite(printed[i])).toBe(true);
          if (i === 0) continue;
          expect(printed[i]).toBeLessThan(printed[i - 1] as number);
          expect(Math.fround(printed[i] as number)).toBeLessThan(Math.fround(printed[i - 1] as number));
        }
      }),
      { numRuns: 500 },
    ));

  test('stay what they are where they differ', () => {
    expect(distinctScores([0.5, 0.25, -3])).toEqual([0.5, 0.25, -3]);
    const [first, second] = distinctScores([0.5, 0.5]);
    expect(first).toBe(0.5);
    expect(second).toBeCloseTo(0.5, 6);
  });
});

describe('run files', () => {
  test('come back with the same queries and the same order', async () => {
    const path = join(folder, 'round-trip.txt');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.record({ query: names, answers }), { selector: ({ query }) => query, maxLength: 4 }),
        async (rankings) => {
          await writeRun(path, 'my system', rankings);
          const read = await readRun(path);
          const answered = rankings.filter(({ answers: any }) => any.length > 0);
          expect([...read.keys()]).toEqual(answered.map(({ query }) => written(query)));
          for (const { query, answers: given } of answered) {
            expect(read.get(written(query))?.map(({ document }) => document)).toEqual(
              rankAsTrec(given).map(({ document }) => written(document)),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('are lines of query, Q0, document, rank, score and tag', async () => {
    const path = join(folder, 'run.txt');
    await writeRun(path, 'dsi', [
      {
        query: 'cat/q 1.png',
        answers: [
          { document: 'cat/b.png', score: -2.25 },
          { document: 'cat/a.png', score: -0.125 },
        ],
      },
    ]);
    expect(await readFile(path, 'utf8')).toBe(
      'cat/q%201.png Q0 cat/a.png 1 -0.125 dsi\ncat/q%201.png Q0 cat/b.png 2 -2.25 dsi\n',
    );
  });

  test('a large one is written whole, and leaves no temporary file', async () => {
    const path = join(folder, 'large.txt');
    const answers = Array.from({ length: 20_000 }, (_, i) => ({ document: `class/picture-${i}.png`, score: -i }));
    await writeRun(path, 'dsi', [{ query: 'q', answers }]);
    expect((await readRun(path)).get('q')?.map(({ document }) => document)).toEqual(
      answers.map(({ document }) => document),
    );
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('an error while writing leaves the file as it was', async () => {
    const path = join(folder, 'kept.txt');
    await writeFile(path, 'before');
    const broken = [{ query: '', answers: [{ document: 'a', score: 1 }] }];
    await expect(writeRun(path, 'dsi', broken)).rejects.toThrow(RangeError);
    expect(await readFile(path, 'utf8')).toBe('before');
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('are read as trec_eval reads them: any white space, comments, blank lines, the rank ignored', () => {
    const run = parseRun('# a comment\n\nq\tQ0  a  1 0.1 x\r\nq Q0 b 2 +1E-1 x\nq Q0 c 3 inf x', 'run.txt');
    expect(run.get('q')?.map(({ document }) => document)).toEqual(['c', 'b', 'a']);
  });

  test.each([
    ['q Q0 a 1 0.5', '5 fields'],
    ['q Q0 a 1 0.5   ', '5 fields'],
    ['q', '1 fields'],
    ['q Q0 a 1 nan tag', 'score nan'],
    ['q Q0 a 1 -NaN(0x7) tag', 'score -NaN(0x7)'],
    ['q Q0 a\0b 1 1 tag', 'NUL character'],
  ])('%j is malformed: %s', (line, problem) => {
    expect(() => parseRun(`q Q0 ok 1 0.5 tag\n${line}\n`, 'some/run.txt')).toThrowError(
      expect.objectContaining({
        code: 'trec-malformed',
        message: expect.stringMatching(/^some\/run\.txt, line 2: /),
        details: { file: 'some/run.txt', line: 2 },
      }),
    );
    expect(() => parseRun(`q Q0 ok 1 0.5 tag\n${line}\n`, 'run.txt')).toThrow(problem);
  });

  test('a file that is not there is named', async () => {
    const path = join(folder, 'none.txt');
    await expect(readRun(path)).rejects.toMatchObject({ code: 'source-missing', details: { path } });
  });
});

/** trec_eval 10.0 prints the same of every one of these files: `trec_eval -c -m P.1 -m map qrels run`. */
describe('files that trec_eval 10 accepts', () => {
  const judge = (run: string | Uint8Array, qrels: string | Uint8Array, warn: (message: string) => void = () => {}) => {
    const measures = ['P@1', 'AP'].map(parseMeasure);
    const reporter = { ...silentReporter, warn };
    const runs = new Map([['run', parseRun(run, 'run.txt')]]);
    const options = { qrels: parseQrels(qrels, 'qrels.txt'), qrelsFile: 'qrels.txt', runs, measures, reporter };
    return evaluateRuns(options).comparison;
  };

  test.each([
    [
      'a tag of several words',
      'q1 Q0 d1 1 2.0 my tag\nq1 Q0 d2 2 1.0 my tag\nq2 Q0 d1 1 1 my tag\n',
      'q1 0 d1 1\nq1 0 d2 0\nq2 0 d1 1\n',
    ],
    ['a % in a name', 'q1 Q0 100%.jpg 1 2.0 t\nq1 Q0 d2 2 1.0 t', 'q1 0 100%.jpg 1\nq1 0 d2 0\n'],
    ['names that decode to the same', 'q1 Q0 a%41 1 2 t\nq1 Q0 aA 2 1 t', 'q1 0 a%41 1\nq1 0 aA 0\n'],
    [
      'names in Latin-1',
      Buffer.from('q1 Q0 caf\xe9 1 2 t\nq1 Q0 caf\xea 2 1 t\n', 'latin1'),
      Buffer.from('q1 0 caf\xe9 1\nq1 0 caf\xea 0\n', 'latin1'),
    ],
    [
      'CRLF, tabs, blank lines and no last line feed',
      '\r\n  \nq1\tQ0\t  d1\v1\f2.0 t\r\n\t# told\nq1 Q0 d2 2 1.0 t',
      'q1  0\td1 1 \r\nq1 0 d2 0',
    ],
    [
      'hexadecimal and infinite scores',
      'q1 Q0 d1 1 0x1p4 t\nq1 Q0 d2 2 15.9 t\nq1 Q0 d3 3 -INFINITY t',
      'q1 0 d1 1\nq1 0 d2 0\n',
    ],
    ['grades that are negative and huge', 'q1 Q0 d1 1 2 t\nq1 Q0 d2 2 1 t', 'q1 0 d2 -2\nq1 0 d1 +99\n'],
    [
      'a document twice for a query that nobody judged',
      'q1 Q0 d1 1 2 t\nq9 Q0 d1 1 2 t\nq9 Q0 d1 1 2 t',
      'q1 0 d1 1\n',
    ],
    ['a byte order mark', '\ufeffq1 Q0 d1 1 2 t\n', '\ufeffq1 0 d1 1\n'],
  ])('%s', (_, run, qrels) => {
    expect(judge(run, qrels).systems.run).toEqual({ 'P@1': 1, AP: 1 });
  });

  test('a number with something behind it is read as C does, and told', () => {
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const runs = Buffer.from('q Q0 a 1 1,5 t\nq Q0 b 2 half t\nq Q0 c 3 1.5e t\n');
    const run = parseRun(runs, 'run.txt', { warn });
    expect(run.get('q')).toEqual([
      { document: 'c', score: 1.5 },
      { document: 'a', score: 1 },
      { document: 'b', score: 0 },
    ]);
    expect(judge(runs, 'q 0 a 1.9\nq 0 b yes\n').systems.run).toEqual({ 'P@1': 0, AP: 0.5 });
    expect(parseQrels('q 0 a 1.9\nq 0 b yes', 'qrels.txt', { warn }).get('q')).toEqual(
      new Map([
        ['a', 1],
        ['b', 0],
      ]),
    );
    expect(warnings).toEqual([
      'run.txt, line 1: the score "1,5" is read as 1, as trec_eval does, and 2 more like it',
      'qrels.txt, line 1: the grade "1.9" is read as 1, as trec_eval does, and 1 more like it',
    ]);
  });

  test('a document twice is refused where it counts, naming both lines', () => {
    const refused = (run: string, qrels: string) => () => judge(run, qrels);
    const sound = 'q Q0 ok 1 1 t\n';
    expect(refused(`${sound}q Q0 b 2 1 t\nq Q0 ok 3 0 t`, 'q 0 ok 1')).toThrow(
      'run.txt, line 3: ok is answered twice for the query q, first in line 1',
    );
    expect(refused(sound, 'q 0 ok 1\nq 0 ok 0')).toThrow('qrels.txt, line 2: ok is judged twice for the query q');
    // Nobody answers the query r, and without -c trec_eval does not look at it.
    expect(judge(sound, 'q 0 ok 1\nr 0 a 1\nr 0 a 1').systems.run).toEqual({ 'P@1': 0.5, AP: 0.5 });
  });

  test('the order of names is that of their bytes', () => {
    const run = parseRun(Buffer.from('q Q0 a\xff 1 1 t\nq Q0 a\x80 2 1 t\nq Q0 ab 3 1 t\n', 'latin1'), 'run.txt');
    expect(run.get('q')?.map(({ document }) => shownName(document))).toEqual(['a\\xFF', 'a\\x80', 'ab']);
    expect(shownName(Buffer.from('été').toString('latin1'))).toBe('été');
  });
});

describe('large files', () => {
  test('lines are put together from pieces of any size, and a long one is cut', () => {
    const lines = [
      'q1 Q0 d1 1 1 t',
      '',
      `# ${'x'.repeat(3_000_000)}`,
      `q1 Q0 d2 2 0.5 ${'t'.repeat(3_000_000)} more`,
      'q2 Q0 d3 1 1 t',
    ];
    const bytes = Buffer.from(lines.join('\n'));
    for (const size of [1, 7, 1 << 20]) {
      if (size === 1 && bytes.length > 1 << 16) continue;
      const seen: [number, number][] = [];
      const cutter = new LineCutter((_, from, to, number) => void seen.push([number, to - from]));
      for (let at = 0; at < bytes.length; at += size) cutter.write(bytes.subarray(at, at + size));
      cutter.end();
      expect(seen).toEqual(lines.map((line, i) => [i + 1, Math.min(line.length, 1 << 20)]));
    }
  });

  test('a row takes little memory', () => {
    const table = new TrecTable();
    const rows = 300_000;
    for (let i = 0; i < rows; i++) table.add(`q${i % 7}`, Buffer.from(`document-${i}`), i, i + 1);
    expect(table.queries.size).toBe(7);
    const third = table.rowsOf('q3');
    expect(third.length).toBe(Math.ceil((rows - 3) / 7));
    expect(
      Array.from(third.subarray(0, 3), (row) => [table.documentOf(row), table.valueOf(row), table.lineOf(row)]),
    ).toEqual([
      ['document-3', 3, 4],
      ['document-10', 10, 11],
      ['document-17', 17, 18],
    ]);
    expect(table.rowsOf('none')).toHaveLength(0);
  });
});

describe('numbers of C', () => {
  // Printed by a C program with glibc's atof and atol.
  test.each([
    ['1', 1, false],
    ['-.5', -0.5, false],
    ['+1E-1', 0.1, false],
    ['5.', 5, false],
    ['1e400', Number.POSITIVE_INFINITY, false],
    ['1e', 1, true],
    ['.', 0, true],
    ['half', 0, true],
    ['inf', Number.POSITIVE_INFINITY, false],
    ['-Infinity', Number.NEGATIVE_INFINITY, false],
    ['infinit', Number.POSITIVE_INFINITY, true],
    ['0x10', 16, false],
    ['-0x1.8p1', -3, false],
    ['0x.8', 0.5, false],
    ['0xg', 0, true],
    ['0x', 0, true],
    ['1_0', 1, true],
    ['0b1', 0, true],
    ['1,5', 1, true],
  ])('atof(%j) is %d', (text, value, rest) => {
    expect(atof(text)).toEqual({ value, rest });
  });

  test.each([
    ['2', 2, false],
    ['+5', 5, false],
    ['-7', -7, false],
    ['1.5', 1, true],
    ['0x10', 0, true],
    ['yes', 0, true],
    ['99999999999999999999', 2 ** 63, false],
    ['-99999999999999999999', -(2 ** 63), false],
  ])('atol(%j) is %d', (text, value, rest) => {
    expect(atol(text)).toEqual({ value, rest });
  });
});

describe('qrels files', () => {
  test('come back as they were', async () => {
    const path = join(folder, 'qrels.txt');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.record({
            query: names,
            grades: fc
              .array(fc.tuple(names, fc.integer({ min: -2, max: 5 })), { minLength: 1, maxLength: 6 })
              .map((pairs) => new Map(pairs)),
          }),
          { selector: ({ query }) => query, maxLength: 4 },
        ),
        async (judgements) => {
          await writeQrels(path, judgements);
          const expected = judgements.map(({ query, grades }) => [
            written(query),
            new Map([...grades].map(([name, grade]) => [written(name), grade])),
          ]);
          expect([...(await readQrels(path))]).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['q 0 a', '3 fields'],
    ['q 0 a 1 more', 'more fields'],
    ['q 0 a\0 1', 'NUL character'],
  ])('%j is malformed: %s', (line, problem) => {
    const parse = () => parseQrels(`q 0 ok 1\n${line}`, 'qrels.txt');
    expect(parse).toThrow(problem);
    expect(parse).toThrowError(
      expect.objectContaining({ code: 'trec-malformed', message: expect.stringMatching(/^qrels\.txt, line 2: /) }),
    );
  });
});
