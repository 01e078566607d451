import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CsvRecord, csvRecords, DELIMITERS, delimiterOf } from './csv.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Uint8Array, ...rest: [(typeof DELIMITERS)[number]?]): Promise<CsvRecord[]> {
  const path = join(folder, 'a.csv');
  await writeFile(path, content);
  const records: CsvRecord[] = [];
  for await (const record of csvRecords(path, ...rest)) records.push(record);
  return records;
}
const fields = async (content: string | Uint8Array): Promise<unknown[]> =>
  (await read(content)).map((record) => ('fields' in record ? record.fields : `${record.line}: ${record.reason}`));

describe('CSV', () => {
  it.each<[string, string, unknown[]]>([
    [
      'plain lines',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF and a byte order mark',
      '\ufeffa,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CR',
      'a,b\r1,"2"\r',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'blank lines',
      '\n\r\na,b\n  \n1,2\n\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'empty fields',
      'a,b,c\n,,\n"",x,',
      [
        ['a', 'b', 'c'],
        ['', '', ''],
        ['', 'x', ''],
      ],
    ],
    [
      'quotes, delimiters and line breaks in quotes',
      'a,b\n"1,""x""","2\r\n3"\r\n',
      [
        ['a', 'b'],
        ['1,"x"', '2\r\n3'],
      ],
    ],
    [
      'blank lines in quotes',
      'a,b\n"1\n\n2",3\n',
      [
        ['a', 'b'],
        ['1\n\n2', '3'],
      ],
    ],
    [
      'a quote within a field',
      'a,b\n5" pipe,x"y"\n',
      [
        ['a', 'b'],
        ['5" pipe', 'x"y"'],
      ],
    ],
    [
      'blanks beside delimiters',
      'a, b\n1, "2"\n',
      [
        ['a', ' b'],
        ['1', ' "2"'],
      ],
    ],
    [
      'tabs',
      'a\tb,c\td\n1\t2\t3',
      [
        ['a', 'b,c', 'd'],
        ['1', '2', '3'],
      ],
    ],
    [
      'semicolons',
      'a;b\n1,5;2',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'bars',
      'image| comment\nx.jpg| A dog, a cat.',
      [
        ['image', ' comment'],
        ['x.jpg', ' A dog, a cat.'],
      ],
    ],
    [
      'delimiters in the quotes of the first line',
      '"a,b,c";d\n1;2',
      [
        ['a,b,c', 'd'],
        ['1', '2'],
      ],
    ],
    ['nothing', '', []],
  ])('reads %s', async (_, text, expected) => {
    expect(await fields(text)).toEqual(expected);
  });

  it('goes on behind a line that is damaged', async () => {
    expect(await fields('a,b\n"1,2\n3,4\n5,6\n')).toEqual([
      ['a', 'b'],
      '2: it has a quote that is never closed',
      ['3', '4'],
      ['5', '6'],
    ]);
    expect(await fields('a,b\n"1"x,2\n3,4\n')).toEqual([
      ['a', 'b'],
      '2: it has text behind a closing quote',
      ['3', '4'],
    ]);
    const bytes = Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xe9]), Buffer.from('\n3,4\n')]);
    expect(await fields(bytes)).toEqual([['a', 'b'], '2: it is not UTF-8', ['3', '4']]);
    expect(await fields(`a,b\n"1\n${'x,y\n'.repeat(1000)}"3",4\n`)).toHaveLength(1003);
    expect(await fields(`a,b\n${'x'.repeat((1 << 22) + 1)}\n3,4\n`)).toEqual([
      ['a', 'b'],
      '2: it is longer than 4194304 bytes',
      ['3', '4'],
    ]);
  });

  it('counts lines of the file, not records', async () => {
    const records = await read('a,b\n"1\n2",x\n\ny,z\n');
    expect(records.map(({ line }) => line)).toEqual([1, 2, 5]);
    expect(records.at(-1)?.end).toBe(17);
  });

  it('is not held up by a file of quotes that are never closed', async () => {
    const records = await read(`a,b\n${'"x,y\n"'.repeat(3000)}`);
    expect(records.length).toBeGreaterThan(1000);
  }, 60_000);

  it('reads back what is written by RFC 4180', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '😀', '"', ',', '\n', '\r\n', '\r', ' ', '\t', ';') });
    const field = text.filter((value) => value !== '');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(...DELIMITERS),
        async (rows, end, delimiter) => {
          const written = rows
            .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(delimiter) + end)
            .join('');
          const found = (await read(written, delimiter)).map((record) => ('fields' in record ? record.fields : record));
          expect(found).toEqual(rows);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('whatever it is given, it ends, and its lines do not go back', async () => {
    const any = fc.uint8Array({ maxLength: 200 });
    const likely = fc
      .string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', '""', '"\n', ' ') })
      .map((text) => new TextEncoder().encode(text));
    await fc.assert(
      fc.asyncProperty(fc.oneof(any, likely), async (bytes) => {
        const lines = (await read(bytes)).map(({ line }) => line);
        expect(lines).toEqual([...lines].sort((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  it('finds the delimiter', () => {
    expect(delimiterOf('path')).toBe(',');
    expect(delimiterOf('a;b,c;d')).toBe(';');
    expect(delimiterOf('a,b')).toBe(',');
  });
});
