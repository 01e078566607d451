import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addToFileList,
  checkFileList,
  holdsOthers,
  isInside,
  listInFolder,
  otherFiles,
  readFileList,
  readFileSizes,
  removeListed,
  writeFileList,
} from './file-list.ts';
import { sealed } from './seal.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-list-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const put = async (path: string, text = ''): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};
const seal = (changes: object = {}): Promise<void> =>
  put('files.json', sealed({ format: 'neurodex-files', version: 1, files: [], ...changes }));

describe('a list of files', () => {
  it('has every file below the folder with its size, in order, but for the lock and lists of its own', async () => {
    await put('b', 'two');
    await put('a/z', 'four');
    await put('a/y/x');
    // Before what is in `a`, though folders are walked through where they stand.
    await put('a-b');
    for (const name of ['lock', 'files.json', 'files.json.12.new']) await put(name, name);
    const alike = ['a/lock', 'a/files.json', 'a/files.json.1.new', 'files.json.1.new2', 'files.json.x.new'];
    for (const name of [...alike, 'files_json.1.new', 'my-files.json.1.new']) await put(name);
    await mkdir(join(root, 'empty'));
    await symlink(join(root, 'b'), join(root, 'link'));
    await symlink(join(root, 'a'), join(root, 'inner'));
    await writeFileList(root);
    expect(await readFileSizes(root)).toEqual([
      { file: 'a-b', bytes: 0 },
      { file: 'a/files.json', bytes: 0 },
      { file: 'a/files.json.1.new', bytes: 0 },
      { file: 'a/lock', bytes: 0 },
      { file: 'a/y/x', bytes: 0 },
      { file: 'a/z', bytes: 4 },
      { file: 'b', bytes: 3 },
      { file: 'files.json.1.new2', bytes: 0 },
      { file: 'files.json.x.new', bytes: 0 },
      { file: 'files_json.1.new', bytes: 0 },
      { file: 'my-files.json.1.new', bytes: 0 },
    ]);
    expect(JSON.parse(await readFile(join(root, 'files.json'), 'utf8'))).toMatchObject({
      format: 'neurodex-files',
      version: 1,
    });
  });

  it.each([
    ['has another format', { format: 'other' }],
    ['has another version', { version: 2 }],
    ['has a size below 0', { files: [{ file: 'a', bytes: -1 }] }],
    ['has half a byte', { files: [{ file: 'a', bytes: 0.5 }] }],
    ['leads out of its folder', { files: [{ file: '../a', bytes: 1 }] }],
    ['holds no files', { files: undefined }],
  ])('is none where it %s', async (_, changes) => {
    await seal(changes);
    expect(await readFileSizes(root)).toBeUndefined();
    await expect(checkFileList(root)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${join(root, 'files.json')} is no list of files`,
    });
  });

  it('is none where it was changed, is no JSON or is not there', async () => {
    await seal({ files: [{ file: 'a', bytes: 0 }] });
    expect(await readFileSizes(root)).toEqual([{ file: 'a', bytes: 0 }]);
    await checkFileList(root);
    await put('files.json', (await readFile(join(root, 'files.json'), 'utf8')).replace('"a"', '"b"'));
    expect(await readFileSizes(root)).toBeUndefined();
    await expect(checkFileList(root)).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining('has changed since it was written'),
    });
    await put('files.json', '{');
    expect(await readFileSizes(root)).toBeUndefined();
    expect(await readFileSizes(join(root, 'none'))).toBeUndefined();
    expect(await readFileSizes(join(root, 'files.json'))).toBeUndefined();
    await expect(checkFileList(join(root, 'none'))).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('that cannot be read or written is told of by its name', async () => {
    await mkdir(join(root, 'files.json', 'in the way'), { recursive: true });
    const refusal = { code: 'output-unwritable', message: expect.stringContaining(join(root, 'files.json')) };
    await expect(readFileSizes(root)).rejects.toMatchObject(refusal);
    await expect(writeFileList(root)).rejects.toMatchObject(refusal);
    expect(await readdir(root)).toEqual(['files.json']);
  });

  it.each(['a', 'a/b', 'a.b/..c', '...', 'a\\b'])('may hold %j', (path) => expect(isInside(path)).toBe(true));
  it.each(['', '/a', 'a/', 'a//b', '.', './a', 'a/.', '..', 'a/../b', '\\', 'a/\\'])('never holds %j', (path) =>
    expect(isInside(path)).toBe(false),
  );
});

describe('files that are added to a list', () => {
  it('stand at its end, once, with the size that they have now', async () => {
    await put('a', '1');
    await put('b', '22');
    await writeFileList(root);
    await put('a', '333');
    await put('c', '4444');
    await addToFileList(root, ['c', 'a', 'later']);
    expect(await readFileSizes(root)).toEqual([
      { file: 'b', bytes: 2 },
      { file: 'c', bytes: 4 },
      { file: 'a', bytes: 3 },
      { file: 'later', bytes: 0 },
    ]);
  });

  it('begin one where there is none, unless they are only listed where there is one', async () => {
    await put('a', '1');
    await listInFolder(join(root, 'a'));
    expect(await readdir(root)).toEqual(['a']);
    await addToFileList(root, []);
    expect(await readFileSizes(root)).toEqual([]);
    await listInFolder(join(root, 'a'));
    expect(await readFileSizes(root)).toEqual([{ file: 'a', bytes: 1 }]);
  });
});

describe('what the program made in a folder', () => {
  it('is the list and what is in it, and in the folders that have lists of their own', async () => {
    expect(await readFileList(root)).toBeUndefined();
    await seal({
      files: ['a', 'in/files.json', 'in/b', 'un/files.json', 'myfiles.json'].map((file) => ({ file, bytes: 0 })),
    });
    await put('in/files.json', sealed({ format: 'neurodex-files', version: 1, files: [{ file: 'c/d', bytes: 0 }] }));
    expect(await readFileList(root)).toEqual([
      ...['files.json', 'a', 'in/files.json', 'in/b', 'un/files.json', 'myfiles.json'],
      ...['in/files.json', 'in/c/d'],
    ]);
  });

  it('is told from everything else, which is named as far up as possible', async () => {
    for (const path of ['a', 'lock', 'files.json.3.new', 'own/b', 'own/deep/c']) await put(path);
    const listed = ['a', 'own/b', 'own/deep/c', 'gone/d'];
    expect(await otherFiles(root, listed)).toEqual([]);
    for (const path of ['z', 'own/deep/x', 'own/lock', 'own/files.json.3.new', 'theirs/e/f', 'own/theirs/g'])
      await put(path);
    // Neither the beginning of a listed path, nor a folder in the place of a listed file, is ours.
    for (const path of ['b', 'ow', 'own-s']) await mkdir(join(root, path));
    await rm(join(root, 'a'));
    await mkdir(join(root, 'a'));
    expect(await otherFiles(root, listed)).toEqual([
      'a/',
      'b/',
      'ow/',
      'own-s/',
      'own/deep/x',
      'own/files.json.3.new',
      'own/lock',
      'own/theirs/',
      'theirs/',
      'z',
    ]);
  });

  it('can be removed, with the folders that are empty then', async () => {
    for (const path of ['a', 'lock', 'files.json', 'files.json.3.new', 'own/b', 'own/deep/er/c']) await put(path);
    const listed = ['files.json', 'a', 'own/b', 'own/deep/er/c', 'gone/d'];
    for (const path of ['theirs', 'own/deep/mine']) await put(path);
    expect((await removeListed(root, listed)).sort()).toEqual(['own', 'theirs']);
    expect(await readdir(join(root, 'own'), { recursive: true })).toEqual(['deep', join('deep', 'mine')]);
    await rm(join(root, 'theirs'));
    await rm(join(root, 'own', 'deep', 'mine'));
    expect(await removeListed(root, listed)).toEqual([]);
    expect(await readdir(dirname(root))).not.toContain(root.slice(dirname(root).length + 1));
  });

  it('is listed as long as some of it is there', async () => {
    await put('files.json');
    await put('folder/file');
    await expect(removeListed(root, ['files.json', 'folder'])).rejects.toThrow();
    expect((await readdir(root)).sort()).toEqual(['files.json', 'folder']);
  });
});

it.each([
  [['a'], 'holds a, which', 'move it elsewhere'],
  [['a', 'b'], 'holds a, b, which', 'move them elsewhere'],
  [['a', 'b', 'c', 'd', 'e'], 'holds a, b, c, d, e, which', 'move them'],
  [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'holds a, b, c, d, e and 2 more, which', 'move them'],
])('names at most five others: %j', (others, message, hint) => {
  expect(holdsOthers('/folder', others)).toMatchObject({
    code: 'output-exists',
    message: expect.stringContaining(`/folder ${message}`),
    hint: expect.stringContaining(hint),
    details: { path: '/folder', others },
  });
});
