import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { CheckedFile, digestFile, JoinedFile } from '@neurodex/core/storage';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { type GeometryOptions, geometryOf } from '../dsi/model/geometry.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import { numeric } from '../identifiers/numeric.ts';
import { Embeddings } from '../pictures/embeddings.ts';
import { pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { PRESETS } from '../presets/presets.ts';
import { BatchMaker, type BatchSource } from './batch-maker.ts';
import type { BatchArrays } from './batches.ts';
import { EpochSampler, sample } from './epoch-sampler.ts';
import { retrievalQueries, selfQueries } from './examples.ts';
import type { Phase } from './plan.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

const { store, trie, table } = tinyCatalogue(6);
const LENGTH = 3;
const { pad } = numeric.vocabulary;
const sameClass = (picture: { labels: readonly string[] }) =>
  new Set(store.rows.filter((p) => p.role === 'catalogue' && p.labels[0] === picture.labels[0]).map(({ row }) => row));

const phaseOf = (mix: Phase['mix'], identifiers: number): Phase => ({
  name: 'joint',
  mix,
  identifiers,
  steps: 10,
  schedule: { learningRate: 1, kind: 'constant', warmupSteps: 0, steps: 10 },
});

/** What batches of the tiny catalogue are made of; of queries alone by default. */
function sourceOf(
  config: Config,
  examples: BatchSource['examples'] = { queries: retrievalQueries(store, sameClass), selfQueries: [] },
  backbone?: GeometryOptions['backbone'],
): BatchSource {
  const sized = { ...config, pictures: { ...config.pictures, size: store.size } };
  const geometry = geometryOf(sized, numeric.vocabulary, LENGTH, { embeddingRows: table.size, backbone });
  return { store, table, geometry, config, examples };
}

function makerOf(
  mix: Phase['mix'],
  identifiers: number,
  options: { selfQueryFraction?: number; strength?: number; clean?: number; seed?: number } = {},
) {
  const config = {
    ...PRESETS.joint,
    training: { ...PRESETS.joint.training, selfQueryFraction: options.selfQueryFraction ?? 0, multiTargetMaxSize: 0 },
    augmentation: { ...PRESETS.joint.augmentation, retrieval: options.strength ?? 0, clean: options.clean ?? 0 },
  };
  const examples = { queries: retrievalQueries(store, sameClass), selfQueries: selfQueries(store, sameClass) };
  return new BatchMaker(sourceOf(config, examples), phaseOf(mix, identifiers), Random.seeded(options.seed ?? 1));
}

/** The row whose pixels stand in place b of a batch. */
function rowAt(pictures: BatchArrays['input'], b: number): number {
  const bytes = store.size ** 2 * 3;
  const found = Buffer.from(pictures.subarray(b * bytes, (b + 1) * bytes));
  return store.rows.findIndex(({ row }) => found.equals(pixelsOf(store, row)));
}

const targetsOf = ({ targets }: BatchArrays) => targets.targets as Int32Array;

/** Target identifiers of place b, as rows. */
function targetRows(batch: BatchArrays, b: number, B: number, identifiers: number): number[] {
  return Array.from({ length: identifiers }, (_, r) => {
    const column = (values: Int32Array) =>
      Array.from({ length: LENGTH }, (_, place) => values[(r * LENGTH + place) * B + b] as number);
    const [inputs, targets] = [column(batch.targets.tokens as Int32Array), column(targetsOf(batch))];
    if (inputs.every((token) => token === pad)) return -1;
    const picture = store.rows.find(({ identifier }) => {
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
        const picture = store.rows[row];
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
      for (let b = 0; b < 8; b++) counts.set(rowAt(batch.input, b), (counts.get(rowAt(batch.input, b)) ?? 0) + 1);
    }
    const shown = [...counts.keys()].map((row) => store.rows[row]?.role);
    expect(new Set(shown)).toEqual(new Set(['catalogue', 'train']));
    const own = [...counts].filter(([row]) => store.rows[row]?.role === 'catalogue').map(([, n]) => n);
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

describe('selfQueries', () => {
  it('ask each for itself first where its weight is larger than that of the others', () => {
    // Each class has two catalogue pictures: alike, each has a half.
    const selfOf = (weight: number) => selfQueries(store, sameClass, weight).map(({ self }) => self);
    expect(new Set(selfOf(0))).toEqual(new Set([undefined]));
    expect(new Set(selfOf(0.5))).toEqual(new Set([undefined]));
    const examples = selfQueries(store, sameClass, 0.6);
    expect(examples.map(({ self }) => self)).toEqual(
      examples.map(({ picture }) => ({ row: picture.row, weight: 0.6 })),
    );
    // What is not relevant to itself is asked for the others alone.
    const others = (picture: StoredPicture) => new Set([...sameClass(picture)].filter((row) => row !== picture.row));
    expect(new Set(selfQueries(store, others, 0.9).map(({ self }) => self))).toEqual(new Set([undefined]));
  });
});

describe('what the training graph is asked', () => {
  const askedOf = (multiTargetMaxSize: number, identifiers: number) => {
    const config = { ...PRESETS.joint, training: { ...PRESETS.joint.training, multiTargetMaxSize } };
    const phase = phaseOf({ indexing: 1, retrieval: 1 }, identifiers);
    return Object.keys(new BatchMaker(sourceOf(config), phase, Random.seeded(1)).objective.inputs(2));
  };

  it('is the whole set up to a size of the catalogue, and where R identifiers are not all of it', () => {
    // 12 catalogue pictures, 2 of them relevant to each query.
    expect(askedOf(12, 1)).toEqual(['shares']);
    expect(askedOf(11, 1)).toEqual(['tokens', 'targets', 'allowed']);
    expect(askedOf(12, 2)).toEqual(['tokens', 'targets', 'allowed']);
  });
});

describe('the embeddings of an encoder', () => {
  let folder = '';
  let file: JoinedFile;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-embeddings-'));
    // Place p holds six numbers p, p + ⅛ ….
    const places = Array.from({ length: 3 * store.rows.length }, (_, place) =>
      Array.from({ length: 6 }, (_, i) => place + i / 8),
    );
    const path = join(folder, 'embeddings');
    await writeFile(path, new Uint8Array(Float32Array.from(places.flat()).buffer));
    file = new JoinedFile([new CheckedFile(path, await digestFile(path))]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const embeddingsWith = (views: number) =>
    new Embeddings(file, { tokens: 2, channels: 3, views, encoder: 'x', file: 'embeddings' } as never);
  const behind = (strength: number, views: number, mix = { indexing: 2, retrieval: 6 }) => {
    const embedded = { ...store, embeddings: embeddingsWith(views) };
    const config = {
      ...PRESETS.joint,
      encoder: { ...PRESETS.joint.encoder, frozenBackbone: true },
      training: { ...PRESETS.joint.training, selfQueryFraction: 0 },
      augmentation: { ...PRESETS.joint.augmentation, indexing: 0, retrieval: strength, clean: 0 },
    };
    const source = { ...sourceOf(config, undefined, { tokens: 2, channels: 3 }), store: embedded };
    return new BatchMaker(source, phaseOf(mix, 1), Random.seeded(3));
  };
  /** Places of the file that stand in a batch. */
  const placesOf = (maker: BatchMaker): number[] => {
    const batch = maker.allocate();
    const { input: numbers } = batch;
    expect([numbers.constructor, numbers.byteLength]).toEqual([Float32Array, 8 * 6 * 4]);
    maker.fill(batch);
    return Array.from({ length: 8 }, (_, b) => {
      const place = numbers[6 * b] as number;
      expect([...numbers.subarray(6 * b, 6 * b + 6)]).toEqual([0, 1, 2, 3, 4, 5].map((i) => place + i / 8));
      return place;
    });
  };

  it('are shown in place of pictures, in the file’s order of rows and views', () => {
    const roles = placesOf(behind(0, 2)).map((place) => store.rows[place / 3]?.role);
    expect(roles).toEqual([...Array(2).fill('catalogue'), ...Array(6).fill('train')]);
    const single = placesOf(behind(1, 0)).map((place) => store.rows[place]?.role);
    expect(single).toEqual(roles);
  });

  it('have views that take the place of augmentation, of queries where only these are augmented', () => {
    const maker = behind(1, 2);
    const views = Array.from({ length: 10 }, () => placesOf(maker).map((place) => place % 3));
    expect(new Set(views.flatMap((batch) => batch.slice(0, 2)))).toEqual(new Set([0]));
    expect(new Set(views.flatMap((batch) => batch.slice(2)))).toEqual(new Set([1, 2]));
  });

  it('are not augmented when they are shown, and come from the file', () => {
    const maker = behind(1, 2);
    expect(maker.augments).toBe(false);
    expect(maker.inputSource).toEqual({ input: 'embeddings', embeddings: embeddingsWith(2) });
  });
});

describe('augmentation', () => {
  it.each([
    [{ indexing: 3, retrieval: 0 }, 0, 1, false],
    [{ indexing: 3, retrieval: 0 }, 1, 0, true],
    [{ indexing: 0, retrieval: 3 }, 0, 1, true],
    [{ indexing: 0, retrieval: 3 }, 1, 0, false],
    [{ indexing: 2, retrieval: 1 }, 0, 0, false],
    [{ indexing: 2, retrieval: 1 }, 1, 1, true],
  ])('of %j with strengths %d and %d changes pictures: %s', (mix, indexing, retrieval, augments) => {
    const config = { ...PRESETS.joint, augmentation: { ...PRESETS.joint.augmentation, indexing, retrieval } };
    const maker = new BatchMaker(sourceOf(config), phaseOf(mix, 1), Random.seeded(3));
    expect(maker.augments).toBe(augments);
    expect(maker.inputSource).toEqual({ input: 'pixels', size: store.size, pixels: store.pixels });
  });
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

  it('draw no random number for a single item, and one for each of several', () => {
    const random = Random.seeded(3);
    const before = random.state;
    expect(sample([7], 1, random)).toEqual([7]);
    expect(random.state).toEqual(before);
    const other = Random.seeded(3);
    // Swapped from the front: the first is any of three, the second any of the other two.
    const pool = [1, 2, 3];
    const i = other.integer(3);
    [pool[0], pool[i]] = [pool[i] as number, pool[0] as number];
    const j = 1 + other.integer(2);
    [pool[1], pool[j]] = [pool[j] as number, pool[1] as number];
    expect(sample([1, 2, 3], 2, random)).toEqual(pool.slice(0, 2));
    expect(random.state).toEqual(other.state);
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
