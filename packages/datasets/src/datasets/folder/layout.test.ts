import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planByLevel, planFolder } from './layout.ts';

/** Class by path; '-' for a picture without one; nothing for one that is skipped. */
const classes = (files: readonly string[], folders: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(planFolder(files, folders, '/pics').placed.map(({ file, label }) => [file, label ?? '-']));
const names = (files: readonly string[]): string[] => [...new Set(Object.values(classes(files)))].sort();
const skipped = (files: readonly string[]): Record<string, string> =>
  Object.fromEntries(planFolder(files, [], '/pics').skipped.map(({ path, reason }) => [path, reason]));
const below = (parents: readonly string[], classNames = ['cat', 'dog']): string[] =>
  parents.flatMap((parent) => classNames.flatMap((name) => [`${parent}/${name}/0.jpg`, `${parent}/${name}/1.jpg`]));

describe('folders of splits are no classes', () => {
  it.each([
    [['train', 'valid', 'test']],
    [['Train', 'Test']],
    [['TRAIN', 'VAL']],
    [['training', 'validation', 'testing']],
    [['training_set', 'test_set']],
    [['training-set', 'test-set', 'unlabeled']],
    [['TrainingSet', 'TestSet']],
    [['trainset', 'testset', 'devset']],
    [['train2017', 'val2017', 'test2017']],
    [['train_1', 'train_2', 'val_1']],
    [['1_train', '2_test']],
    [['train (1)', 'test (1)']],
    [['train', 'dev', 'eval']],
    [['train', 'unlabelled', 'test']],
    [['Train Images', 'Test Images']],
    [['images_train', 'images_test']],
    [['seg_train', 'seg_test']],
    [['asl_alphabet_train', 'asl_alphabet_test']],
    [['dogs-train', 'dogs-val', 'dogs-test']],
    [['train']],
    [['val']],
    [['hold-out', 'train']],
  ])('%j', (parents) => {
    expect(names(below(parents))).toEqual(['cat', 'dog']);
    expect(skipped(below(parents))).toEqual({});
  });

  it('also where folders stand around them, between them and the classes, or are named twice', () => {
    expect(names(below(['download/pics/train', 'download/pics/test']))).toEqual(['cat', 'dog']);
    expect(names(below(['train/images', 'test/images']))).toEqual(['cat', 'dog']);
    expect(names(below(['seg_train/seg_train', 'seg_test/seg_test']))).toEqual(['cat', 'dog']);
    expect(names(below(['images/train', 'images/val']))).toEqual(['cat', 'dog']);
    expect(names(below(['data/raw_data/train', 'data/raw_data/test']))).toEqual(['cat', 'dog']);
  });

  it('says so', () => {
    const { layout } = planFolder(below(['train', 'test']), [], '/pics');
    expect(layout.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^train and test are read as splits and put together/),
    ]);
  });

  it('a split without class folders beside splits with them is skipped and counted', () => {
    const files = [...below(['train', 'valid']), 'test/1.jpg', 'unlabeled/unlabeled/2.jpg', 'pred/images/3.jpg'];
    expect(names(files)).toEqual(['cat', 'dog']);
    expect(Object.keys(skipped(files))).toEqual(['test/1.jpg', 'unlabeled/unlabeled/2.jpg', 'pred/images/3.jpg']);
  });

  it('splits without any class folders are pictures without classes', () => {
    expect(classes(['train/1.jpg', 'test/2.jpg'])).toEqual({ 'train/1.jpg': '-', 'test/2.jpg': '-' });
    // YOLO and Roboflow: the labels are text files in labels/.
    expect(names(['train/images/1.jpg', 'valid/images/2.jpg'])).toEqual(['-']);
    expect(names(['images/train/1.jpg', 'images/val/2.jpg'])).toEqual(['-']);
  });

  it('other folders beside splits that share their classes are skipped and counted', () => {
    const files = [
      ...below(['chest_xray/train', 'chest_xray/test', 'chest_xray/chest_xray/train']),
      'chest_xray/notes/1.jpg',
    ];
    expect(names(files)).toEqual(['cat', 'dog']);
    expect(new Set(Object.values(skipped(files)))).toEqual(
      new Set(['beside the folders train and test, which are read as splits']),
    );
    expect(Object.keys(skipped(files))).toHaveLength(5);
  });
});

describe('classes that are called like a split', () => {
  it.each([
    [['exam', 'test', 'quiz']],
    [['bus', 'car', 'train']],
    [['bus', 'train', 'test']],
    [['dev', 'production']],
    [['valley', 'hill', 'testimonial']],
    [['validator', 'trainer']],
    [['trains', 'buses']],
    [['0', '1', '2']],
    [['paintings', 'photos', 'sketches']],
    [['masks', 'hats']],
  ])('%j', (classNames) => {
    expect(names(classNames.map((name) => `${name}/1.jpg`))).toEqual([...classNames].sort());
  });

  it('stay classes by their level, whatever stands around them', () => {
    const files = ['train/1.jpg', 'test/a/2.jpg', 'loose.jpg'];
    const plan = planByLevel(files, 1);
    expect(plan.placed).toEqual([
      { file: 'train/1.jpg', label: 'train' },
      { file: 'test/a/2.jpg', label: 'test' },
    ]);
    expect(plan.skipped.map(({ path }) => path)).toEqual(['loose.jpg']);
    expect(planByLevel(files, 2).placed).toEqual([{ file: 'test/a/2.jpg', label: 'a' }]);
    expect(planByLevel(files, 0).placed.map(({ label }) => label)).toEqual([undefined, undefined, undefined]);
  });
});

describe('folders around everything, and folders in classes', () => {
  it.each(['dataset', 'download/dog-breeds', 'a/b/c', 'images', 'pics/photos'])('%s/ is no class', (around) => {
    expect(names(below([around]))).toEqual(['cat', 'dog']);
    expect(names([...below([around]), 'loose.jpg'])).toEqual(['cat', 'dog']);
  });

  it('the one folder that pictures lie in is the class, unless its name says that it is none', () => {
    expect(names(['download/dog/1.jpg'])).toEqual(['dog']);
    expect(names(['download/dog/1.jpg', 'download/dog/puppies/2.jpg'])).toEqual(['dog']);
    expect(names(['download/images/1.jpg'])).toEqual(['-']);
    expect(names(['JPEGImages/1.jpg'])).toEqual(['-']);
  });

  it('what is below a class is of that class; of classes without pictures of their own it is doubtful', () => {
    const sub = planFolder(['cat/1.jpg', 'cat/tabby/2.jpg', 'dog/3.jpg'], [], '/pics');
    expect(sub.placed.map(({ label }) => label)).toEqual(['cat', 'cat', 'dog']);
    expect(sub.layout).toEqual([{ message: expect.stringContaining('cat/tabby') }]);
    const groups = planFolder(
      ['animals/cat/1.jpg', 'animals/dog/2.jpg', 'plants/oak/3.jpg', 'plants/rose/4.jpg'],
      [],
      '/pics',
    );
    expect(groups.placed.map(({ label }) => label)).toEqual(['animals', 'animals', 'plants', 'plants']);
    expect(groups.layout).toEqual([
      { message: expect.stringMatching(/animals and plants.*--class-level/), doubtful: true },
    ]);
    // Splits below the class, and tiny-imagenet's folders, are neither.
    const inside = planFolder(['cat/train/1.jpg', 'cat/test/2.jpg', 'dog/images/3.jpg'], [], '/pics');
    expect(inside.layout).toEqual([]);
    expect(inside.placed.map(({ label }) => label)).toEqual(['cat', 'cat', 'dog']);
  });

  it('more pictures outside of classes than in them are doubtful; empty class folders are named', () => {
    const files = ['1.jpg', '2.jpg', 'best/3.jpg'];
    const { layout } = planFolder(files, ['best', 'worst'], '/pics');
    expect(layout[0]).toMatchObject({ doubtful: true, message: expect.stringContaining('--class-level 0') });
    expect(layout[1]?.message).toBe('a folder holds no pictures: worst');
  });

  it('masks and labels that are pictures are skipped; parts are put together', () => {
    const files = ['JPEGImages/1.jpg', 'SegmentationClass/1.png', 'SegmentationObject/1.png'];
    expect(classes(files)).toEqual({ 'JPEGImages/1.jpg': '-' });
    expect(Object.values(skipped(files))).toEqual(Array(2).fill('in a folder of masks or labels'));
    expect(classes(['train/1.png', 'trainannot/1.png', 'val/2.png', 'valannot/2.png'])).toEqual({
      'train/1.png': '-',
      'val/2.png': '-',
    });
    expect(names(['images_001/images/1.png', 'images_002/images/2.png'])).toEqual(['-']);
    expect(names(below(['part1', 'part2']))).toEqual(['cat', 'dog']);
  });
});

describe('roles', () => {
  const roles = (files: readonly string[]): (string | undefined)[] =>
    planFolder(files, [], '/pics').placed.map(({ role }) => role);

  it('in any spelling, and in a folder around them', () => {
    expect(roles(below(['Catalogue', 'Training', 'val', 'test_set'], ['cat']))).toEqual(
      ['catalogue', 'train', 'validation', 'test'].flatMap((role) => [role, role]),
    );
    expect(roles(['pics/gallery/1.jpg', 'pics/query/2.jpg', 'pics/train/3.jpg'])).toEqual([
      'catalogue',
      'test',
      'train',
    ]);
    expect(names(below(['x/catalogue', 'x/train', 'x/test']))).toEqual(['cat', 'dog']);
  });

  it('that are incomplete are refused', () => {
    expect(() => planFolder(below(['catalogue', 'train']), [], '/pics')).toThrow(NeurodexError);
    expect(() => planFolder(below(['gallery', 'query']), [], '/pics')).toThrow(/look like roles.*but not train/);
  });
});

describe('any folders at all', () => {
  const name = fc.constantFrom(
    'cat',
    'dog',
    'train',
    'Test',
    'val2017',
    'images',
    'masks',
    'data',
    'quiz',
    'seg_train',
    'ü ',
    'catalogue',
    'query',
  );
  const file = fc.array(name, { maxLength: 5 }).map((parts) => [...parts, 'x'].join('/'));
  const files = fc
    .array(file, { minLength: 1, maxLength: 30 })
    .map((paths) => paths.map((path, i) => `${path}${i}.jpg`));

  it('every picture is placed or skipped, once', () => {
    fc.assert(
      fc.property(files, (all) => {
        try {
          const { placed, skipped: left } = planFolder(all, [], '/pics');
          expect([...placed.map(({ file: each }) => each), ...left.map(({ path }) => path)].sort()).toEqual(
            [...all].sort(),
          );
          expect(placed.length).toBeGreaterThan(0);
          const fixed = placed.filter(({ role }) => role !== undefined).length;
          expect([0, placed.length]).toContain(fixed);
        } catch (error) {
          if (!(error instanceof NeurodexError)) throw error;
          expect(['source-unusable', 'source-empty']).toContain(error.code);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const ordinary = fc.uniqueArray(fc.stringMatching(/^[b-y]{4,8}$/), { minLength: 2, maxLength: 6 }).filter((all) =>
    // Words that mean something else are not what is tested here.
    all.every(
      (each) => !/^(train|test|val|dev|mask|label|pic|photo|part|fold|img|data|query|probe|tst|trn|gt)/.test(each),
    ),
  );
  const splits = fc.subarray(['train', 'Val', 'test_set', 'unlabeled', 'dev2'], { minLength: 2 });
  const around = fc.array(fc.constantFrom('pics', 'download', 'my data', 'v2'), { maxLength: 3 });

  it('the classes do not depend on splits and folders around them', () => {
    fc.assert(
      fc.property(ordinary, splits, around, (classNames, parts, parents) => {
        const prefix = parents.map((each) => `${each}/`).join('');
        const plain = names(classNames.map((each) => `${prefix}${each}/1.jpg`));
        const split = names(
          below(
            parts.map((part) => `${prefix}${part}`),
            classNames,
          ),
        );
        expect(plain).toEqual([...classNames].sort());
        expect(split).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });
});
