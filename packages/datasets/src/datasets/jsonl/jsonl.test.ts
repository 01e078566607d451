import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import type { Dataset } from '../dataset.ts';
import { openJsonl } from './jsonl.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-jsonl-'));
  await mkdir(join(folder, 'cats'));
  const png = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  for (const name of ['a.png', 'b.png', 'cats/c d.png', 'cats/ü.png']) await writeFile(join(folder, name), png);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (content: string | Uint8Array): Promise<string> => {
  const path = join(folder, 'pictures.jsonl');
  await writeFile(path, content);
  return path;
};
const lines = (...values: unknown[]): string => values.map((value) => JSON.stringify(value)).join('\n');
const failure = async (work: Promise<unknown>): Promise<NeurodexError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
};

describe('JSON lines', () =>
  datasetContract(
    async () =>
      openJsonl(
        await write(
          `\ufeff${lines({ picture: './cats/ü.png', label: 'cat' }, { picture: 'a.png', label: 'dog', captions: ['x'] })}\r\n\r\n`,
        ),
      ),
    { entries: 2 },
  ));
describe('JSON lines under other keys', () =>
  datasetContract(
    async () =>
      openJsonl(await write(lines({ file_name: 'a.png', class: 'x' }, { file_name: 'none.png', class: 'y' }))),
    { entries: 2 },
  ));

test('labels, captions, and other keys', async () => {
  const { pictures, skipped, name, source } = await openJsonl(
    await write(
      lines(
        { picture: 'cats\\c d.png', labels: ['cat', 'pet', 'cat'], captions: ['A cat.', '', null], width: 9 },
        { picture: 'a.png', label: 3, caption: ' One. ' },
        { picture: 'cats/../b.png', label: 'dog', labels: null },
      ),
    ),
  );
  expect([name, source]).toEqual(['jsonl', join(folder, 'pictures.jsonl')]);
  expect(pictures.map(({ read: _, ...picture }) => picture)).toEqual([
    { path: 'a.png', labels: ['3'], captions: ['One.'] },
    { path: 'b.png', labels: ['dog'] },
    { path: 'cats/c d.png', labels: ['cat', 'pet'], captions: ['A cat.'] },
  ]);
  expect(skipped).toEqual([]);
});

test('no classes at all are none; some without one are left out', async () => {
  const none = await openJsonl(await write(lines({ picture: 'a.png' }, { picture: 'b.png' })));
  expect(none.pictures.map(({ labels }) => labels)).toEqual([[], []]);
  const some = await openJsonl(await write(lines({ picture: 'a.png' }, { picture: 'b.png', label: 'x' })));
  expect(some.pictures.map(({ path }) => path)).toEqual(['b.png']);
  expect(some.skipped).toEqual([{ path: 'a.png', reason: 'it has no label, while other pictures have' }]);
});

test('every line that cannot be used is skipped with its number and the reason', async () => {
  const good = lines({ picture: 'a.png', label: 'x' });
  const bad: [string, RegExp][] = [
    ['{"picture": "b.png"', /is not JSON/],
    ['[1]', /not a JSON object/],
    ['null', /not a JSON object/],
    [lines({ file_name: 'b.png', text: 'x' }), /has no "picture", the path of a file \(its keys: file_name, text\)/],
    [lines({ picture: 7 }), /has no "picture"/],
    [lines({ picture: '../a.png' }), /not below the folder/],
    [lines({ picture: '/etc/passwd' }), /not below the folder/],
    [lines({ picture: 'C:\\x.png' }), /not below the folder/],
    [lines({ picture: 'cats' }), /is not a file/],
    [lines({ picture: 'none.png' }), /none\.png does not exist/],
    [lines({ picture: 'a.png', label: 'again' }), /a\.png is on line 1 already/],
    [lines({ picture: 'b.png', label: { a: 1 } }), /label is an object/],
    [lines({ picture: 'b.png', label: 1.5 }), /label is a number \(1\.5\)/],
    [lines({ picture: 'b.png', label: '' }), /label is an empty text/],
    [lines({ picture: 'b.png', labels: [['x']] }), /label is a list/],
    [lines({ picture: 'b.png', captions: [3] }), /captions hold a number/],
  ];
  const { pictures, skipped } = await openJsonl(await write([good, ...bad.map(([line]) => line)].join('\n')));
  expect(pictures.map(({ path }) => path)).toEqual(['a.png']);
  expect(skipped).toHaveLength(bad.length);
  for (const [i, [line, reason]] of bad.entries()) {
    expect(skipped[i]?.path, line).toBe(`pictures.jsonl, line ${i + 2}`);
    expect(skipped[i]?.reason, line).toMatch(reason);
  }
});

describe('keys', () => {
  const read = async (...values: unknown[]) => openJsonl(await write(lines(...values)));
  const labels = ({ pictures }: Dataset) => pictures.map((picture) => picture.labels);

  test.each(['class', 'category', 'Label', 'class_name', 'className', 'fine_label', 'tags', 'target'])(
    'labels under %s are read, and that is said',
    async (key) => {
      const dataset = await read({ picture: 'a.png', [key]: 'cat' }, { picture: 'b.png', [key]: ['dog', 'pet'] });
      expect(labels(dataset)).toEqual([['cat'], ['dog', 'pet']]);
      expect(dataset.layout).toEqual([{ message: `the labels are read from the key ${key}` }]);
    },
  );

  test('one or a list, under either key or both', async () => {
    const dataset = await read(
      { picture: 'a.png', labels: 'cat' },
      { picture: 'b.png', label: ['dog', 'pet'] },
      { picture: 'cats/ü.png', label: 'cat', labels: ['pet', 'cat'] },
      { picture: 'cats/c d.png', label: true },
    );
    expect(labels(dataset)).toEqual([['cat'], ['dog', 'pet'], ['true'], ['cat', 'pet']]);
    expect(dataset.layout).toBeUndefined();
  });

  test.each(['file_name', 'image', 'path', 'filename', 'image_path'])('pictures under %s', async (key) => {
    const dataset = await read({ [key]: 'a.png', label: 'x' }, { [key]: 'b.png', label: 'y' });
    expect(labels(dataset)).toEqual([['x'], ['y']]);
    expect(dataset.layout).toEqual([{ message: `the pictures are read from the key ${key}` }]);
  });

  test('several that may be the label are refused; --label-column chooses', async () => {
    const values = [
      { picture: 'a.png', class: 'cat', category: 'animal' },
      { picture: 'b.png', class: 'oak', category: 'plant' },
    ];
    const error = await failure(read(...values));
    expect(error.code).toBe('source-unusable');
    expect(error.message).toMatch(/several keys that may be the label \(class and category\); --label-column/);
    const chosen = await openJsonl(await write(lines(...values)), { labelColumn: 'category' });
    expect(labels(chosen)).toEqual([['animal'], ['plant']]);
    expect(chosen.layout?.map(({ message }) => message)).toEqual([
      'the labels are read from the key category',
      'the key class is not read',
    ]);
    const wrong = await failure(openJsonl(await write(lines(...values)), { labelColumn: 'clas' }));
    expect(wrong.message).toMatch(/no line with the key clas, .*\(its keys: picture, class and category\)/);
  });

  test('keys that nobody knows are named, and doubtful where there are no labels', async () => {
    expect((await read({ picture: 'a.png', label: 'x', url: 'u', width: 3 })).layout).toEqual([
      { message: 'the keys url and width are not read' },
    ]);
    expect((await read({ picture: 'a.png', animal: 'cat' })).layout).toEqual([
      {
        message: expect.stringMatching(/^no key is known to be the label; --label-column .*: animal$/),
        doubtful: true,
      },
    ]);
  });

  test('labels that begin after a thousand lines without are not lost', async () => {
    const many = Array.from({ length: 1001 }, (_, i) => ({ picture: `${i}.png` }));
    const error = await failure(read({ picture: 'a.png' }, ...many, { picture: 'b.png', class: 'x' }));
    expect(error.message).toMatch(/class.*--label-column/);
  });
});

test('bytes that are no text, and a line without an end', async () => {
  const { pictures, skipped } = await openJsonl(
    await write(
      Buffer.concat([
        Buffer.from([0xff, 0xfe, 10]),
        Buffer.from(`${lines({ picture: 'a.png' })}\n`),
        Buffer.alloc(17 << 20, 'x'),
      ]),
    ),
  );
  expect(pictures).toHaveLength(1);
  expect(skipped.map(({ reason }) => reason)).toEqual(['it is not UTF-8', 'it is longer than 16777216 bytes']);
});

test('nothing that can be used, and no file, are told', async () => {
  expect(await failure(openJsonl(await write('')))).toMatchObject({
    code: 'source-empty',
    message: expect.stringMatching(/no lines/),
  });
  expect((await failure(openJsonl(await write('{')))).message).toMatch(
    /no line that can be used, the first: pictures\.jsonl, line 1: it is not JSON/,
  );
  expect((await failure(openJsonl(join(folder, 'none.jsonl')))).code).toBe('source-missing');
  expect((await failure(openJsonl(folder))).code).toBe('source-unusable');
});

test('the first pictures only; a picture that went away is told when it is read', async () => {
  const path = await write(lines({ picture: 'b.png' }, { picture: 'a.png' }, { picture: 'cats/ü.png' }));
  const { pictures } = await openJsonl(path, { maxPictures: 2 });
  expect(pictures.map(({ path: name }) => name)).toEqual(['a.png', 'b.png']);
  await rm(join(folder, 'a.png'));
  expect((await failure((pictures[0] as (typeof pictures)[number]).read())).code).toBe('picture-missing');
});

test('any bytes at all end in pictures or in our words', async () => {
  const value = fc.oneof(
    fc.json(),
    fc
      .record({
        picture: fc.constantFrom('a.png', 'b.png', '..', 'x'),
        label: fc.jsonValue(),
        captions: fc.jsonValue(),
      })
      .map((line) => JSON.stringify(line)),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), async (content, end) => {
      const path = await write(content.join(end));
      try {
        const { pictures, skipped } = await openJsonl(path);
        const blank = content
          .join(end)
          .split('\n')
          .filter((line) => line.trim() === '').length;
        expect(pictures.length + skipped.length + blank).toBe(content.join(end).split('\n').length);
      } catch (error) {
        expect((error as NeurodexError).code).toBe('source-empty');
      }
    }),
    { numRuns: 200 },
  );
});
