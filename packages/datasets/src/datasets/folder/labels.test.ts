import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFolder } from './folder.ts';
import type { LabelSource } from './label-sources.ts';

const FIXTURES = join(import.meta.dirname, '../../metadata/fixtures');
let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-labels-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, fixture: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(join(FIXTURES, fixture), join(root, path));
}
const labelsBy = async (labels: LabelSource) =>
  Object.fromEntries((await openFolder(root, { labels })).pictures.map((picture) => [picture.path, picture.labels]));

describe('labels of nested folders', () => {
  beforeEach(async () => {
    await put('2023/Rome/Day 1/a.jpg', 'full.jpg');
    await put('2023/Rome/b.jpg', 'synced.jpg');
    await put('2024/c.jpg', 'stale.jpg');
    await put('d.jpg', 'bare.jpg');
  });

  it('are by the layout the folder at the top, and a picture beside the folders is left out', async () => {
    const dataset = await openFolder(root);
    expect(dataset.pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['2023/Rome/Day 1/a.jpg', ['2023']],
      ['2023/Rome/b.jpg', ['2023']],
      ['2024/c.jpg', ['2024']],
    ]);
    expect(dataset.skipped).toEqual([{ path: 'd.jpg', reason: 'in no class folder, while other pictures are' }]);
  });

  it.each([
    ['folder', [['2023/Rome/Day 1'], ['2023/Rome'], ['2024'], []]],
    ['top', [['2023'], ['2023'], ['2024'], []]],
    ['none', [[], [], [], []]],
    ['keywords', [['tour Eiffel', 'soirée'], ['new'], ['later'], []]],
  ] as const)('%s', async (labels, expected) => {
    expect(Object.values(await labelsBy(labels))).toEqual(expected);
  });

  it('come with the keywords of XMP files beside the pictures', async () => {
    await put('d.jpg.xmp', 'bare.jpg.xmp');
    expect((await labelsBy('keywords'))['d.jpg']).toEqual(['beside']);
  });

  it('are said once: by a level, or by a source', async () => {
    await expect(openFolder(root, { classLevel: 1, labels: 'folder' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('cannot be keywords where there are none', async () => {
    await rm(join(root, '2023'), { recursive: true });
    await rm(join(root, '2024'), { recursive: true });
    await expect(labelsBy('keywords')).rejects.toMatchObject({
      code: 'source-unusable',
      hint: expect.stringContaining('--labels folder'),
    });
  });
});

describe('XMP files beside pictures', () => {
  const sidecars = async () =>
    Promise.all(
      (await openFolder(root)).pictures.map(async (picture) => [
        picture.path,
        (await picture.sidecars?.())?.map((bytes) => `${bytes}`),
      ]),
    );
  const content = (name: string, text: string) => writeFile(join(root, name), text);

  it('belong to the picture of their whole name first, then to every picture of their name', async () => {
    for (const name of ['a.jpg', 'a.png', 'b.jpg']) await put(name, 'bare.jpg');
    await content('a.xmp', 'both');
    await content('a.jpg.XMP', 'one');
    await content('lonely.xmp', 'none');
    expect(await sidecars()).toEqual([
      ['a.jpg', ['one', 'both'].map((text) => `${Buffer.from(text)}`)],
      ['a.png', [`${Buffer.from('both')}`]],
      ['b.jpg', undefined],
    ]);
    const { skipped, inputs } = await openFolder(root);
    expect(skipped.map(({ path }) => path)).toEqual(['lonely.xmp']);
    const before = (await inputs?.())?.map(({ name, version }) => `${name} ${version}`);
    expect(before).toHaveLength(6);
  });

  it('are done without where they cannot be read', async () => {
    await put('a.jpg', 'bare.jpg');
    await content('a.xmp', 'text');
    const { pictures } = await openFolder(root);
    await rm(join(root, 'a.xmp'));
    expect(await pictures[0]?.sidecars?.()).toEqual([]);
  });
});
