import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { create, Header } from 'tar';
import { afterEach, describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { recogniseDataset } from '../registry.ts';
import { described, folderOf, pngBytes, refusal, removeFolder, skippedIn } from '../source.fixture.ts';
import { keyAndEnding, samplesOf } from './samples.ts';
import { expandBraces } from './shards.ts';
import { tarMembers } from './tar-members.ts';
import { openWebDataset } from './webdataset.ts';

type Entry = readonly [name: string, content: string | Uint8Array | null];

/** A tar archive as `tar` writes it: headers, contents in blocks of 512 bytes, two blocks of zeros. */
async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const picture = await pngBytes();
  const blocks = entries.flatMap(([path, content]) => {
    const bytes = Buffer.from(content ?? picture);
    const header = new Header({ path, size: bytes.length, type: 'File', mode: 0o644, mtime: new Date(0) });
    const block = Buffer.alloc(512);
    header.encode(block);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const made: string[] = [];
afterEach(async () => {
  for (const root of made.splice(0)) await removeFolder(root);
});
async function folder(shards: Readonly<Record<string, readonly Entry[]>>): Promise<string> {
  const files: Record<string, unknown> = {};
  for (const [name, entries] of Object.entries(shards)) files[name] = await tarOf(entries);
  const root = await folderOf(files);
  made.push(root);
  return root;
}

const sample = (key: string, label: string): Entry[] => [
  [`${key}.jpg`, null],
  [`${key}.cls`, label],
];

describe('WebDataset', () => {
  describe('in a folder', () =>
    datasetContract(
      async () =>
        await openWebDataset(
          await folder({
            'data-000000.tar': [...sample('a', '1'), ...sample('x/b', '2'), ['c.txt', 'alone']],
            'data-000001.tar': sample('a', '1'),
          }),
        ),
      { entries: 4 },
    ));

  it('reads labels, captions and JSON, from a file, a folder and a pattern', async () => {
    const root = await folder({
      'data-000000.tar': [
        ['./000.png', null],
        ['./000.cls', '7\n'],
        ['./000.txt', 'A cat.'],
        ['./000.json', '{"caption": "A cat.", "title": "Cats", "url": "x"}'],
      ],
      'data-000001.tar': [
        ['001.JPG', null],
        ['001.json', '{"label": "dog"}'],
        ['001.seg.png', 'mask'],
      ],
    });
    const all = { 'data-000000/000.png': ['7', '"A cat."', '"Cats"'], 'data-000001/001.JPG': ['dog'] };
    const pattern = join(root, 'data-{000000..000001}.tar');
    for (const source of [root, pattern]) {
      expect(await recogniseDataset(source)).toBe('webdataset');
      expect(described(await openWebDataset(source))).toEqual(all);
    }
    const one = join(root, 'data-000001.tar');
    expect(await recogniseDataset(one)).toBe('webdataset');
    const { pictures } = await openWebDataset(one);
    expect(pictures.map(({ path }) => path)).toEqual(['data-000001/001.JPG']);
    expect(Buffer.from((await pictures[0]?.read()) ?? [])).toEqual(await pngBytes());
    const missing = await refusal(openWebDataset(join(root, 'data-{000000..000002}.tar')));
    expect([missing.code, missing.message]).toEqual([
      'source-missing',
      expect.stringMatching(/000002\.tar does not exist$/),
    ]);
  });

  it('leaves archives without labels, and folders with pictures, to others', async () => {
    const root = await folder({
      'a.tar': [
        ['cat/1.jpg', null],
        ['dog/2.jpg', null],
      ],
    });
    expect(await recogniseDataset(join(root, 'a.tar'))).toBe(undefined);
    const beside: Entry[] = [
      ['cat/1.jpg', null],
      ['cat/1.txt', 'A cat.'],
    ];
    expect(await recogniseDataset(join(await folder({ 'a.tar': beside }), 'a.tar'))).toBe(undefined);
    expect(await recogniseDataset(root)).toBe('webdataset');
    await writeFile(join(root, 'b.png'), await pngBytes());
    expect(await recogniseDataset(root)).toBe('folder');
  });

  it('counts samples that cannot be used', async () => {
    const root = await folder({
      'a.tar': [
        ...sample('good', 'x'),
        ['two.jpg', null],
        ['two.png', null],
        ['twice.jpg', null],
        ['twice.jpg', null],
        ['none.txt', 'x'],
        ['json.jpg', null],
        ['json.json', '{"a"'],
        ['list.jpg', null],
        ['list.json', '[1]'],
        ['bytes.jpg', null],
        ['bytes.cls', Buffer.from([0xff, 0xfe])],
        ['good.jpg', null],
        ['README', 'x'],
        ['plain.jpg', null],
      ],
    });
    const dataset = await openWebDataset(root);
    expect(described(dataset)).toEqual({ 'a/good.jpg': ['x'] });
    expect(skippedIn(dataset).sort()).toEqual([
      'a/README: in no sample: its name has no ending',
      'a/bytes: its .cls is not UTF-8',
      'a/good: its key is there twice, with other files between',
      expect.stringMatching(/^a\/json: its \.json is not JSON/),
      'a/list: its .json is not an object',
      'a/none: it holds no picture (txt)',
      'a/plain.jpg: it has no label, while other pictures have',
      'a/twice: it has two files that end in .jpg',
      'a/two: it holds two pictures (jpg, png)',
    ]);
  });

  it('uses what is whole of a shard that is cut off, and names it', async () => {
    const root = await folder({ 'a.tar': [...sample('a', '1'), ...sample('b', '2'), ['c.jpg', Buffer.alloc(4000)]] });
    const path = join(root, 'a.tar');
    await truncate(path, (await tarOf([...sample('a', '1'), ...sample('b', '2')])).length - 1024 + 600);
    const dataset = await openWebDataset(root);
    expect(described(dataset)).toEqual({ 'a/a.jpg': ['1'] });
    expect(skippedIn(dataset)).toEqual([
      'a/b: the shard breaks off behind it, and it may not be whole',
      expect.stringMatching(/a\.tar: is cut off behind byte \d+$/),
    ]);
    await writeFile(path, Buffer.alloc(2048, 7));
    expect((await refusal(openWebDataset(path))).message).toMatch(/no sample that can be used, the first: .*checksum/);
  });

  it('refuses names that lead elsewhere, and a shard that changes', async () => {
    const root = await folder({
      'a.tar': [
        ['../a.jpg', null],
        ['../a.cls', '1'],
      ],
    });
    expect((await refusal(openWebDataset(root))).code).toBe('archive-unsafe');
    const other = await folder({ 'a.tar': sample('a', '1') });
    const { pictures } = await openWebDataset(other);
    await writeFile(join(other, 'a.tar'), await tarOf([...sample('z', '1'), ...sample('a', '1')]));
    expect((await refusal(pictures[0]?.read() ?? Promise.resolve())).code).toBe('picture-damaged');
  });
});

const source = (bytes: Buffer) => ({
  byteLength: bytes.length,
  slice: async (start: number, end = bytes.length) => new Uint8Array(bytes.subarray(start, end)).buffer,
  close: async () => {},
});

describe('tar', () => {
  it('gives the members that were put in, where their bytes lie, with long names', async () => {
    const name = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,2}\.[a-z]{1,4}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 1200 })), { maxLength: 8 }),
        async (entries) => {
          const bytes = await tarOf(entries);
          const found: [string, Uint8Array][] = [];
          for await (const { name, offset, size } of tarMembers(source(bytes))) {
            found.push([name, new Uint8Array(bytes.subarray(offset, offset + size))]);
          }
          expect(found).toEqual(entries.map(([each, content]) => [each, new Uint8Array(content)]));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('reads names of pax and GNU', async () => {
    const long = `${'d'.repeat(90)}/${'é'.repeat(100)}.jpg`;
    const root = await folderOf({ [long]: null, 'a.cls': '1' });
    made.push(root);
    const bytes = await buffer(Readable.from(create({ cwd: root, portable: true }, [long, 'a.cls'])));
    const names: string[] = [];
    for await (const member of tarMembers(source(bytes))) names.push(member.name);
    expect(names).toEqual([long, 'a.cls']);
    const gnuName = Buffer.from(`${'x'.repeat(200)}.jpg\0`);
    const header = (path: string, size: number, type: 'NextFileHasLongPath' | 'File') => {
      const block = Buffer.alloc(512);
      new Header({ path, size, type, mtime: new Date(0) }).encode(block);
      return block;
    };
    const gnu = Buffer.concat([
      header('././@LongLink', gnuName.length, 'NextFileHasLongPath'),
      Buffer.concat([gnuName, Buffer.alloc(512 - gnuName.length)]),
      header('short.jpg', 0, 'File'),
      header('b.jpg', 0, 'File'),
      Buffer.alloc(1024),
    ]);
    const found: string[] = [];
    for await (const member of tarMembers(source(gnu))) found.push(member.name);
    expect(found).toEqual([`${'x'.repeat(200)}.jpg`, 'b.jpg']);
  });

  it('ends on any bytes, with members within them', async () => {
    const valid = await tarOf([...sample('a', '1'), ...sample('b', '2')]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(valid.length),
        async (changes, length) => {
          const bytes = Buffer.from(valid);
          for (const [at, value] of changes) bytes[at] = value;
          const cut = bytes.subarray(0, length);
          try {
            for await (const { offset, size } of tarMembers(source(cut))) {
              expect(offset + size).toBeLessThanOrEqual(cut.length);
            }
          } catch (error) {
            expect(error).toMatchObject({ message: expect.stringMatching(/^(is cut off|has a header)/) });
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('names', () => {
  it.each<[string, string, string]>([
    ['a.jpg', 'a', 'jpg'],
    ['./x.y/a.seg.PNG', 'x.y/a', 'seg.png'],
    ['x/a.b.c', 'x/a', 'b.c'],
  ])('%s', (name, key, ending) => {
    expect(keyAndEnding(name)).toEqual({ key, ending });
  });
  it.each(['a', '.hidden', 'x/.a.jpg', '__info__.json', ''])('%s is in no sample', (name) => {
    expect(keyAndEnding(name)).toBe(undefined);
  });

  it('groups what follows each other, and loses nothing', async () => {
    const name = fc.constantFrom('a.jpg', 'a.cls', 'b.jpg', 'b.cls', 'x/a.jpg', 'README');
    await fc.assert(
      fc.asyncProperty(fc.array(name, { maxLength: 12 }), async (names) => {
        const strays: string[] = [];
        async function* members() {
          for (const each of names) yield { name: each, offset: 0, size: 0 };
        }
        let count = 0;
        let last: string | undefined;
        for await (const { key, members: held, twice } of samplesOf(members(), (each) => strays.push(each))) {
          expect(key).not.toBe(last);
          last = key;
          count += held.size;
          if (twice !== undefined) expect(held.has(twice)).toBe(true);
        }
        expect(count + strays.length).toBeLessThanOrEqual(names.length);
        expect(strays.length).toBe(names.filter((each) => each === 'README').length);
      }),
    );
  });

  it('expands patterns', async () => {
    expect(expandBraces('a-{08..10}.tar')).toEqual(['a-08.tar', 'a-09.tar', 'a-10.tar']);
    expect(expandBraces('{train,val}-{0..1}.tar')).toEqual(['train-0.tar', 'train-1.tar', 'val-0.tar', 'val-1.tar']);
    expect(expandBraces('a.tar')).toEqual(['a.tar']);
    expect(expandBraces('a-{2..1}.tar')).toEqual(['a-2.tar', 'a-1.tar']);
    expect(expandBraces('a-{x}.tar')).toEqual(['a-{x}.tar']);
    const error = await refusal(Promise.resolve().then(() => expandBraces('a-{0..999999999999}.tar')));
    expect(error.code).toBe('usage');
  });
});
