import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pixelsOf, type StoredPicture } from '../catalogue/catalogue.ts';
import { Embeddings } from '../catalogue/embeddings.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import { numeric } from '../identifiers/numeric.ts';
import { PRESETS } from '../presets/presets.ts';
import { CheckedFile } from '../storage/checked-file.ts';
import { digestFile } from '../storage/hashed-file.ts';
import { Deck, sample } from './deck.ts';
import { BatchMaker, catalogueQueries, retrievalQueries } from './examples.ts';
import type { Phase } from './plan.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

const { catalogue, trie } = tinyCatalogue(6);
const LENGTH = 3;
const { pad } = numeric.vocabulary;
const sameClass = (picture: { labels: readonly string[] }) =>
  new Set(
    catalogue.pictures.filter((p) => p.role === 'catalogue' && p.labels[0] === picture.labels[0]).map(({ row }) => row),
  );

const phaseOf = (mix: Phase['mix'], identifiers: number): Phase => ({
  name: 'joint',
  mix,
  identifiers,
  steps: 10,
  schedule: { learningRate: 1, kind: 'constant', warmupSteps: 0, steps: 10 },
});

function makerOf(
  mix: Phase['mix'],
  identifiers: number,
  options: { catalogueQueries?: number; strength?: number; clean?: number; seed?: number } = {},
) {
  const config = {
    ...PRESETS.default,
    training: { ...PRESETS.default.training, catalogueQueries: options.catalogueQueries ?? 0, setTargetsUpTo: 0 },
    augmentation: { ...PRESETS.default.augmentation, retrieval: options.strength ?? 0, clean: options.clean ?? 0 },
  };
  const source = { catalogue, scheme: numeric, trie, length: LENGTH, config };
  const decks = { queries: retrievalQueries(catalogue, sameClass), ownQueries: catalogueQueries(catalogue, sameClass) };
  return new BatchMaker(source, phaseOf(mix, identifiers), decks, Random.seeded(options.seed ?? 1));
}

/** The row whose pixels stand in slot b of a batch. */
function rowShown(pictures: Uint8Array, b: number): number {
  const bytes = catalogue.size ** 2 * 3;
  const shown = Buffer.from(pictures.subarray(b * bytes, (b + 1) * bytes));
  return catalogue.pictures.findIndex(({ row }) => shown.equals(pixelsOf(catalogue, row)));
}

const targetsOf = ({ asked }: ReturnType<BatchMaker['allocate']>) => asked.targets as Int32Array;

/** Identifiers asked for in slot b, as rows. */
function rowsAsked(batch: ReturnType<BatchMaker['allocate']>, b: number, B: number, identifiers: number): number[] {
  return Array.from({ length: identifiers }, (_, r) => {
    const column = (values: Int32Array) =>
      Array.from({ length: LENGTH }, (_, place) => values[(r * LENGTH + place) * B + b] as number);
    const [inputs, targets] = [column(batch.asked.tokens as Int32Array), column(targetsOf(batch))];
    if (inputs.every((token) => token === pad)) return -1;
    const picture = catalogue.pictures.find(({ identifier }) => {
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
        const row = rowShown(batch.pictures, b);
        const asked = rowsAsked(batch, b, 12, 3);
        const picture = catalogue.pictures[row];
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
    const maker = makerOf({ indexing: 4, retrieval: 4 }, 1, { catalogueQueries: 0.5 });
    const batch = maker.allocate();
    const counts = new Map<number, number>();
    for (let step = 0; step < 60; step++) {
      maker.fill(batch);
      for (let b = 0; b < 8; b++)
        counts.set(rowShown(batch.pictures, b), (counts.get(rowShown(batch.pictures, b)) ?? 0) + 1);
    }
    const shown = [...counts.keys()].map((row) => catalogue.pictures[row]?.role);
    expect(new Set(shown)).toEqual(new Set(['catalogue', 'train']));
    const own = [...counts].filter(([row]) => catalogue.pictures[row]?.role === 'catalogue').map(([, n]) => n);
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
        const allowed = (batch.asked.allowed as Uint8Array).subarray((place * 6 + b) * V, (place * 6 + b + 1) * V);
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
    expect(bytes(1, 1).pictures).not.toEqual(bytes(2, 1).pictures);
    const augmented = bytes(1, 1).pictures;
    expect([0, 1, 2].every((b) => rowShown(augmented, b) >= 0)).toBe(true);
    expect([3, 4, 5].some((b) => rowShown(augmented, b) >= 0)).toBe(false);
  });
});

it('shows the share of queries as they are that is asked for', () => {
  const maker = makerOf({ indexing: 0, retrieval: 10 }, 1, { strength: 1, clean: 0.3 });
  const batch = maker.allocate();
  let clean = 0;
  for (let step = 0; step < 60; step++) {
    maker.fill(batch);
    for (let b = 0; b < 10; b++) if (rowShown(batch.pictures, b) >= 0) clean++;
  }
  expect(clean / 600).toBeGreaterThan(0.22);
  expect(clean / 600).toBeLessThan(0.38);
});

it('goes on from a saved state with the same batches, whatever was drawn meanwhile', () => {
  const options = { strength: 1, clean: 0.3, catalogueQueries: 0.4 };
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

describe('catalogueQueries', () => {
  it('ask each for itself first where its share is larger than that of the others', () => {
    // Each class has two catalogue pictures: alike, each has a half.
    const ownOf = (share: number) => catalogueQueries(catalogue, sameClass, share).map(({ own }) => own);
    expect(new Set(ownOf(0))).toEqual(new Set([undefined]));
    expect(new Set(ownOf(0.5))).toEqual(new Set([undefined]));
    const examples = catalogueQueries(catalogue, sameClass, 0.6);
    expect(examples.map(({ own }) => own)).toEqual(examples.map(({ picture }) => ({ row: picture.row, share: 0.6 })));
    // What is not relevant to itself is asked for the others alone.
    const others = (picture: StoredPicture) => new Set([...sameClass(picture)].filter((row) => row !== picture.row));
    expect(new Set(catalogueQueries(catalogue, others, 0.9).map(({ own }) => own))).toEqual(new Set([undefined]));
  });
});

describe('what the training graph is asked', () => {
  const askedOf = (setTargetsUpTo: number, identifiers: number) => {
    const config = { ...PRESETS.default, training: { ...PRESETS.default.training, setTargetsUpTo } };
    const decks = { queries: retrievalQueries(catalogue, sameClass), ownQueries: [] };
    const phase = { ...phaseOf({ indexing: 1, retrieval: 1 }, identifiers) };
    const source = { catalogue, scheme: numeric, trie, length: LENGTH, config };
    return Object.keys(new BatchMaker(source, phase, decks, Random.seeded(1)).asking.inputs(2));
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
  let file: CheckedFile;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-embeddings-'));
    // Place p holds six numbers p, p + ⅛ ….
    const places = Array.from({ length: 3 * catalogue.pictures.length }, (_, place) =>
      Array.from({ length: 6 }, (_, i) => place + i / 8),
    );
    const path = join(folder, 'embeddings');
    await writeFile(path, new Uint8Array(Float32Array.from(places.flat()).buffer));
    file = new CheckedFile(path, await digestFile(path));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const behind = (strength: number, views: number, mix = { indexing: 2, retrieval: 6 }) => {
    const listed = { tokens: 2, channels: 3, views, encoder: 'x', file: 'embeddings' };
    const embedded = { ...catalogue, embeddings: new Embeddings(file, listed as never) };
    const config = {
      ...PRESETS.default,
      encoder: { ...PRESETS.default.encoder, inFront: true },
      training: { ...PRESETS.default.training, catalogueQueries: 0 },
      augmentation: { ...PRESETS.default.augmentation, indexing: 0, retrieval: strength, clean: 0 },
    };
    const decks = { queries: retrievalQueries(catalogue, sameClass), ownQueries: [] };
    const source = { catalogue: embedded, scheme: numeric, trie, length: LENGTH, config };
    return new BatchMaker(source, phaseOf(mix, 1), decks, Random.seeded(3));
  };
  /** Places of the file that stand in a batch. */
  const placesOf = (maker: BatchMaker): number[] => {
    const { pictures, asked } = maker.allocate();
    expect(pictures.length).toBe(8 * 6 * 4);
    maker.fill({ pictures, asked });
    const numbers = new Float32Array(pictures.buffer);
    return Array.from({ length: 8 }, (_, b) => {
      const place = numbers[6 * b] as number;
      expect([...numbers.subarray(6 * b, 6 * b + 6)]).toEqual([0, 1, 2, 3, 4, 5].map((i) => place + i / 8));
      return place;
    });
  };

  it('are shown in place of pictures, in the file’s order of rows and views', () => {
    const roles = placesOf(behind(0, 2)).map((place) => catalogue.pictures[place / 3]?.role);
    expect(roles).toEqual([...Array(2).fill('catalogue'), ...Array(6).fill('train')]);
    const single = placesOf(behind(1, 0)).map((place) => catalogue.pictures[place]?.role);
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
    expect(maker.shown).toHaveProperty('embeddings.file', file);
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
    const config = { ...PRESETS.default, augmentation: { ...PRESETS.default.augmentation, indexing, retrieval } };
    const decks = { queries: retrievalQueries(catalogue, sameClass), ownQueries: [] };
    const source = { catalogue, scheme: numeric, trie, length: LENGTH, config };
    const maker = new BatchMaker(source, phaseOf(mix, 1), decks, Random.seeded(3));
    expect(maker.augments).toBe(augments);
    expect(maker.shown).toBe(catalogue);
  });
});

describe('Deck and sample', () => {
  it('deal every item once before any comes again', () => {
    const deck = new Deck([1, 2, 3, 4, 5]);
    const random = Random.seeded(2);
    for (let pass = 0; pass < 4; pass++) {
      expect(Array.from({ length: 5 }, () => deck.draw(random)).sort()).toEqual([1, 2, 3, 4, 5]);
    }
    expect(() => new Deck([]).draw(Random.seeded(1))).toThrow('empty deck');
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
