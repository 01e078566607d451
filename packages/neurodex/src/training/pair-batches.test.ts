import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../presets/presets.ts';
import type { AugmentedView } from './load-batch.ts';
import { PairBatches } from './pair-batches.ts';
import { seeGeometry } from './see.ts';
import type { SeenPicture } from './see-batches.ts';
import { trainingInput } from './training-input.ts';

interface Options {
  readonly batchSize: number;
  readonly seed?: number;
  readonly strength?: number;
  readonly clean?: number;
}

const SIZE = 16;
const store = { size: SIZE, pixels: new Uint8Array(SIZE * SIZE * 3) };

function batchesOf(pictures: readonly SeenPicture[], { batchSize, seed = 1, strength = 0, clean = 0 }: Options) {
  const config = {
    ...PRESETS.default,
    pictures: { ...PRESETS.default.pictures, size: SIZE },
    model: { ...PRESETS.default.model, patchSize: 8 },
    training: { ...PRESETS.default.training, plan: 'write', batchSize },
    augmentation: { ...PRESETS.default.augmentation, retrieval: strength, clean },
  } as const;
  const source = { geometry: seeGeometry(config, undefined), input: trainingInput('pixels', store), config, pictures };
  return new PairBatches(source, Random.seeded(seed));
}

interface Drawn {
  readonly rows: readonly number[];
  readonly views: readonly AugmentedView[];
  readonly shares: readonly number[];
}

/** The next batch: rows of its pictures, and their shares. */
function drawFrom(batches: PairBatches): Drawn {
  const arrays = batches.allocate();
  const views = batches.draw(arrays);
  return { rows: views.map(({ row }) => row), views, shares: Array.from(arrays.targets.shares as Float32Array) };
}

/** By row. */
const labelled = (...labels: readonly (readonly string[])[]): SeenPicture[] =>
  labels.map((each, i) => ({ row: 10 + 3 * i, labels: each }));
const sharesLabel = (a: SeenPicture, b: SeenPicture): boolean => a.labels.some((label) => b.labels.includes(label));
function pictureOf(pictures: readonly SeenPicture[], row: number | undefined): SeenPicture {
  const found = pictures.find((picture) => picture.row === row);
  if (found === undefined) throw new RangeError(`there is no picture ${row}`);
  return found;
}

const catalogues = fc
  .array(fc.subarray(['cat', 'dog', 'sea', 'red']), { minLength: 1, maxLength: 14 })
  .map((labels) => labelled(...labels));
const sizes = fc.integer({ min: 1, max: 9 });

describe('batches of pairs', () => {
  it('show every picture first once before any comes first again', () => {
    fc.assert(
      fc.property(catalogues, fc.integer({ min: 2, max: 9 }), fc.nat(), (pictures, batchSize, seed) => {
        const batches = batchesOf(pictures, { batchSize, seed });
        const firsts: number[] = [];
        while (firsts.length < 3 * pictures.length) {
          const { rows } = drawFrom(batches);
          expect(rows).toHaveLength(batchSize);
          firsts.push(...rows.filter((_, place) => place % 2 === 0));
        }
        const all = pictures.map(({ row }) => row);
        for (let pass = 0; pass < 3; pass++) {
          const own = firsts.slice(pass * all.length, (pass + 1) * all.length);
          expect(own.sort((a, b) => a - b)).toEqual(all);
        }
      }),
    );
  });

  it('pair a picture with another that shares a label, or with itself where there is none', () => {
    fc.assert(
      fc.property(catalogues, sizes, fc.nat(), (pictures, batchSize, seed) => {
        const batches = batchesOf(pictures, { batchSize, seed });
        for (let step = 0; step < 5; step++) {
          const { rows } = drawFrom(batches);
          for (let place = 0; place + 1 < batchSize; place += 2) {
            const [first, partner] = [rows[place], rows[place + 1]].map((row) => pictureOf(pictures, row));
            if (first === undefined || partner === undefined) throw new RangeError('a pair has two pictures');
            const others = pictures.filter((other) => other !== first && sharesLabel(first, other));
            if (others.length === 0) expect(partner).toBe(first);
            else expect(others).toContain(partner);
          }
        }
      }),
    );
  });

  it('draw every other picture of a label as a partner, about as often', () => {
    const pictures = labelled(['a'], ['a'], ['a'], ['a'], ['b']);
    const batches = batchesOf(pictures, { batchSize: 10 });
    const counts = new Map<number, number>();
    for (let step = 0; step < 300; step++) {
      const { rows } = drawFrom(batches);
      const place = 2 * rows.filter((_, at) => at % 2 === 0).indexOf(10);
      const partner = rows[place + 1] ?? NaN;
      counts.set(partner, (counts.get(partner) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([13, 16, 19]);
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
  });
});

describe('the shares of a batch', () => {
  it('are alike for all other places that show what is relevant, and add up to 1, or to 0 where there is nothing', () => {
    fc.assert(
      fc.property(catalogues, sizes, fc.nat(), (pictures, B, seed) => {
        const { rows, shares } = drawFrom(batchesOf(pictures, { batchSize: B, seed }));
        const shown = rows.map((row) => pictureOf(pictures, row));
        const expected = shown.flatMap((picture, i) => {
          const relevant = shown.map((other, j) => j !== i && (other === picture || sharesLabel(picture, other)));
          const count = relevant.filter((each) => each).length;
          return relevant.map((each) => (each ? Math.fround(1 / count) : 0));
        });
        expect(shares).toEqual(expected);
        for (let i = 0; i < B; i++) {
          const sum = shares.slice(i * B, (i + 1) * B).reduce((a, b) => a + b, 0);
          expect(shares[i * B + i]).toBe(0);
          expect(Math.min(Math.abs(sum), Math.abs(sum - 1))).toBeLessThan(1e-6);
        }
      }),
    );
  });

  it('of pictures without labels are those of views of the same picture', () => {
    const batches = batchesOf(labelled([], [], [], []), { batchSize: 6 });
    const { rows, shares } = drawFrom(batches);
    expect([rows[1], rows[3], rows[5]]).toEqual([rows[0], rows[2], rows[4]]);
    expect(new Set(rows).size).toBe(3);
    const pairs = Array.from({ length: 36 }, (_, at) => (Math.floor(at / 6) === ((at % 6) ^ 1) ? 1 : 0));
    expect(shares).toEqual(pairs);
    // An odd batch has one picture more, with nothing beside it.
    const odd = drawFrom(batchesOf(labelled([], [], [], []), { batchSize: 3 }));
    expect(odd.shares).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0]);
    expect(drawFrom(batchesOf(labelled(['a']), { batchSize: 1 })).shares).toEqual([0]);
  });

  it('are written over those of the batch before', () => {
    const batches = batchesOf(labelled(['a'], ['b'], ['a'], ['b']), { batchSize: 3 });
    const arrays = batches.allocate();
    const shares = arrays.targets.shares as Float32Array;
    shares.fill(7);
    batches.draw(arrays);
    expect(shares.every((share) => share <= 1)).toBe(true);
  });
});

describe('the views of a batch', () => {
  const pictures = labelled(['a'], ['a'], ['b'], []);

  it('are of the strength of queries, and as they are for the share that is asked for', () => {
    const clean = (share: number, strength: number): number => {
      const batches = batchesOf(pictures, { batchSize: 20, strength, clean: share });
      const views = Array.from({ length: 30 }, () => drawFrom(batches).views).flat();
      return views.filter(({ view }) => view === null).length / views.length;
    };
    expect(clean(0, 0)).toBe(1);
    expect(clean(1, 1)).toBe(1);
    expect(clean(0, 1)).toBe(0);
    expect(Math.abs(clean(0.3, 1) - 0.3)).toBeLessThan(0.07);
    expect(batchesOf(pictures, { batchSize: 2, strength: 1 }).augments).toBe(true);
    expect(batchesOf(pictures, { batchSize: 2, strength: 0 }).augments).toBe(false);
  });

  it('go on from a saved state as they would have', () => {
    const options = { batchSize: 5, strength: 1, clean: 0.3 };
    const batches = batchesOf(pictures, options);
    for (let step = 0; step < 6; step++) {
      drawFrom(batches);
      const state = JSON.parse(JSON.stringify(batches.state)) as typeof batches.state;
      const [other, again] = [batchesOf(pictures, { ...options, seed: 99 }), batchesOf(pictures, options)];
      other.restore(state);
      for (let skipped = 0; skipped <= step; skipped++) drawFrom(again);
      for (let next = 0; next < 4; next++) expect(drawFrom(other)).toEqual(drawFrom(again));
    }
    expect(() => batches.restore({ random: batches.state.random, samplers: {} })).toThrow('no sampler first');
    const few = batchesOf(pictures.slice(0, 1), { batchSize: 2 });
    const full = { random: batches.state.random, samplers: { first: { shuffledWith: batches.state.random, left: 4 } } };
    expect(() => few.restore(full)).toThrow(RangeError);
  });
});
