import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { JsonProblem, parseJson, readJson, schemaProblem } from './json.ts';

describe('parseJson', () => {
  test.each([
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['{"a": 1,}', 'line 1, column 9: "}" where a key after the comma should stand'],
    ['[1, 2,]', 'line 1, column 7: "]" where a value after the comma should stand'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: "\\"" where a comma or } should stand'],
    ['{"a" 1}', 'line 1, column 6: "1" where a colon should stand'],
    ["{'a': 1}", 'line 1, column 2: "\'" where a key or } should stand'],
    ['{"a": NaN}', 'line 1, column 7: "NaN" where a value should stand'],
    ['{"a": }', 'line 1, column 7: "}" where a value should stand'],
    ['// told\n{}', 'line 1, column 1: "/" where a value should stand'],
    ['{"a": [1, 2', 'it ends where a comma or ] should follow (line 1, column 12)'],
    ['{"a": "b', 'line 1, column 7: a text that is not closed, or has a character that must be escaped'],
    ['"a\\x"', 'line 1, column 1: a text that is not closed, or has a character that must be escaped'],
    ['{} {}', 'line 1, column 4: "{" where nothing more should stand'],
    ['<!DOCTYPE html>', 'line 1, column 1: "<" where a value should stand'],
    ['01', 'line 1, column 1: "01" where a value should stand'],
  ])('%j', (text, wrong) => {
    expect(() => parseJson(text)).toThrow(new JsonProblem(`is not valid JSON: ${wrong}`));
  });

  test('takes what JSON is, and nothing else', () =>
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', '"', '}', ',', 'x', '\\', '\n', '0'), (text, at, put) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + put + text.slice(place + 1);
        let expected: unknown;
        try {
          expected = JSON.parse(changed);
        } catch {
          expect(() => parseJson(changed)).toThrow(JsonProblem);
          expect(() => parseJson(changed)).not.toThrow(/token|position|SyntaxError/i);
          return;
        }
        expect(parseJson(changed)).toEqual(expected);
      }),
      { numRuns: 1000 },
    ));

  test('refuses deep nesting, but not brackets in texts', () => {
    expect(() => parseJson('['.repeat(1e6))).toThrow('is nested more than 200 levels deep');
    expect(() => parseJson(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`)).toThrow('nested');
    expect(parseJson(JSON.stringify({ a: '[{"\\'.repeat(1000) }))).toEqual({ a: '[{"\\'.repeat(1000) });
  });
});

test('readJson names size, encoding and place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-json-'));
  try {
    const path = join(folder, 'a.json');
    await writeFile(path, '\ufeff{"a": 1}');
    expect(await readJson(path)).toEqual({ a: 1 });
    await expect(readJson(path, 5)).rejects.toThrow('has 11 bytes, and at most 5 are read');
    await writeFile(path, Buffer.from('{"a": "caf\xe9"}', 'latin1'));
    await expect(readJson(path)).rejects.toThrow('is not text in UTF-8');
    await expect(readJson(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('schemaProblem shows no pattern', () => {
  const schema = z.object({ a: z.array(z.object({ file: z.string().regex(/^[a-z]+$/) })), n: z.int().min(1) });
  const problem = (value: unknown): string => schemaProblem(schema.safeParse(value).error as z.ZodError);
  expect(problem({ a: [{ file: '../x' }], n: 1 })).toBe('a.0.file: has not the form that it should have');
  expect(problem({ a: [], n: 'x' })).toBe('n: expected number, received string');
  expect(problem({ n: 1 })).toBe('a: expected array, and it is missing');
  expect(problem(3)).toBe('it: expected object, received number');
});
