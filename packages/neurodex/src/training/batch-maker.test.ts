import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pixelsOf } from '../catalogue/catalogue.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import { numeric } from '../identifiers/numeric.ts';
import { PRESETS } from '../presets/presets.ts';
import { geometryOf } from '../dsi/model/geometry.ts';
import { type BatchArrays, BatchMaker } from './batch-maker.ts';
import { retrievalQueries, selfQueries } from './examples.ts';
import { EpochSampler, sample } from './epoch-sampler.ts';
import type { Phase } from './plan.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

const { store, trie, table } = tinyCatalogue(6);
const LENGTH = 3;
const { pad } = numeric.vocabulary;
const sameClass = (picture: { labels: readonly string[] }) =>
  new Set(
    store.pictures.filter((p) => p.role === 'catalogue' && p.labels[0] === picture.labels[0]).map(({ row }) => row),
  );

function makerOf(
  mix: Phase['mix'],
  identifiers: number,
  options: { selfQueryFraction?: number; strength?: number; clean?: number; seed?: number } = {},
) {
  const config = {
    ...PRESETS.default,
    training: { ...PRESETS.default.training, selfQueryFraction: options.selfQueryFraction ?? 0, multiTargetMaxSize: 0 },
    augmentation: { ...PRESETS.default.augmentation, retrieval: options.strength ?? 0, clean: options.clean ?? 0 },
  };
  const phase: Phase = {
    name: 'joint',
    mix,
    identifiers,
    steps: 10,
    schedule: { learningRate: 1, kind: 'constant', warmupSteps: 0, steps: 10 },
  };
  const sized = { ...config, pictures: { ...config.pictures, size: store.size } };
  const geometry = geometryOf(sized, numeric.vocabulary, LENGTH, { embeddingRows: table.size });
  const examples = { queries: retrievalQueries(store, sameClass), selfQueries: selfQueries(store, sameClass) };
  return new BatchMaker({ store, table, geometry, config, examples }, phase, Random.seeded(options.seed ?? 1));
}

/** The row whose pixels stand in place b of a batch. */
function rowAt(pictures: BatchArrays['input'], b: number): number {
  const bytes = store.size ** 2 * 3;
  const found = Buffer.from(pictures.subarray(b * bytes, (b + 1) * bytes));
  return store.pictures.findIndex(({ row }) => found.equals(pixelsOf(store, row)));
}

const targetsOf = ({ targets }: BatchArrays) => targets.targets as Int32Array;

/** Target identifiers of place b, as rows. */
function targetRows(batch: BatchArrays, b: number, B: number, identifiers: number): number[] {
  return Array.from({ length: identifiers }, (_, r) => {
    const column = (values: Int32Array) =>
      Array.from({ length: LENGTH }, (_, place) => values[(r * LENGTH + place) * B + b] as number);
    const [inputs, targets] = [column(batch.targets.tokens as Int32Array), column(targetsOf(batch))];
    if (inputs.every((token) => token === pad)) return -1;
    const picture = store.pictures.find(({ identifier }) => {
      if (identifier === undefined) return false;
      const encoded = encodeIdentifier(numeric, identifier, LENGTH);
      return String([...encoded.inputs]) === String(inputs) && String([...encoded.targets]) === String(targets);
    });
    if (picture === undefined) throw new Error(`no identifier reads ${inputs} / ${targets}`);
    return picture.row;
  });
}

describe('a batch', () => {
  it('asks catalogue pictures for their own identifier and queries for relevant ones, with PAD where there are fewer', () => {
    const maker = makerOf({ indexing: 5, retrieval: 7 }, 3);
    const batch = maker.allocate();
    for (let step = 0; step < 20; step++) {
      maker.fill(batch);
      for (let b = 0; b < 12; b++) {
        const row = rowAt(batch.input, b);
        const asked = targetRows(batch, b, 12, 3);
        const picture = store.pictures[row];
        if (b < 5) {
          expect(picture?.role).toBe('catalogue');
          expect(asked).toEqual([row, -1, -1]);
        } else {
          expect(picture?.role).toBe('train');
          expect(asked.slice(0, 2).sort((x, y) => x - y)).toEqual([
            ...sameClass(picture as { labels: readonly string[] }),
          ]);
          expect(asked[2]).toBe(-1);
        }
      }
    }
  });

  it('never shows a validation or test picture, and all others evenly', () => {
    const maker = makerOf({ indexing: 4, retrieval: 4 }, 1, { selfQueryFraction: 0.5 });
    const batch = maker.allocate();
    const counts = new Map<number, number>();
    for (let step = 0; step < 60; step++) {
      maker.fill(batch);
      for (let b = 0; b < 8; b++)
        counts.set(rowAt(batch.input, b), (counts.get(rowAt(batch.input, b)) ?? 0) + 1);
    }
    const shown = [...counts.keys()].map((row) => store.pictures[row]?.role);
    expect(new Set(shown)).toEqual(new Set(['catalogue', 'train']));
    const own = [...counts].filter(([row]) => store.pictures[row]?.role === 'catalogue').map(([, n]) => n);
    expect(own).toHaveLength(12);
    expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(2);
  });

  it('marks what the trie allows at each target', () => {
    const maker = makerOf({ indexing: 6, retrieval: 0 }, 1);
    const batch = maker.allocate();
    maker.fill(batch);
    const V = numeric.vocabulary.size;
    for (let b = 0; b < 6; b++) {
      const targets = Array.from({ length: LENGTH }, (_, place) => targetsOf(batch)[place * 6 + b] as number);
      const expected = trie.allowedTokens(targets);
      targets.forEach((target, place) => {
        const allowed = (batch.targets.allowed as Uint8Array).subarray((place * 6 + b) * V, (place * 6 + b + 1) * V);
        expect([...allowed]).toEqual([...expected.subarray(place * V, (place + 1) * V)]);
        expect(allowed[target]).toBe(1);
      });
    }
  });

  it('is the same for the same seed, and augmented only where asked', () => {
    const bytes = (seed: number, strength: number) => {
      const maker = makerOf({ indexing: 3, retrieval: 3 }, 1, { seed, strength });
      const batch = maker.allocate();
      maker.fill(batch);
      return batch;
    };
    expect(bytes(1, 1)).toEqual(bytes(1, 1));
    expect(bytes(1, 1).input).not.toEqual(bytes(2, 1).input);
    const augmented = bytes(1, 1).input;
    expect([0, 1, 2].every((b) => rowAt(augmented, b) >= 0)).toBe(true);
    expect([3, 4, 5].some((b) => rowAt(augmented, b) >= 0)).toBe(false);
  });
});

it('shows the share of queries as they are that is asked for', () => {
  const maker = makerOf({ indexing: 0, retrieval: 10 }, 1, { strength: 1, clean: 0.3 });
  const batch = maker.allocate();
  let clean = 0;
  for (let step = 0; step < 60; step++) {
    maker.fill(batch);
    for (let b = 0; b < 10; b++) if (rowAt(batch.input, b) >= 0) clean++;
  }
  expect(clean / 600).toBeGreaterThan(0.22);
  expect(clean / 600).toBeLessThan(0.38);
});

it('goes on from a saved state with the same batches, whatever was drawn meanwhile', () => {
  const options = { strength: 1, clean: 0.3, selfQueryFraction: 0.4 };
  const maker = makerOf({ indexing: 3, retrieval: 4 }, 2, options);
  const batch = maker.allocate();
  for (let step = 0; step < 9; step++) {
    maker.fill(batch);
    const state = JSON.parse(JSON.stringify(maker.state)) as typeof maker.state;
    const other = makerOf({ indexing: 3, retrieval: 4 }, 2, { ...options, seed: 99 });
    other.restore(state);
    const again = makerOf({ indexing: 3, retrieval: 4 }, 2, options);
    for (let skipped = 0; skipped <= step; skipped++) again.fill(again.allocate());
    const [expected, resumed] = [again.allocate(), other.allocate()];
    for (let next = 0; next < 4; next++) {
      again.fill(expected);
      other.fill(resumed);
      expect(resumed).toEqual(expected);
    }
  }
});

describe('EpochSampler and sample', () => {
  it('deal every item once before any comes again', () => {
    const sampler = new EpochSampler([1, 2, 3, 4, 5]);
    const random = Random.seeded(2);
    for (let pass = 0; pass < 4; pass++) {
      expect(Array.from({ length: 5 }, () => sampler.draw(random)).sort()).toEqual([1, 2, 3, 4, 5]);
    }
    expect(() => new EpochSampler([]).draw(Random.seeded(1))).toThrow('nothing to sample from');
  });

  it('draw different items, never more than there are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 1 }), fc.nat(20), fc.nat(), (items, count, seed) => {
        const drawn = sample(items, Math.max(1, count), Random.seeded(seed));
        expect(drawn).toHaveLength(Math.min(items.length, Math.max(1, count)));
        expect(new Set(drawn).size).toBe(drawn.length);
        expect(drawn.every((item) => items.includes(item))).toBe(true);
      }),
    );
  });
});
