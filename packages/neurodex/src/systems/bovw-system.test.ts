import { nodeRuntime } from '@neurodex/autograd/node';
import type { Picture } from '@neurodex/datasets/picture';
import { afterEach, describe, expect, it } from 'vitest';
import type { Extractor } from '../models/bovw/extractor.ts';
import { HistogramCounter } from '../models/bovw/histogram.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { Query } from '../query/query.ts';
import { BovwSystem } from './bovw-system.ts';
import { HistogramDescriber } from './histogram-describer.ts';
import { ExactVectorSearch, normalised } from './vector-search.ts';

/** Three visual words, far apart: descriptors of only 10, only 100 and only 200. */
const LEVELS = [10, 100, 200];
const words = Float32Array.from(LEVELS.flatMap((level) => Array<number>(128).fill(level)));
const counter = new HistogramCounter(nodeRuntime({ threads: 1 }), { words, size: 3, rootSift: false } as never);

/** A picture is what its thumbnail's first bytes say: how many descriptors of each word it has. */
const query = (...counts: readonly [number, number, number]): Query => ({
  kind: 'picture',
  pixels: new Uint8Array(),
  thumbnail: async () => ({ size: 16, pixels: Uint8Array.from([...counts, ...new Uint8Array(765)]) }),
});

let described: { edge: number; among: number }[] = [];
let closed = 0;
const extractor = {
  describe: async ({ size, pixels }: Picture, among: number) => {
    described.push({ edge: size, among });
    return Uint8Array.from(LEVELS.flatMap((level, i) => Array<number>(128 * (pixels[i] ?? 0)).fill(level)));
  },
  close: async () => {
    closed++;
  },
} as unknown as Extractor;
afterEach(() => {
  described = [];
  closed = 0;
});

/** Rows are not positions, and two pictures have no keypoint. */
const catalogue = [
  { row: 3, identifier: '10', histogram: [4, 0, 0] },
  { row: 5, identifier: '12', histogram: [0, 0, 0] },
  { row: 8, identifier: '2', histogram: [1, 1, 0] },
  { row: 9, identifier: '9', histogram: [0, 0, 0] },
  { row: 11, identifier: '0', histogram: [0, 0, 7] },
  { row: 12, identifier: '11', histogram: [0, 0, 0] },
];
const pictures = catalogue.map(({ row, identifier }) => ({ row, identifier }) as StoredPicture);
const vectors = Float32Array.from(catalogue.flatMap(({ histogram }) => histogram));

function systemOf(told: number[] = []) {
  const search = new ExactVectorSearch(normalised(vectors, 3), 3);
  const weight = (histograms: Float32Array) => histograms;
  return new BovwSystem({
    pictures,
    vectors,
    search,
    weight,
    describer: new HistogramDescriber({ extractor, edge: 16, counter }),
    onNoKeypoints: (queries) => told.push(queries),
  });
}

describe('the bag of visual words', () => {
  it('is a baseline by this name', () => {
    expect([systemOf().name, systemOf().memorises]).toEqual(['bovw', false]);
  });

  it('ranks by the cosine of histograms; pictures without keypoints last, by number', async () => {
    const [answers = [], few = []] = await systemOf().rank([query(3, 3, 0), query(0, 0, 2)], 10);
    expect(answers.map(({ row }) => row)).toEqual([8, 3, 11, 9, 12, 5]);
    // cos((3,3,0), (1,1,0)) = 1, with (4,0,0) 1/√2, with (0,0,7) 0
    [1, Math.SQRT1_2, 0, -1, -1, -1].forEach((score, i) => {
      expect(answers[i]?.score).toBeCloseTo(score, 6);
    });
    expect(few.map(({ row }) => row).slice(0, 1)).toEqual([11]);
  });

  it('gives as many answers as are asked for', async () => {
    const system = systemOf();
    for (const [k, rows] of [
      [1, [8]],
      [3, [8, 3, 11]],
      [4, [8, 3, 11, 9]],
    ] as const) {
      const [answers = []] = await system.rank([query(3, 3, 0)], k);
      expect(answers.map(({ row }) => row)).toEqual(rows);
    }
  });

  it('tells how many queries have no keypoint, and is silent where all have', async () => {
    const told: number[] = [];
    const system = systemOf(told);
    await system.rank([query(1, 0, 0), query(0, 1, 0)], 1);
    expect(told).toEqual([]);
    await system.rank([query(0, 0, 0), query(0, 1, 0), query(0, 0, 0)], 1);
    expect(told).toEqual([2]);
  });

  it('describes pictures at the edge of the vocabulary, all queries of a call together', async () => {
    await systemOf().rank([query(1, 0, 0), query(0, 1, 0)], 1);
    expect(described).toEqual([
      { edge: 16, among: 2 },
      { edge: 16, among: 2 },
    ]);
  });

  it('frees its threads', async () => {
    const released: string[] = [];
    const own = { ...counter, release: async () => void released.push('counter') } as unknown as HistogramCounter;
    const search = new ExactVectorSearch(normalised(vectors, 3), 3);
    const weight = (histograms: Float32Array) => histograms;
    const describer = new HistogramDescriber({ extractor, edge: 16, counter: own });
    await new BovwSystem({ pictures, vectors, search, weight, describer }).close();
    expect([closed, released]).toEqual([1, ['counter']]);
  });
});
