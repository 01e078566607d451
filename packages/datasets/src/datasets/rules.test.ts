import * as fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Dataset, SourcePicture } from './dataset.ts';
import { applyRules, NO_RULES } from './rules.ts';

const off = NO_RULES;
/** What the notebook asks of COCO. */
const notebook = {
  maxPictures: 384,
  minPicturesPerClass: 64,
  squaresFirst: true,
  aspectTolerance: 0.1,
  minCaptions: 5,
  minObjects: 1,
};

const picture = (path: string, labels: readonly string[], rest: Partial<SourcePicture> = {}): SourcePicture => ({
  path,
  labels,
  read: async () => {
    throw new Error(`${path} was read`);
  },
  ...rest,
});

const dataset = (pictures: readonly SourcePicture[], rest: Partial<Dataset> = {}): Dataset => ({
  name: 'folder',
  source: '/pictures',
  pictures,
  notices: [],
  skipped: [],
  ...rest,
});

const paths = ({ pictures }: Dataset): string[] => pictures.map(({ path }) => path);

const classes = (sizes: Readonly<Record<string, number>>, shape?: SourcePicture['dimensions']): SourcePicture[] =>
  Object.entries(sizes).flatMap(([name, n]) =>
    Array.from({ length: n }, (_, i) =>
      picture(`${name}/${i}`, [name], shape === undefined ? {} : { dimensions: shape }),
    ),
  );

const collecting = () => {
  const said: string[] = [];
  return {
    said,
    reporter: {
      info: (m: string) => void said.push(m),
      warn: (m: string) => void said.push(`! ${m}`),
      progress() {},
    },
  };
};

describe('applyRules', () => {
  it('takes everything, reads nothing and changes no label when all rules are off', async () => {
    const all = dataset(classes({ a: 3, b: 1 }));
    expect(await applyRules(all, off)).toEqual(all);
  });

  it('the notebook’s rules: six classes of 64, the largest, the first 64 of each', async () => {
    const sizes = { a: 70, b: 63, c: 90, d: 64, e: 80, f: 100, g: 64, h: 65 };
    const made = await applyRules(dataset(classes(sizes), { ownSize: 160 }), notebook);
    expect(made.pictures).toHaveLength(384);
    expect([...new Set(made.pictures.flatMap(({ labels }) => labels))]).toEqual(['a', 'c', 'd', 'e', 'f', 'h']);
    expect(made.pictures.filter(({ labels }) => labels[0] === 'f').map(({ path }) => path)).toEqual(
      Array.from({ length: 64 }, (_, i) => `f/${i}`).sort(),
    );
  });

  it('squares first, then those within the tolerance, and no others', async () => {
    const shapes: [string, number, number][] = [
      ['wide', 110, 100],
      ['too-wide', 111, 100],
      ['square', 100, 100],
      ['tall', 90, 100],
      ['square-2', 7, 7],
      ['too-tall', 89, 100],
    ];
    const pictures = shapes.map(([path, width, height]) => picture(path, [], { dimensions: { width, height } }));
    const take = async (maxPictures: number, aspectTolerance = 0.1) =>
      paths(await applyRules(dataset(pictures), { ...off, squaresFirst: true, aspectTolerance, maxPictures }));
    expect(await take(0)).toEqual(['square', 'square-2', 'tall', 'wide']);
    expect(await take(2)).toEqual(['square', 'square-2']);
    expect(await take(3)).toEqual(['square', 'square-2', 'wide']);
    expect(await take(0, 0)).toEqual(['square', 'square-2']);
  });

  it('reads the header where a shape is not known, and names what cannot be read', async () => {
    const draw = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'red' } }).jpeg();
    const turned = await draw(20, 40).withMetadata({ orientation: 6 }).toBuffer();
    const square = await draw(20, 20).toBuffer();
    const long = await draw(40, 20).toBuffer();
    const made = await applyRules(
      dataset([
        picture('a', [], { read: async () => turned }),
        picture('b', [], { read: async () => square }),
        picture('c', [], { read: async () => long }),
        picture('d', [], { read: async () => new Uint8Array() }),
      ]),
      { ...off, squaresFirst: true, aspectTolerance: 0.1 },
    );
    expect(paths(made)).toEqual(['b']);
    expect(made.skipped).toEqual([{ path: 'd', reason: 'is empty (0 bytes)' }]);
  });

  it('looks at no more pictures than it needs: squares enough for a class end the search in it', async () => {
    let read = 0;
    const square = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const counting = classes({ a: 500, b: 400, c: 300 }).map((p) => ({
      ...p,
      read: async () => {
        read++;
        return square;
      },
    }));
    const rules = { ...off, squaresFirst: true, maxPictures: 20, minPicturesPerClass: 10 };
    expect((await applyRules(dataset(counting), rules)).pictures).toHaveLength(20);
    expect(read).toBeLessThan(60);
  });

  it('of a remote data set, nearly square pictures are enough too, and without a rule on classes the first ones', async () => {
    let read = 0;
    const near = await sharp({ create: { width: 10, height: 11, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const counting = classes({ a: 500, b: 400 }).map((p) => ({
      ...p,
      read: async () => {
        read++;
        return near;
      },
    }));
    const remote = dataset(counting, { remote: true });
    const rules = { ...off, squaresFirst: true, maxPictures: 20, minPicturesPerClass: 10 };
    expect((await applyRules(remote, rules)).pictures).toHaveLength(20);
    expect(read).toBeLessThan(60);
    const first = await applyRules(remote, { ...off, squaresFirst: true, maxPictures: 5 });
    expect(paths(first)).toEqual(['a/0', 'a/1', 'a/2', 'a/3', 'a/4']);
    expect(read).toBeLessThan(80);
  });

  it('a class without enough nearly square pictures gives way to the next', async () => {
    const long = classes({ a: 30 }, { width: 2, height: 1 });
    const sound = classes({ b: 20, c: 10 }, { width: 1, height: 1 });
    const rules = { ...off, squaresFirst: true, maxPictures: 20, minPicturesPerClass: 10 };
    const made = await applyRules(dataset([...long, ...sound]), rules);
    expect(new Set(made.pictures.map(({ labels }) => labels[0]))).toEqual(new Set(['b', 'c']));
  });

  it('pictures with several labels: each once, with the labels of the classes that stay', async () => {
    const pictures = [
      picture('1', ['dog', 'cat']),
      picture('2', ['dog', 'kite']),
      picture('3', ['kite']),
      picture('4', ['cat', 'dog']),
      picture('5', ['cat']),
    ];
    const all = await applyRules(dataset(pictures), { ...off, minPicturesPerClass: 3 });
    expect(all.pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['1', ['dog', 'cat']],
      ['2', ['dog']],
      ['4', ['cat', 'dog']],
      ['5', ['cat']],
    ]);
    const some = await applyRules(dataset(pictures), { ...off, minPicturesPerClass: 2, maxPictures: 2 });
    expect(some.pictures.map(({ path, labels }) => [path, labels])).toEqual([
      ['1', ['cat']],
      ['4', ['cat']],
    ]);
  });

  it('enough captions and objects, where the data set has them', async () => {
    const objects = [{ category: 'dog', box: [0, 0, 1, 1] as const, area: 1, crowd: false }];
    const captions = ['a', 'b', 'c', 'd', 'e'];
    const pictures = [
      picture('1', ['dog'], { captions, objects }),
      picture('2', ['dog'], { captions: captions.slice(1), objects }),
      picture('3', [], { captions, objects: [] }),
    ];
    const rules = { ...off, minCaptions: 5, minObjects: 1 };
    expect(paths(await applyRules(dataset(pictures), rules))).toEqual(['1']);
    expect(paths(await applyRules(dataset(classes({ a: 2 })), rules))).toHaveLength(2);
  });

  it('at most so many, evenly of all classes, when no class has a least size', async () => {
    const made = await applyRules(dataset(classes({ a: 10, b: 3, c: 1 })), { ...off, maxPictures: 8 });
    expect(paths(made)).toEqual(['a/0', 'a/1', 'a/2', 'a/3', 'b/0', 'b/1', 'b/2', 'c/0']);
  });

  it('never takes more than asked for, nor a picture twice, whatever the labels', async () => {
    const labels = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(labels, { minLength: 1, maxLength: 40 }), fc.nat(20), fc.nat(6), async (all, m, l) => {
        const pictures = all.map((names, i) => picture(String(i).padStart(3, '0'), names));
        const rules = { ...off, maxPictures: m, minPicturesPerClass: l };
        const made = await applyRules(dataset(pictures), rules).catch((error: { code?: string }) => error.code);
        if (made === 'source-unusable') return;
        const taken = paths(made as Dataset);
        expect(taken).toEqual([...new Set(taken)].sort());
        if (m > 0) expect(taken.length).toBeLessThanOrEqual(m);
        const hasClasses = pictures.some((p) => p.labels.length > 0);
        if (m > 0 && l === 0) expect(taken).toHaveLength(Math.min(m, all.length));
        if (l > 0 && hasClasses) for (const p of (made as Dataset).pictures) expect(p.labels.length).toBeGreaterThan(0);
      }),
    );
  });

  it('leaves the classes and numbers of a data set alone that fixes the roles, and says so', async () => {
    const { said, reporter } = collecting();
    const pictures = ['catalogue', 'train', 'test'].map((role) =>
      picture(`${role}/x`, ['x'], { role: role as 'catalogue' }),
    );
    const made = await applyRules(dataset(pictures), { ...off, minPicturesPerClass: 64 }, { reporter });
    expect(made.pictures).toHaveLength(3);
    expect(said[0]).toMatch(/fixes the roles/);
  });

  it('says what was taken, and when there are fewer than asked for', async () => {
    const { said, reporter } = collecting();
    await applyRules(
      dataset(classes({ a: 10, b: 9 })),
      { ...off, maxPictures: 15, minPicturesPerClass: 10 },
      { reporter },
    );
    expect(said).toEqual([
      '10 of 19 pictures are taken, in 1 of 2 classes',
      '! only 10 of the 15 pictures asked for meet the rules of the data set',
    ]);
  });

  it('refuses rules that leave nothing, and names them', async () => {
    const few = dataset(classes({ a: 10, b: 9 }));
    await expect(applyRules(few, { ...off, minPicturesPerClass: 64 })).rejects.toMatchObject({
      code: 'source-unusable',
      message:
        'dataset.minPicturesPerClass 64 leaves none of the 19 pictures of /pictures: the largest class has 10 pictures',
    });
    const long = dataset(classes({ a: 3 }, { width: 3, height: 1 }));
    await expect(applyRules(long, { ...off, squaresFirst: true })).rejects.toThrow(/dataset.squaresFirst/);
  });
});
