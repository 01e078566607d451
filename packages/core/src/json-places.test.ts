import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { JsonProblem, ofOneLine, parseJson, readJson, schemaProblem, whyUnreadable } from './json.ts';
import { captionOf, listed } from './names.ts';
import { Random } from './random.ts';

const problem = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonProblem) return error.message.replace('is not valid JSON: ', '');
    throw error;
  }
  return '';
};
const unclosed = 'a text that is not closed, or has a character that must be escaped';

describe('where text ceases to be JSON', () => {
  it.each([
    ['[', 'it ends where a value or ] should follow (line 1, column 2)'],
    ['{', 'it ends where a key or } should follow (line 1, column 2)'],
    ['{"a"', 'it ends where a colon should follow (line 1, column 5)'],
    ['{"a":', 'it ends where a value should follow (line 1, column 6)'],
    ['{"a":1', 'it ends where a comma or } should follow (line 1, column 7)'],
    ['{"a":1,', 'it ends where a key after the comma should follow (line 1, column 8)'],
    ['[1,', 'it ends where a value after the comma should follow (line 1, column 4)'],
    ['[1 2]', 'line 1, column 4: "2" where a comma or ] should stand'],
    ['[1}', 'line 1, column 3: "}" where a comma or ] should stand'],
    ['{"a":1]', 'line 1, column 7: "]" where a comma or } should stand'],
    ['{]', 'line 1, column 2: "]" where a key or } should stand'],
    ['[}', 'line 1, column 2: "}" where a value or ] should stand'],
    ['{"a"}', 'line 1, column 5: "}" where a colon should stand'],
    ['{"a":}', 'line 1, column 6: "}" where a value should stand'],
    ['{"a"::1}', 'line 1, column 6: ":" where a value should stand'],
    ['{,}', 'line 1, column 2: "," where a key or } should stand'],
    ['[,]', 'line 1, column 2: "," where a value or ] should stand'],
    ['[1]]', 'line 1, column 4: "]" where nothing more should stand'],
    ['1,', 'line 1, column 2: "," where nothing more should stand'],
    ['[[1],[2}]', 'line 1, column 8: "}" where a comma or ] should stand'],
    ['{"a":[1],"b":{"c":2]}', 'line 1, column 20: "]" where a comma or } should stand'],
    ['[{"a":1} 2]', 'line 1, column 10: "2" where a comma or ] should stand'],
    ['{"a":{} "b"}', 'line 1, column 9: "\\"" where a comma or } should stand'],
    ['[+1]', 'line 1, column 2: "+" where a value or ] should stand'],
    ['[.5]', 'line 1, column 2: "." where a value or ] should stand'],
    ['[1.]', 'line 1, column 2: "1" where a value or ] should stand'],
    ['[-]', 'line 1, column 2: "-" where a value or ] should stand'],
    ['[1e]', 'line 1, column 2: "1e" where a value or ] should stand'],
    ['[true, truely]', 'line 1, column 8: "truely" where a value after the comma should stand'],
    ['[nul]', 'line 1, column 2: "nul" where a value or ] should stand'],
    ['[1,\n 2,\n  x]', 'line 3, column 3: "x" where a value after the comma should stand'],
    ['[\r\n\t-0.5E+10, false, null 1]', 'line 2, column 24: "1" where a comma or ] should stand'],
    ['[abcdefghijklmnopqrstuvwxyz]', 'line 1, column 2: "abcdefghijklmnopqrst" where a value or ] should stand'],
    ['[\u{1f600}]', 'line 1, column 2: "\u{1f600}" where a value or ] should stand'],
    ['[$a_1-]', 'line 1, column 2: "$a_1" where a value or ] should stand'],
    ['{"a\\q":1}', `line 1, column 2: ${unclosed}`],
    ['["a\nb"]', `line 1, column 2: ${unclosed}`],
    ['["\\u12g4"]', `line 1, column 2: ${unclosed}`],
    ['["a\\"]', `line 1, column 2: ${unclosed}`],
    ['["a\\\\" 1]', 'line 1, column 8: "1" where a comma or ] should stand'],
    ['["\\"\\/\\b\\f\\n\\r\\t\\u00fF" 1]', 'line 1, column 25: "1" where a comma or ] should stand'],
    ['[1 "a', 'line 1, column 4: "\\"" where a comma or ] should stand'],
  ])('%j', (text, wrong) => expect(problem(text)).toBe(wrong));

  it('is looked for in strings that are not too long', () => {
    expect(problem(`["${'x'.repeat(99_997)}\\q"]`)).toBe(`line 1, column 2: ${unclosed}`);
    expect(problem(`["${'x'.repeat(99_998)}\\q"]`)).toBe('it cannot be read');
    expect(problem(`["${'x'.repeat(200_000)}" 1]`)).toBe('line 1, column 200005: "1" where a comma or ] should stand');
  });

  it('is deeper than 200 levels, in any text that can be so deep', () => {
    const nested = (depth: number, inside = '') => `${'['.repeat(depth)}${inside}${']'.repeat(depth)}`;
    const deep = 'is nested more than 200 levels deep';
    expect(parseJson(nested(200))).toBeInstanceOf(Array);
    expect(problem(nested(201))).toBe(deep);
    expect(problem('['.repeat(201))).toBe(deep);
    expect(problem('['.repeat(200))).toContain('it ends where');
    // Brackets side by side are not nested, nor are those in texts.
    expect(parseJson(`[${Array(300).fill('[{}]').join()}]`)).toHaveLength(300);
    expect(parseJson(JSON.stringify(['[{'.repeat(300), '"]', '\\'.repeat(3)]))).toHaveLength(3);
    expect(problem(`["a\\"", ${nested(200)}]`)).toBe(deep);
    expect(problem(`${'{"a":'.repeat(201)}1${'}'.repeat(201)}`)).toBe(deep);
  });

  it('is told without its line where the text is one of many', () => {
    expect(ofOneLine(new JsonProblem('is not valid JSON: line 1, column 3: "x" where …'))).toBe(
      'is not JSON: column 3: "x" where …',
    );
    expect(ofOneLine(new JsonProblem('it ends (line 1, column 2)'))).toBe('it ends (column 2)');
    expect(ofOneLine(new JsonProblem('line 12, column 2'))).toBe('line 12, column 2');
  });
});

describe('a JSON file', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'neurodex-json-'));
  });
  afterEach(() => rm(root, { recursive: true }));
  const why = (path: string, most?: number): Promise<string> => readJson(path, most).then(() => '', whyUnreadable);

  it('is read up to its largest size, or it is said why not', async () => {
    const path = join(root, 'a.json');
    await writeFile(path, '[1,2]');
    expect(await readJson(path, 5)).toEqual([1, 2]);
    expect(await why(path, 4)).toBe('has 5 bytes, and at most 4 are read');
    expect(await why(join(root, 'none'))).toBe('is not there');
    expect(await why(join(path, 'inside'))).toBe('is not there');
    await mkdir(join(root, 'folder'));
    expect(await why(join(root, 'folder'))).toBe('is a folder');
    expect(whyUnreadable(Object.assign(new Error(), { code: 'EACCES', syscall: 'open' }))).toBe(
      'cannot be read (EACCES)',
    );
    for (const bug of [new TypeError('a bug'), Object.assign(new Error('no call'), { code: 'ENOENT' })])
      expect(() => whyUnreadable(bug)).toThrow(bug);
  });
});

test('what is wrong with a value is said by its key, however deep it is', () => {
  const of = (schema: z.ZodType, value: unknown) => schemaProblem(schema.safeParse(value).error as z.ZodError);
  const either = z.object({ a: z.object({ b: z.union([z.string(), z.number()]) }) });
  expect(of(either, { a: { b: null } })).toBe('a.b: is none of the values that it may have');
  expect(of(z.union([z.string(), z.number()]), null)).toBe('it: is none of the values that it may have');
  expect(schemaProblem(new z.ZodError([]))).toBe('it makes no sense');
});

test('names are listed up to the most, and captions are the class, else the path', () => {
  expect(listed([])).toBe('');
  expect(listed(['a', 'b'], 2)).toBe('a and b');
  const many = Array.from({ length: 9 }, (_, i) => String(i));
  expect(listed(many.slice(1))).toBe('1, 2, 3, 4, 5, 6, 7 and 8');
  expect(listed(many)).toBe('0, 1, 2, 3, 4, 5, 6, 7 and 1 more');
  expect(listed(Array(1003).fill('x'), 1)).toBe('x and 1,002 more');
  expect(captionOf({ labels: ['cat ', 'b'], path: 'a/b' })).toBe('"cat "');
  expect(captionOf({ labels: [], path: 'a/b ' })).toBe('a/b ');
  expect(captionOf(undefined)).toBe('');
});

test('numbers are drawn from where they are asked for', () => {
  const [random, words] = [Random.seeded(3), Random.seeded(3)];
  expect(random.uniform()).toBe(words.uint32() / 2 ** 32);
  expect(random.uniform(2, 6)).toBe(2 + (4 * words.uint32()) / 2 ** 32);
  expect(random.integer(7)).toBe(words.uint32() % 7);
  // Box & Muller: √(−2 ln u)·cos(2πv), with u in (0, 1].
  const radius = Math.sqrt(-2 * Math.log((words.uint32() + 1) / (2 ** 32 + 1)));
  expect(random.normal()).toBe(radius * Math.cos((2 * Math.PI * words.uint32()) / 2 ** 32));
  expect(Random.restore([1, 0, 0, 0]).integer(1)).toBe(0);
  expect(random.integer(2 ** 32)).toBe(words.uint32());
});
