import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { distinctScores, printScore, rankAsTrec, type ScoredDocument } from './ranking.ts';
import { parseQrels, parseRun, readRun, writeQrels, writeRun } from './trec.ts';
import { escapeName, unescapeName } from './trec-names.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-trec-'));
});
afterAll(() => rm(folder, { recursive: true }));

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
        expect(unescapeName(escaped)).toBe(name);
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
          expect([...read.keys()]).toEqual(answered.map(({ query }) => query));
          for (const { query, answers: given } of answered) {
            expect(read.get(query)?.map(({ document }) => document)).toEqual(
              rankAsTrec(given).map(({ document }) => document),
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
    ['q Q0 a b 1 0.5 tag', '7 fields'],
    ['q Q0 a 1 half tag', 'score half'],
    ['q Q0 a 1 nan tag', 'score nan'],
    ['q Q0 a 1 0x10 tag', 'score 0x10'],
    ['q Q0 50%.png 1 0.5 tag', '50%.png'],
    ['q Q0 ok 3 0.5 tag', 'answered twice'],
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
          const expected = new Map(judgements.map(({ query, grades }) => [query, grades]));
          expect(parseQrels(await readFile(path, 'utf8'), path)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['q 0 a', '3 fields'],
    ['q 0 a 1.5', 'grade 1.5'],
    ['q 0 a yes', 'grade yes'],
    ['q 0 ok 0', 'judged twice'],
    ['q 0 %zz 0', '%zz'],
  ])('%j is malformed: %s', (line, problem) => {
    const parse = () => parseQrels(`q 0 ok 1\n${line}`, 'qrels.txt');
    expect(parse).toThrow(problem);
    expect(parse).toThrowError(
      expect.objectContaining({ code: 'trec-malformed', message: expect.stringMatching(/^qrels\.txt, line 2: /) }),
    );
  });
});
