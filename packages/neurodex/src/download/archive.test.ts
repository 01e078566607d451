import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NeurodexError } from '../errors.ts';
import type { ProgressEvent } from '../progress.ts';
import { silentReporter } from '../progress.ts';
import { noMount, onTinyDisk } from '../storage/tiny-disk.fixture.ts';
import { extractArchive, zipEntries } from './archive.ts';
import { makeTar, makeZip, type TarPlan, type ZipPlan } from './archives.fixture.ts';

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
            expect(['archive-damaged', 'archive-unsafe', 'output-unwritable']).toContain((error as NeurodexError).code);
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
    ['a password', { encrypted: true }],
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
    expect((await failure(extractArchive(join(folder, 'none.zip'), join(folder, 'goal')))).message).toMatch(/ENOENT/);
    expect((await failure(collect(join(folder, 'none.zip')))).message).toMatch(/ENOENT/);
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
