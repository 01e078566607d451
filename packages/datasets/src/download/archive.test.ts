import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { NeurodexError, type ProgressEvent, silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { extractArchive, zipEntries } from './archive.ts';
import { makeTar, makeZip, type TarPlan, type ZipPlan } from './archives.fixture.ts';
import { Unpacker } from './unpacker.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-archive-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
};
const failure = async (work: Promise<unknown>): Promise<NeurodexError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
};
/** Every file below a folder, by its path. */
const tree = async (at: string): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const entry of await readdir(at, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.slice(at.length + 1).replaceAll('\\', '/')] = await readFile(path, 'latin1');
  }
  return found;
};
const collect = async (path: string): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for await (const entry of zipEntries(path)) found[entry.name] = Buffer.from(await entry.read()).toString('latin1');
  return found;
};

describe.each([
  ['zip', (plans: ZipPlan[] & TarPlan[]) => makeZip(plans)],
  ['tar', (plans: ZipPlan[] & TarPlan[]) => makeTar(plans)],
  ['tgz', (plans: ZipPlan[] & TarPlan[]) => makeTar(plans, { gzip: true })],
])('extractArchive of .%s', (extension, make) => {
  const big = 'x'.repeat(300_000);

  test('unpacks files and folders, reports bytes, and leaves nothing beside', async () => {
    const path = await write(
      `a.${extension}`,
      make([
        { name: './train/', ...(extension === 'zip' ? { mode: 0o040755 } : { type: 'Directory' as const }) },
        {
          name: './train/n01440764/a b.JPEG',
          content: 'one',
        },
        { name: 'words.txt', content: big },
        { name: 'deep/er/ü.txt' },
      ]),
    );
    const events: ProgressEvent[] = [];
    const goal = join(folder, 'out', 'goal');
    await extractArchive(path, goal, { reporter: { ...silentReporter, progress: (event) => void events.push(event) } });
    expect(await tree(goal)).toEqual({ 'train/n01440764/a b.JPEG': 'one', 'words.txt': big, 'deep/er/ü.txt': '' });
    expect(await readdir(dirname(goal))).toEqual(['goal']);
    expect(events.at(-1)).toMatchObject({ phase: 'unpack', unit: 'bytes' });
    expect(events.at(-1)?.done).toBe(events.at(-1)?.total);
    const again = await failure(extractArchive(path, goal));
    expect(again).toMatchObject({ code: 'output-exists', message: expect.stringContaining(goal) });
  });

  test.each(['../outside', 'a/../../outside', '/outside', 'C:\\outside', '..\\outside', 'bad\u0001name'])(
    'refuses the whole archive for the name %j',
    async (name) => {
      const path = await write(
        `a.${extension}`,
        make([
          { name: 'good', content: 'x' },
          { name, content: 'evil' },
        ]),
      );
      const error = await failure(extractArchive(path, join(folder, 'in', 'goal')));
      expect(error).toMatchObject({ code: 'archive-unsafe', message: expect.stringContaining(path) });
      expect(error.message).toContain(JSON.stringify(name));
      expect(await readdir(join(folder, 'in'))).toEqual([]);
      expect((await readdir(folder)).sort()).toEqual([`a.${extension}`, 'in']);
    },
  );

  test.each([
    ['two files of one name', [{ name: 'a' }, { name: './a' }]],
    ['a file under the name of a folder', [{ name: 'a/b' }, { name: 'a' }]],
    ['a folder under the name of a file', [{ name: 'a' }, { name: 'a/b' }]],
  ])('refuses %s', async (_, plans) => {
    const path = await write(`a.${extension}`, make(plans));
    expect(await failure(extractArchive(path, join(folder, 'goal')))).toMatchObject({
      code: 'archive-unsafe',
      message: expect.stringMatching(/is there twice/),
    });
    expect(await readdir(folder)).toEqual([`a.${extension}`]);
  });

  test('refuses more than it may be', async () => {
    const path = await write(`a.${extension}`, make([{ name: 'a', content: big }]));
    const error = await failure(extractArchive(path, join(folder, 'goal'), { maxBytes: 1000 }));
    expect(error).toMatchObject({
      code: 'archive-unsafe',
      message: expect.stringMatching(/"a" makes it larger than 1000/),
    });
  });

  test('a bomb is refused by its ratio', async () => {
    const zeros = new Uint8Array(70 << 20);
    const path = await write(`bomb.${extension}`, make([{ name: 'a', content: zeros }]));
    // A tar that is not compressed is as large as what it holds.
    if (extension === 'tar') return await extractArchive(path, join(folder, 'goal'));
    expect((await failure(extractArchive(path, join(folder, 'goal')))).code).toBe('archive-unsafe');
  });

  test('cut off anywhere, it is told as damaged and nothing is left', async () => {
    const whole = make([
      { name: 'a', content: big },
      { name: 'b', content: 'y'.repeat(2000) },
    ]);
    const cuts = [0, 1, 100, 511, 512, 513, Math.floor(whole.length / 2), whole.length - 1100, whole.length - 20];
    for (const cut of cuts.filter((at) => at >= 0 && at < whole.length)) {
      const path = await write(`cut.${extension}`, whole.subarray(0, cut));
      const outcome = extractArchive(path, join(folder, 'goal'));
      expect(await failure(outcome), `cut at ${cut}`).toMatchObject({ code: 'archive-damaged' });
      expect(await readdir(folder)).toEqual([`cut.${extension}`]);
    }
  });

  test('damaged bytes end in our words or unharmed, never anywhere else', { timeout: 30_000 }, async () => {
    const sound = make([
      { name: 'a/one', content: 'first file' },
      { name: 'b', content: 'second'.repeat(300) },
    ]);
    const path = join(folder, `fuzzed.${extension}`);
    const goal = join(folder, 'goal');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(sound.length - 1), to: fc.nat(255) }), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const bytes = Buffer.from(sound);
          for (const { at, to } of changes) bytes[at] = to;
          await writeFile(path, bytes);
          try {
            await extractArchive(path, goal);
            await rm(goal, { recursive: true });
          } catch (error) {
            expect(error).toBeInstanceOf(NeurodexError);
            expect(['archive-damaged', 'archive-unsafe', 'archive-unsupported', 'output-unwritable']).toContain(
              (error as NeurodexError).code,
            );
            expect((error as Error).message).toContain(`fuzzed.${extension}`);
          }
          expect(await readdir(folder)).toEqual([`fuzzed.${extension}`]);
        },
      ),
      { numRuns: 120 },
    );
  });

  test('a signal stops it and leaves nothing', async () => {
    const path = await write(`a.${extension}`, make([{ name: 'a', content: big }]));
    const error = await failure(extractArchive(path, join(folder, 'goal'), { signal: AbortSignal.abort() }));
    expect(error.code).toBe('interrupted');
    expect(await readdir(folder)).toEqual([`a.${extension}`]);
  });

  test.skipIf(noMount)(`a full disk is told and left as it was${noMount ? ` (${noMount})` : ''}`, () =>
    onTinyDisk(async (at) => {
      const path = await write(`a.${extension}`, make([{ name: 'a', content: big }]));
      expect((await failure(extractArchive(path, join(at, 'goal')))).code).toBe('disk-full');
      expect(await readdir(at)).toEqual([]);
    }),
  );
});

describe('what only one of them has', () => {
  test.each(['SymbolicLink', 'Link', 'CharacterDevice', 'FIFO'] as const)('tar: refuses %s', async (type) => {
    const plans: TarPlan[] = [
      { name: 'a', content: 'x' },
      { name: 'evil', type, ...(type.endsWith('Link') ? { linkpath: 'a' } : {}) },
    ];
    const path = await write('a.tar', makeTar(plans));
    expect(await failure(extractArchive(path, join(folder, 'goal')))).toMatchObject({
      code: 'archive-unsafe',
      message: expect.stringMatching(/"evil" is (a link|not a regular file)/),
    });
    expect(await readdir(folder)).toEqual(['a.tar']);
  });

  test('tar: one without its end is cut off', async () => {
    const path = await write('a.tar', makeTar([{ name: 'a', content: 'x' }], { end: false }));
    expect((await failure(extractArchive(path, join(folder, 'goal')))).message).toMatch(/cut off/);
  });

  test.each([
    ['a link', 0o120777, /is a link/],
    ['a device', 0o060644, /is not a regular file/],
  ])('zip: refuses %s', async (_, mode, message) => {
    const path = await write('a.zip', makeZip([{ name: 'evil', content: '/etc/passwd', mode }]));
    const error = await failure(extractArchive(path, join(folder, 'goal')));
    expect(error).toMatchObject({ code: 'archive-unsafe', message: expect.stringMatching(message) });
    expect(await failure(collect(path))).toMatchObject({ code: 'archive-unsafe' });
  });

  test.each([
    ['a larger size', { claims: { bytes: 50 } }],
    ['a smaller size', { claims: { bytes: 2 } }],
    ['another checksum', { claims: { crc: 1 } }],
  ])('zip: %s than the content has is told with the entry', async (_, lie) => {
    const path = await write(
      'a.zip',
      makeZip([
        { name: 'good', content: 'x' },
        { name: 'bad.json', content: '{"a":1}', ...lie },
      ]),
    );
    const error = await failure(extractArchive(path, join(folder, 'goal')));
    expect(error).toMatchObject({ code: 'archive-damaged', message: expect.stringMatching(/a\.zip.*"bad\.json"/) });
    expect(await readdir(folder)).toEqual(['a.zip']);
  });

  test('another name, and no file at all', async () => {
    expect((await failure(extractArchive(await write('a.rar', Buffer.from('x')), join(folder, 'goal')))).code).toBe(
      'archive-damaged',
    );
    const none = join(folder, 'none.zip');
    for (const work of [() => extractArchive(none, join(folder, 'goal')), () => collect(none)]) {
      expect(await failure(work())).toMatchObject({ code: 'source-missing', message: `${none} is not there` });
    }
  });
});

describe('sound archives that are not read are called what they are', () => {
  const goal = () => join(folder, 'goal');

  test.each([
    ['encrypted', { encrypted: true }, 'its entry "b" is encrypted'],
    ['Deflate64', { method: 9 }, 'its entry "b" uses a compression that is not read: Deflate64 (number 9)'],
    ['bzip2', { method: 12 }, 'its entry "b" uses a compression that is not read: bzip2 (number 12)'],
    ['LZMA', { method: 14 }, 'its entry "b" uses a compression that is not read: LZMA (number 14)'],
    ['Zstandard', { method: 93 }, 'its entry "b" uses a compression that is not read: Zstandard (number 93)'],
    ['an unknown one', { method: 77 }, 'its entry "b" uses a compression that is not read: number 77'],
  ])('zip: %s', async (_, kind, what) => {
    const plans = [
      { name: 'a', content: 'x' },
      { name: 'b', content: 'y', ...kind },
    ];
    const path = await write('a.zip', makeZip(plans));
    for (const work of [() => extractArchive(path, goal()), () => collect(path)]) {
      const error = await failure(work());
      expect(error).toMatchObject({ code: 'archive-unsupported', message: `${path} is not read: ${what}` });
      expect(error.hint).toBe('unpack it yourself and name the folder');
    }
    expect(await readdir(folder)).toEqual(['a.zip']);
  });

  test.each([
    ['a.tar.gz', 'BZh91AY&SY', 'is compressed with bzip2, which is not read'],
    ['a.tar', '\xfd7zXZ\0\0\x04', 'is compressed with xz, which is not read'],
    ['a.zip', '7z\xbc\xaf\x27\x1c\0\x04', 'is compressed with 7-Zip, which is not read'],
    ['a.tgz', '\x28\xb5\x2f\xfd', 'is compressed with Zstandard, which is not read'],
    ['a.zip', 'Rar!\x1a\x07\x01', 'is compressed with RAR, which is not read'],
  ])('%s that begins with %j', async (name, bytes, what) => {
    const path = await write(name, Buffer.from(bytes, 'latin1'));
    const error = await failure(extractArchive(path, goal()));
    expect(error.code).toBe('archive-unsupported');
    expect(error.message).toContain(`${path} ${what}`);
  });

  test('the content decides, not the name; and a page of HTML is told', async () => {
    const tar = makeTar([{ name: 'a', content: 'x' }], { gzip: true });
    await extractArchive(await write('really-a-tgz.zip', tar), goal());
    expect(await tree(goal())).toEqual({ a: 'x' });
    await extractArchive(
      await write('really-a-zip.tgz', makeZip([{ name: 'b', content: 'y' }])),
      join(folder, 'goal2'),
    );
    expect(await tree(join(folder, 'goal2'))).toEqual({ b: 'y' });
    const twice = await failure(extractArchive(await write('twice.tgz', gzipSync(tar)), join(folder, 'goal3')));
    expect(twice.message).toContain('is compressed twice');
    const html = await write('login.zip', Buffer.from('\n<!DOCTYPE html><html>Sign in</html>'));
    expect((await failure(extractArchive(html, join(folder, 'goal3')))).message).toContain('is a page of HTML');
  });
});

describe('limits', () => {
  const goal = () => join(folder, 'goal');
  const refused = async (path: string): Promise<string> => {
    const error = await failure(extractArchive(path, goal()));
    expect(error.code).toBe('archive-unsafe');
    expect(error.message.length).toBeLessThan(600);
    expect((await readdir(folder)).filter((name) => name.startsWith('goal'))).toEqual([]);
    return error.message;
  };

  test.each([
    ['zip', (plans: ZipPlan[]) => makeZip(plans)],
    [
      'tgz',
      (plans: ZipPlan[]) =>
        makeTar(
          plans.map(({ name, content = '' }) => ({ name, content })),
          { gzip: true },
        ),
    ],
  ])('%s: names and depth', async (extension, make) => {
    const at = (name: string) =>
      write(
        `a.${extension}`,
        make([
          { name: 'good', content: 'x' },
          { name, content: 'y' },
        ]),
      );
    expect(await refused(await at(`${'d/'.repeat(90)}x`))).toMatch(/lies 91 folders deep; at most 64 are taken/);
    if (extension === 'tgz') return;
    expect(await refused(await at('n'.repeat(256)))).toMatch(
      /has a part of 256 bytes in its name; file systems take 255/,
    );
    expect(await refused(await at('ü'.repeat(128)))).toMatch(/has a part of 256 bytes/);
    expect(await refused(await at('abc/'.repeat(10_000)))).toMatch(/has a name of 40000 bytes; at most 2048 are taken/);
  });

  test('a zip whose entries share their bytes', async () => {
    const plans: ZipPlan[] = [
      { name: 'a', content: 'x'.repeat(5000) },
      { name: 'b', content: 'y' },
    ];
    const bomb = makeZip([...plans, { name: 'c', content: 'x'.repeat(5000), sharing: 0 }]);
    expect(await refused(await write('a.zip', bomb))).toMatch(/its entry "[ac]" shares its bytes with "[ac]"/);
  });

  test('a tgz whose zeros lie behind its end, or in headers', async () => {
    const zeros = gzipSync(Buffer.concat([makeTar([{ name: 'a', content: 'x' }]), Buffer.alloc(80 << 20)]));
    expect(await refused(await write('a.tgz', zeros))).toMatch(/makes it larger than 67108864 bytes unpacked/);
  });

  test('limit and size are told', async () => {
    const message = await refused(await write('a.zip', makeZip([{ name: 'a', content: new Uint8Array(70 << 20) }])));
    expect(message).toMatch(
      /larger than 67108864 bytes unpacked, the most for an archive of \d+ bytes \(100 times as much\): 73400320 so far/,
    );
  });

  test('a folder that the disk takes for another one of the archive is told', async () => {
    await mkdir(goal());
    // As on a disk that knows no case: `Cat` is there, by the name of `cat`.
    await mkdir(join(goal(), 'Cat'));
    const unpacker = new Unpacker('a.zip', goal(), 100, Number.POSITIVE_INFINITY);
    const content = async function* () {
      yield Buffer.from('x');
    };
    await unpacker.addFile('dog/1', 1, content());
    await unpacker.addFile('dog/2', 1, content());
    expect((await failure(unpacker.addFile('Cat/1', 1, content()))).message).toMatch(/is there twice/);
  });
});

describe('zipEntries', () => {
  test('reads one entry and leaves the others', async () => {
    const path = await write(
      'a.zip',
      makeZip([
        { name: 'annotations/', mode: 0o040755 },
        { name: 'annotations/a.json', content: '[1]' },
        { name: 'b.json', content: '2', claims: { crc: 1 } },
      ]),
    );
    const names: string[] = [];
    for await (const entry of zipEntries(path)) {
      names.push(entry.name);
      expect(entry.bytes).toBe(3);
      expect(JSON.parse(Buffer.from(await entry.read()).toString())).toEqual([1]);
      break;
    }
    expect(names).toEqual(['annotations/a.json']);
  });
});

describe('archives of other programs', () => {
  const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
  const expected = {
    'set/train/n01/a.txt': 'apple\n',
    'set/train/n02/b.txt': 'b'.repeat(5000),
    'set/words.txt': 'n01\tapple\n',
  };

  test.each(['info-zip.zip', 'python-zip64.zip', 'python-streamed.zip', 'gnu-tar.tgz', 'python-pax.tar'])(
    '%s',
    async (name) => {
      await mkdir(join(folder, 'x'));
      const path = join(fixtures, name);
      await extractArchive(path, join(folder, 'goal'));
      expect(await tree(join(folder, 'goal'))).toEqual(expected);
      if (name.endsWith('.zip')) expect(await collect(path)).toEqual(expected);
    },
  );
});
