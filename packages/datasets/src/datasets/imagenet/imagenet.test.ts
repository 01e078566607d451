import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { recogniseDataset } from '../registry.ts';
import { skippedKinds } from '../skipped.ts';
import { classNames, hubClassName, IMAGENET_WORDS, parseWords } from './class-names.ts';
import { IMAGENETTE_WNIDS } from './find.ts';
import { openWnidFolders } from './wnid-folders.ts';

let folder = '';
let jpeg: Uint8Array;
const put = async (path: string, content: string | Uint8Array = jpeg): Promise<void> => {
  const at = join(folder, path);
  await mkdir(join(at, '..'), { recursive: true });
  await writeFile(at, content);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-imagenet-'));
  jpeg = await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  // imagenette2-160.tgz
  for (const wnid of IMAGENETTE_WNIDS) {
    await put(`imagenette2-160/train/${wnid}/${wnid}_10026.JPEG`);
    await put(`imagenette2-160/train/${wnid}/ILSVRC2012_val_00000293.JPEG`);
    await put(`imagenette2-160/val/${wnid}/${wnid}_11052.JPEG`);
  }
  await put('imagenette2-160/noisy_imagenette.csv', 'path,noisy_labels_0\n');
  // tiny-imagenet-200.zip
  const words = 'n00001740\tentity\nn02124075\tEgyptian cat\nn04067472\treel\n';
  await put('tiny/wnids.txt', 'n02124075\nn04067472\n');
  await put('tiny/words.txt', words);
  for (const wnid of ['n02124075', 'n04067472']) {
    await put(`tiny/train/${wnid}/${wnid}_boxes.txt`, `${wnid}_0.JPEG\t0\t10\t63\t58\n`);
    for (const i of [0, 1]) await put(`tiny/train/${wnid}/images/${wnid}_${i}.JPEG`);
  }
  for (const i of [0, 1, 5]) await put(`tiny/val/images/val_${i}.JPEG`);
  await put(
    'tiny/val/val_annotations.txt',
    'val_0.JPEG\tn02124075\t0\t32\t44\t62\nval_1.JPEG\tn04067472\t52\t55\t57\t59\nval_9.JPEG\tn02124075\t4\t0\t60\t55\nval_1.JPEG\tn02124075\t0\t0\t1\t1\n../x.JPEG\tn02124075\nval_5.JPEG\tcat\n',
  );
  // ILSVRC 2012, as Kaggle packs it; the two cranes are a bird and a machine.
  for (const wnid of ['n02012849', 'n03126707', 'n01440764']) {
    await put(`kaggle/ILSVRC/Data/CLS-LOC/train/${wnid}/${wnid}_1.JPEG`);
  }
  await put('kaggle/ILSVRC/Data/CLS-LOC/train/notes/a.JPEG');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const common = { split: 'train', source: '/x', notices: [] } as const;
const open = (name: string, at: string, split: 'train' | 'val' = 'train') =>
  openWnidFolders({ ...common, split, name, folder: join(folder, at) });

describe('imagenette', () => datasetContract(() => open('imagenette', 'imagenette2-160'), { entries: 20 }));
describe('tiny-imagenet', () => datasetContract(() => open('tiny-imagenet', 'tiny'), { entries: 6 }));
describe('tiny-imagenet, val', () => datasetContract(() => open('tiny-imagenet', 'tiny', 'val')));
describe('imagenet', () => datasetContract(() => open('imagenet', 'kaggle/ILSVRC/Data/CLS-LOC'), { entries: 4 }));

describe('folders called by wnid', () => {
  it('are told apart by what is in them', async () => {
    await put('wrapped/a/b/train/n02012849/1.JPEG');
    const kinds = ['imagenette2-160', 'tiny', 'kaggle', '', 'tiny/val', 'wrapped'].map((at) =>
      recogniseDataset(join(folder, at)),
    );
    expect(await Promise.all(kinds)).toEqual([
      'imagenette',
      'tiny-imagenet',
      'imagenet',
      'imagenette',
      'folder',
      'imagenet',
    ]);
  });

  it('labels are words and paths keep the wnids; boxes and the other split are counted', async () => {
    const nette = await open('imagenette', 'imagenette2-160');
    expect(nette.pictures).toHaveLength(20);
    expect(nette.pictures[0]).toMatchObject({
      path: 'train/n01440764/ILSVRC2012_val_00000293.JPEG',
      labels: ['tench'],
    });
    const tiny = await open('tiny-imagenet', 'tiny');
    expect(skippedKinds(tiny.skipped)).toEqual([{ kind: 'bounding boxes, which are not read', count: 2 }]);
    expect(tiny.layout?.map(({ message }) => message)).toEqual([
      'train/ is read; val/ beside it, of 3 pictures, is not',
      'wnids.txt is not read',
    ]);
    expect(tiny.pictures.map(({ path, labels }) => [path, labels[0]])).toEqual([
      ['train/n02124075/images/n02124075_0.JPEG', 'Egyptian cat'],
      ['train/n02124075/images/n02124075_1.JPEG', 'Egyptian cat'],
      ['train/n04067472/images/n04067472_0.JPEG', 'reel'],
      ['train/n04067472/images/n04067472_1.JPEG', 'reel'],
    ]);
  });

  it('namesakes are told apart, and folders of another kind are named', async () => {
    const { pictures, skipped } = await open('imagenet', 'kaggle/ILSVRC/Data/CLS-LOC');
    expect(pictures.map(({ labels }) => labels[0])).toEqual(['tench', 'crane (n02012849)', 'crane (n03126707)']);
    expect(skipped).toMatchObject([
      { path: 'train/notes/a.JPEG', reason: 'its folder notes is not called by a wnid (n01440764 …)' },
    ]);
  });

  it('the validation part of tiny-imagenet: rows that make no sense are named by file and line', async () => {
    const { pictures, skipped } = await open('tiny-imagenet', 'tiny', 'val');
    expect(pictures.map(({ path, labels }) => [path, labels[0]])).toEqual([
      ['val/images/val_0.JPEG', 'Egyptian cat'],
      ['val/images/val_1.JPEG', 'reel'],
    ]);
    expect(skipped.map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      'val/val_annotations.txt line 3: there is no picture val/images/val_9.JPEG',
      'val/val_annotations.txt line 4: val_1.JPEG is named a second time',
      expect.stringContaining('line 5: is not a picture, a tab and a wnid'),
      expect.stringContaining('line 6: is not a picture, a tab and a wnid'),
      'val/images/val_5.JPEG val_annotations.txt does not name it',
    ]);
  });

  it('pictures without folders have no classes to be had', async () => {
    await put('flat/train/a.JPEG');
    await expect(open('imagenet', 'flat')).rejects.toMatchObject({ code: 'source-unusable' });
    // tiny-imagenet's, where val_annotations.txt was lost.
    await put('lost/val/images/val_0.JPEG');
    await expect(open('imagenet', 'lost', 'val')).rejects.toMatchObject({
      code: 'source-unusable',
      hint: expect.stringContaining('val_annotations.txt'),
    });
    await expect(open('imagenet', 'absent')).rejects.toMatchObject({ code: 'source-missing' });
  });
});

describe('class names', () => {
  it('all 1,000 of ImageNet, none twice', () => {
    const wnids = [...IMAGENET_WORDS.keys()];
    const names = classNames(wnids);
    expect(new Set(names.values()).size).toBe(1000);
    expect(names.get('n01440764')).toBe('tench');
    expect(names.get('n15075141')).toBe('toilet tissue');
    expect(names.get('n03710721')).toBe('maillot (n03710721)');
    for (const name of names.values()) expect(name).toMatch(/^[A-Z]?[\w .'()-]+$/i);
  });

  it('labels of the hub, in each of its three ways, are called as the folders are', () => {
    const labels = [
      'n02124075',
      'tench, Tinca tinca',
      'crane (134)',
      'crane (517)',
      'French horn',
      'n99999999',
      'x (3)',
    ];
    expect(labels.map(hubClassName)).toEqual([
      'Egyptian cat',
      'tench',
      'crane (n02012849)',
      'crane (n03126707)',
      'French horn',
      'n99999999',
      'x (3)',
    ]);
    for (const [i, [wnid, words]] of [...IMAGENET_WORDS].entries()) {
      const name = classNames([wnid]).get(wnid);
      expect(hubClassName(wnid)).toBe(name);
      expect(hubClassName(words === 'crane' ? `crane (${i})` : words)).toBe(name);
    }
  });

  it('a class is called the same with and without the others, whatever the data brings', () => {
    expect(classNames(['n02012849']).get('n02012849')).toBe('crane (n02012849)');
    expect(classNames(['n01440764'], parseWords('n01440764 other')).get('n01440764')).toBe('tench');
  });

  it('wnids that ImageNet-1k does not have: the words of the data, else themselves', () => {
    const own = parseWords('n00001740\tentity, thing\r\nn00001930 physical entity\nrubbish\n');
    expect([...classNames(['n00001740', 'n00001930', 'n99999999'], own).values()]).toEqual([
      'entity',
      'physical entity',
      'n99999999',
    ]);
  });
});
