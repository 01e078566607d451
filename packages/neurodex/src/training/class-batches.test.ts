import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../presets/presets.ts';
import { ClassBatches, classesOf, haveClasses } from './class-batches.ts';
import type { AugmentedView } from './load-batch.ts';
import { seeGeometry } from './see.ts';
import type { SeenPicture } from './see-batches.ts';
import { trainingInput } from './training-input.ts';

const SIZE = 16;
const store = { size: SIZE, pixels: new Uint8Array(SIZE * SIZE * 3) };

function batchesOf(pictures: readonly SeenPicture[], batchSize: number, seed = 1): ClassBatches {
  const config = {
    ...PRESETS.default,
    pictures: { ...PRESETS.default.pictures, size: SIZE },
    model: { ...PRESETS.default.model, patchSize: 8 },
    training: { ...PRESETS.default.training, batchSize },
    augmentation: { ...PRESETS.default.augmentation, retrieval: 1, clean: 0.3 },
  };
  const source = { geometry: seeGeometry(config, undefined), input: trainingInput('pixels', store), config, pictures };
  return new ClassBatches(source, Random.seeded(seed));
}

/** The next batch: rows of its pictures, their views, and the classes that are their targets. */
function drawFrom(batches: ClassBatches): { rows: number[]; views: AugmentedView[]; classes: number[] } {
  const arrays = batches.allocate();
  const views = batches.draw(arrays);
  return { rows: views.map(({ row }) => row), views, classes: Array.from(arrays.targets.classes as Float32Array) };
}

/** By row. */
const labelled = (...labels: readonly (readonly string[])[]): SeenPicture[] =>
  labels.map((each, i) => ({ row: 10 + 3 * i, labels: each }));

const NAMES = ['cat', 'dog', 'sea', 'red'];
const catalogues = fc
  .array(fc.subarray(NAMES, { minLength: 1 }), { minLength: 1, maxLength: 14 })
  .map((labels) => labelled(...labels));
const sizes = fc.integer({ min: 1, max: 9 });

describe('the classes of pictures', () => {
  it('are their labels, each once, in the order of the first pictures', () => {
    expect(classesOf(labelled(['sea', 'cat'], [], ['cat', 'red'], ['sea']))).toEqual(['sea', 'cat', 'red']);
    expect(classesOf([])).toEqual([]);
  });

  const numbered = (count: number) => labelled(...Array.from({ length: count }, (_, i) => [`class ${i}`]));
  it.each([
    ['two', numbered(2), true],
    ['2048', numbered(2048), true],
    ['some for each picture', labelled(['a', 'b'], ['b']), true],
    ['one alone', labelled(['a'], ['a'], ['a']), false],
    ['too many', numbered(2049), false],
    ['none for one picture', labelled(['a'], [], ['b']), false],
    ['none at all', labelled([], []), false],
    ['no picture', [], false],
  ])('tell them apart or not: %s', (_, pictures, expected) => {
    expect(haveClasses(pictures)).toBe(expected);
  });
});

describe('batches of classes', () => {
  it('show every picture once before any comes again', () => {
    fc.assert(
      fc.property(catalogues, sizes, fc.nat(), (pictures, batchSize, seed) => {
        const batches = batchesOf(pictures, batchSize, seed);
        const shown: number[] = [];
        while (shown.length < 3 * pictures.length) {
          const { rows } = drawFrom(batches);
          expect(rows).toHaveLength(batchSize);
          shown.push(...rows);
        }
        const all = pictures.map(({ row }) => row);
        for (let pass = 0; pass < 3; pass++) {
          const epoch = shown.slice(pass * all.length, (pass + 1) * all.length);
          expect(epoch.sort((a, b) => a - b)).toEqual(all);
        }
      }),
    );
  });

  it('have as targets the labels of each picture, which share its weight', () => {
    fc.assert(
      fc.property(catalogues, sizes, fc.nat(), (pictures, batchSize, seed) => {
        const names: string[] = [];
        for (const { labels } of pictures) for (const label of labels) if (!names.includes(label)) names.push(label);
        const { rows, classes } = drawFrom(batchesOf(pictures, batchSize, seed));
        const expected = rows.flatMap((row) => {
          const own = pictures.find((picture) => picture.row === row)?.labels ?? [];
          return names.map((name) => (own.includes(name) ? Math.fround(1 / own.length) : 0));
        });
        expect(classes).toEqual(expected);
      }),
    );
  });

  it('count a label once that a picture has twice, and write over the targets of the batch before', () => {
    const batches = batchesOf(labelled(['a', 'a', 'b']), 1);
    const arrays = batches.allocate();
    const classes = arrays.targets.classes as Float32Array;
    classes.fill(7);
    batches.draw(arrays);
    expect([...classes]).toEqual([0.5, 0.5]);
  });

  it('have a proxy for each class as their parameters', () => {
    const { parameters = {}, inputs } = batchesOf(labelled(['a'], ['b', 'c']), 4).objective;
    expect(Object.values(parameters).map(({ shape }) => shape)).toEqual([[3, PRESETS.default.model.width]]);
    expect(Object.entries(inputs(4)).map(([name, { shape }]) => [name, shape])).toEqual([['classes', [4, 3]]]);
  });

  it('go on from a saved state as they would have', () => {
    const pictures = labelled(['a'], ['a', 'c'], ['b'], ['c']);
    const batches = batchesOf(pictures, 5);
    for (let step = 0; step < 6; step++) {
      drawFrom(batches);
      const state = JSON.parse(JSON.stringify(batches.state)) as typeof batches.state;
      const [other, again] = [batchesOf(pictures, 5, 99), batchesOf(pictures, 5)];
      other.restore(state);
      for (let skipped = 0; skipped <= step; skipped++) drawFrom(again);
      for (let next = 0; next < 4; next++) expect(drawFrom(other)).toEqual(drawFrom(again));
    }
  });
});
