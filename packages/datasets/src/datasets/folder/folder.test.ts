import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodePicture } from '../../image/decode.ts';
import { datasetContract } from '../dataset.contract.ts';
import type { Dataset } from '../dataset.ts';
import { skippedKinds } from '../skipped.ts';
import { openFolder } from './folder.ts';

let png = Buffer.alloc(0);
let root = '';
beforeAll(async () => {
  png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-folder-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, content: string | Uint8Array = png): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}
const paths = (dataset: Dataset): string[] => dataset.pictures.map((picture) => picture.path);
const reasons = (dataset: Dataset): Record<string, string> =>
  Object.fromEntries(dataset.skipped.map(({ path, reason }) => [path, reason]));
async function failure(promise: Promise<unknown>): Promise<NeurodexError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
}

describe('openFolder', () => {
  datasetContract(
    async () => {
      for (const path of ['cat/1.png', 'dog/1.png', 'dog/Ä.png', 'dog/note.txt']) await put(path);
      return openFolder(root);
    },
    { entries: 4 },
  );
  describe('of splits, with leftovers', () =>
    datasetContract(
      async () => {
        for (const path of ['x/train/cat/1.png', 'x/test/dog/1.png', 'x/test/2.png', '.DS_Store', 'x/a.csv'])
          await put(path);
        return openFolder(root);
      },
      { entries: 5 },
    ));

  it('takes class folders, their sub-folders and equal file names in several classes', async () => {
    for (const path of ['dog/1.png', 'cat/1.png', 'cat/10.JPG', 'cat/2.webp', 'cat/tabby/deep/1.png']) await put(path);
    const dataset = await openFolder(root);
    expect(dataset.name).toBe('folder');
    expect(dataset.source).toBe(root);
    expect(dataset.pictures.map(({ path, labels, role }) => [path, labels, role])).toEqual([
      ['cat/1.png', ['cat'], undefined],
      ['cat/10.JPG', ['cat'], undefined],
      ['cat/2.webp', ['cat'], undefined],
      ['cat/tabby/deep/1.png', ['cat'], undefined],
      ['dog/1.png', ['dog'], undefined],
    ]);
    expect(dataset.skipped).toEqual([]);
    expect(dataset.notices).toEqual([]);
    expect(Buffer.from((await dataset.pictures[0]?.read()) ?? [])).toEqual(png);
  });

  it('orders by code units, whatever the locale', async () => {
    for (const path of ['ä/1.png', 'Z/1.png', 'a/1.png', 'a b/1.png', 'a/é.png', 'a/z.png']) await put(path);
    expect(paths(await openFolder(root))).toEqual(['Z/1.png', 'a b/1.png', 'a/1.png', 'a/z.png', 'a/é.png', 'ä/1.png']);
  });

  it('takes a flat folder without classes, one picture included', async () => {
    await put('only.gif');
    const dataset = await openFolder(root);
    expect(dataset.pictures.map(({ path, labels }) => [path, labels])).toEqual([['only.gif', []]]);
  });

  it('takes a flat folder as flat when its sub-folders hold no pictures', async () => {
    await put('a.png');
    await put('notes/readme.txt', 'hello');
    const dataset = await openFolder(root);
    expect(paths(dataset)).toEqual(['a.png']);
    expect(reasons(dataset)).toEqual({ 'notes/readme.txt': 'not a picture file' });
  });

  it('skips loose pictures beside class folders, with the reason', async () => {
    await put('loose.png');
    await put('cat/1.png');
    const dataset = await openFolder(root);
    expect(paths(dataset)).toEqual(['cat/1.png']);
    expect(reasons(dataset)).toEqual({ 'loose.png': 'in no class folder, while other pictures are' });
  });

  it('takes roles at their word, with and without validation and classes', async () => {
    for (const role of ['catalogue', 'train', 'test']) await put(`${role}/cat/1.png`);
    const dataset = await openFolder(root);
    expect(dataset.pictures.map(({ path, labels, role }) => [path, labels, role])).toEqual([
      ['catalogue/cat/1.png', ['cat'], 'catalogue'],
      ['test/cat/1.png', ['cat'], 'test'],
      ['train/cat/1.png', ['cat'], 'train'],
    ]);
    await put('validation/cat/1.png');
    await put('extra/cat/1.png');
    await put('train/loose.png');
    const more = await openFolder(root);
    expect(more.pictures.map(({ role }) => role)).toEqual(['catalogue', 'test', 'train', 'validation']);
    expect(Object.keys(reasons(more))).toEqual(['extra/cat/1.png', 'train/loose.png']);
  });

  it('takes roles without classes', async () => {
    for (const role of ['catalogue', 'train', 'test']) await put(`${role}/1.png`);
    expect((await openFolder(root)).pictures.map(({ labels, role }) => [labels, role])).toEqual([
      [[], 'catalogue'],
      [[], 'test'],
      [[], 'train'],
    ]);
  });

  it('refuses roles that are incomplete or empty', async () => {
    await put('catalogue/cat/readme.md', 'none');
    await put('train/cat/1.png');
    const incomplete = await failure(openFolder(root));
    expect(incomplete.code).toBe('source-unusable');
    expect(incomplete.message).toMatch(/catalogue, train.*but not test$/);
    await put('test/cat/1.png');
    const error = await failure(openFolder(root));
    expect(error.code).toBe('source-empty');
    expect(error.message).toContain(join(root, 'catalogue'));
  });

  it('takes train and test for classes when there are others', async () => {
    for (const name of ['train', 'bus', 'test']) await put(`${name}/1.png`);
    expect((await openFolder(root)).pictures.map(({ labels }) => labels[0])).toEqual(['bus', 'test', 'train']);
  });

  it('keeps names outside ASCII as they are, composed or not, and names of 255 bytes', async () => {
    const composed = 'caf\u00e9';
    const decomposed = 'cafe\u0301';
    const long = `${'ü'.repeat(125)}.png`;
    for (const path of [`${composed}/猫.png`, `${decomposed}/😀.png`, `${composed}/${long}`]) await put(path);
    const dataset = await openFolder(root);
    expect(paths(dataset)).toEqual([`${decomposed}/😀.png`, `${composed}/${long}`, `${composed}/猫.png`]);
    expect(new Set(dataset.pictures.map(({ labels }) => labels[0]))).toEqual(new Set([composed, decomposed]));
    for (const picture of dataset.pictures) expect((await picture.read()).length).toBe(png.length);
  });

  it.skipIf(process.platform !== 'linux')('skips a name that is not UTF-8', async () => {
    await put('cat/1.png');
    await writeFile(Buffer.concat([Buffer.from(`${root}/cat/`), Buffer.from([0xe9]), Buffer.from('.png')]), png);
    expect(Object.values(reasons(await openFolder(root)))).toEqual(['its name is not valid UTF-8']);
  });

  it('passes over what systems and tools leave, and counts it with the other files by reason', async () => {
    const left = ['.git/2.png', 'cat/.DS_Store', 'cat/._1.png', 'cat/._2.png', 'cat/Thumbs.db', '__MACOSX/cat/1.png'];
    const more = ['cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg', '$RECYCLE.BIN/$R1.png', 'lost+found/3.png', 'desktop.ini'];
    const tools = ['node_modules/x/logo.png', '.ipynb_checkpoints/1.png', 'dog/.thumbnails/1.png', '.cache/1.png'];
    for (const path of ['cat/1.png', 'dog/1.png', ...left, ...more, ...tools]) await put(path);
    await put('cat/notes.txt', 'hello');
    await put('cat/more.TXT', 'hello');
    await put('cat/png', 'no ending');
    const dataset = await openFolder(root);
    expect(dataset.pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['cat/1.png', ['cat']],
      ['dog/1.png', ['dog']],
    ]);
    expect(skippedKinds(dataset.skipped)).toEqual([
      { kind: 'hidden (._…)', count: 2 },
      { kind: 'not a picture file (.txt)', count: 2 },
      ...['.DS_Store', '.cache', '.git', '.ipynb_checkpoints', '.thumbnails'].map((name) => ({
        kind: `hidden (${name})`,
        count: 1,
      })),
      ...['$RECYCLE.BIN', '@eaDir', 'Thumbs.db', '__MACOSX', 'desktop.ini', 'lost+found', 'node_modules'].map(
        (name) => ({ kind: `left by the system or a tool (${name})`, count: 1 }),
      ),
      { kind: 'not a picture file (no ending)', count: 1 },
    ]);
  });

  it('counts videos and what lies beside pictures, and says how pictures are taken out of videos', async () => {
    for (const path of ['cat/IMG_1.HEIC', 'cat/IMG_2.jpg', 'dog/IMG_3.CR2']) await put(path);
    // Live Photos, whatever the case of their names; IMG_3 is in another folder.
    for (const path of ['cat/img_1.mov', 'cat/IMG_2.MOV', 'cat/IMG_3.MOV', 'dog/b.mp4', 'dog/c.MKV'])
      await put(path, 'x');
    for (const path of ['cat/IMG_1.AAE', 'cat/IMG_9.xmp', 'dog/GOPR1.THM', 'dog/old.x3f']) await put(path, 'x');
    for (const path of ['.nomedia', '.Trash-1000/1.png', '#recycle/1.png', '.picasa.ini', 'cat/p.lrdata/1.jpg'])
      await put(path);
    const dataset = await openFolder(root);
    expect(paths(dataset)).toEqual(['cat/IMG_1.HEIC', 'cat/IMG_2.jpg', 'dog/IMG_3.CR2']);
    const kinds = Object.fromEntries(skippedKinds(dataset.skipped).map(({ kind, count }) => [kind, count]));
    expect(kinds).toEqual({
      'the video of a Live Photo': 2,
      'a video (.mov)': 1,
      'a video (.mp4)': 1,
      'a video (.mkv)': 1,
      'a file of settings beside a picture (.aae)': 1,
      'a file of settings beside a picture (.xmp)': 1,
      'a file of settings beside a picture (.thm)': 1,
      'camera raw of a kind that is not read (.x3f)': 1,
      'hidden (.nomedia)': 1,
      'hidden (.Trash-1000)': 1,
      'hidden (.picasa.ini)': 1,
      'left by the system or a tool (#recycle)': 1,
      'left by the system or a tool (….lrdata)': 1,
    });
    expect(dataset.layout?.filter(({ doubtful }) => doubtful).map(({ message }) => message)).toEqual([
      '3 videos (1 .mkv, 1 .mov and 1 .mp4) are left out; pictures are taken out of a video by ffmpeg -i VIDEO -vf fps=1 -q:v 2 FOLDER/VIDEO-%05d.jpg',
    ]);
    expect(dataset.skipped.filter(({ expected }) => !expected).map(({ path }) => path)).toEqual(['dog/old.x3f']);
  });

  it('tells a folder of videos, and a video, from a folder of pictures', async () => {
    await put('clips/a.mp4', 'x');
    const empty = await failure(openFolder(join(root, 'clips')));
    expect([empty.code, empty.hint]).toEqual(['source-empty', expect.stringContaining('ffmpeg -i')]);
    const video = await failure(openFolder(join(root, 'clips', 'a.mp4')));
    expect([video.code, video.hint]).toEqual(['source-unusable', expect.stringContaining('ffmpeg -i')]);
    expect(video.message).toMatch(/a\.mp4 is a video, not a folder of pictures$/);
  });

  it('says where labels may be that are not read', async () => {
    await put('images/1.png');
    await put('labels/1.txt', '0 0.5 0.5 1 1');
    await put('metadata.jsonl', '{"file_name": "images/1.png", "class": "cat"}');
    await put('README.txt', 'none');
    const { layout = [], pictures } = await openFolder(root);
    expect(pictures.map(({ labels }) => labels)).toEqual([[]]);
    const [doubt] = layout.filter(({ doubtful }) => doubtful);
    expect(doubt?.message).toMatch(/^labels may be in labels\/1\.txt and metadata\.jsonl,.*metadata\.jsonl as SOURCE/);
    await put('dog/1.png');
    await put('cat/1.png');
    expect((await openFolder(root)).layout?.filter(({ doubtful }) => doubtful)).toEqual([]);
  });

  it('takes the class from the level that is asked for', async () => {
    for (const path of ['train/dog/1.png', 'test/cat/2.png', '3.png']) await put(path);
    const labels = async (classLevel: number) =>
      (await openFolder(root, { classLevel })).pictures.flatMap((picture) => picture.labels);
    expect(await labels(1)).toEqual(['test', 'train']);
    expect(await labels(2)).toEqual(['cat', 'dog']);
    expect(await labels(0)).toEqual([]);
    expect((await failure(openFolder(root, { classLevel: 3 }))).code).toBe('source-empty');
  });

  it('follows links once, ends loops and names broken links', async () => {
    await put('real/1.png');
    await symlink('.', join(root, 'real', 'self'));
    await symlink('..', join(root, 'real', 'up'));
    await symlink('real', join(root, 'a-link'));
    await symlink('1.png', join(root, 'real', '2.png'));
    await symlink('gone.png', join(root, 'real', 'broken.png'));
    await symlink('circle.png', join(root, 'real', 'circle.png'));
    const dataset = await openFolder(root);
    expect(paths(dataset)).toEqual(['real/1.png', 'real/2.png']);
    const elsewhere = 'a link to a folder that is listed elsewhere';
    expect(reasons(dataset)).toEqual({
      'a-link': elsewhere,
      'real/broken.png': 'a broken link',
      'real/circle.png': 'a link that leads in a circle',
      'real/self': elsewhere,
      'real/up': elsewhere,
    });
  });

  it('follows a link to a class folder outside of the source', async () => {
    await put('outside/1.png');
    await put('source/cat/1.png');
    await symlink(join(root, 'outside'), join(root, 'source', 'dog'));
    const dataset = await openFolder(join(root, 'source'));
    expect(dataset.pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['cat/1.png', ['cat']],
      ['dog/1.png', ['dog']],
    ]);
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('skips a folder it may not read', async () => {
    await put('cat/1.png');
    await put('locked/1.png');
    await chmod(join(root, 'locked'), 0);
    const dataset = await openFolder(root);
    await chmod(join(root, 'locked'), 0o700);
    expect(reasons(dataset)).toEqual({ locked: 'folder cannot be read: permission denied' });
  });

  it('refuses what is missing, a file, and folders without pictures, saying what was found', async () => {
    const missing = await failure(openFolder(join(root, 'nowhere')));
    expect([missing.code, missing.exitStatus]).toEqual(['source-missing', 1]);
    await put('a.png');
    expect((await failure(openFolder(join(root, 'a.png')))).code).toBe('source-unusable');
    expect((await failure(openFolder(join(root, 'a.png', 'b')))).code).toBe('source-missing');

    await mkdir(join(root, 'empty'));
    const empty = await failure(openFolder(join(root, 'empty')));
    expect(empty.code).toBe('source-empty');
    expect(empty.message).toMatch(/holds no pictures: it holds nothing at all$/);
    await mkdir(join(root, 'empty', 'cat'));
    expect((await failure(openFolder(join(root, 'empty')))).message).toMatch(/1 folder without a file in them$/);
    await put('empty/cat/list.txt', 'x');
    expect((await failure(openFolder(join(root, 'empty')))).message).toMatch(
      /only 1 thing that cannot be used \(the first: cat\/list\.txt, not a picture file\)$/,
    );
  });

  it('lists a picture that is damaged, which then names itself when it is read', async () => {
    await put('cat/zero.png', '');
    await put('cat/text.jpg', 'no picture');
    const dataset = await openFolder(root);
    const codes: string[] = [];
    for (const { path, read } of dataset.pictures) {
      const error = await failure(read().then((bytes) => decodePicture(bytes, { size: 8, maxPixels: 99, name: path })));
      expect(error.message).toContain(path);
      codes.push(error.code);
    }
    expect(codes).toEqual(['picture-not-an-image', 'picture-empty']);
    await rm(join(root, 'cat', 'zero.png'));
    expect((await failure(dataset.pictures[1]?.read() ?? Promise.resolve())).code).toBe('picture-missing');
  });
});
