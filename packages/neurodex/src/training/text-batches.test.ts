import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../presets/presets.ts';
import { loadBatch } from './load-batch.ts';
import { textGeometry, vectorGeometry } from './read.ts';
import { TextBatches, type TextPairs } from './text-batches.ts';

const config = { ...PRESETS.default, text: { ...PRESETS.default.text, tokens: 4 } };
const geometry = textGeometry(config, 50, 4);
const { width } = geometry;

/** The state of a picture has its number in front. */
function pairsOf(pictures: readonly (readonly number[])[], count: number): TextPairs {
  const states = new Float32Array(count * width);
  for (let i = 0; i < count; i++) states[i * width] = i;
  return { texts: { input: 'tokens', tokens: pictures.map((_, text) => [text, 7]) }, pictures, states };
}

function drawn(batches: TextBatches, B: number, K: number) {
  const arrays = batches.allocate();
  const views = batches.draw(arrays);
  loadBatch(batches.inputSource, { input: arrays.input, first: 0, views });
  const [pictures, shares] = [arrays.targets.pictures as Float32Array, arrays.targets.shares as Float32Array];
  return {
    texts: views.map(({ row }) => row),
    tokens: Array.from({ length: B }, (_, i) => [...arrays.input.subarray(4 * i, 4 * i + 4)]),
    pictures: Array.from({ length: K }, (_, k) => pictures[k * width] ?? NaN),
    shares: Array.from({ length: B }, (_, i) => [...shares.subarray(i * K, (i + 1) * K)]),
  };
}

describe('batches of texts', () => {
  it('have every text once, and the pictures of each as its targets', () => {
    const pairs = pairsOf([[0], [1, 2, 3], [3]], 5);
    const batches = new TextBatches(pairs, { geometry, batchSize: 3, contrast: 0.1, noise: 0 }, Random.seeded(1));
    for (let round = 0; round < 3; round++) {
      const { texts, tokens, pictures, shares } = drawn(batches, 3, 5);
      expect([...texts].sort()).toEqual([0, 1, 2]);
      expect(tokens).toEqual(texts.map((text) => [text + 1, 8, 0, 0]));
      expect(pictures).toEqual([0, 1, 2, 3, 4]);
      const third = expect.closeTo(1 / 3, 6);
      const expected = [
        [1, 0, 0, 0, 0],
        [0, third, third, third, 0],
        [0, 0, 0, 1, 0],
      ];
      expect(shares).toEqual(texts.map((text) => expected[text]));
    }
  });

  it('compare with some of many pictures, those of the texts among them', () => {
    const count = 5000;
    const pictures = Array.from({ length: 40 }, (_, text) =>
      text < 2 ? Array.from({ length: 2000 }, (_each, i) => 2 * i + text) : [count - text],
    );
    const batches = new TextBatches(
      pairsOf(pictures, count),
      { geometry, batchSize: 8, contrast: 0.1, noise: 0 },
      Random.seeded(1),
    );
    const found = drawn(batches, 8, 2048);
    expect(new Set(found.pictures).size).toBe(2048);
    for (const [i, text] of found.texts.entries()) {
      const own = new Set(pictures[text]);
      const targets = found.pictures.filter((_, k) => (found.shares[i]?.[k] ?? 0) > 0);
      expect(targets).toEqual(found.pictures.filter((place) => own.has(place)));
      expect(targets.length).toBeGreaterThanOrEqual(Math.min(4, own.size) - 1);
      expect(found.shares[i]?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    }
  });

  it('go on where they were left', () => {
    const pairs = pairsOf(
      Array.from({ length: 20 }, (_, i) => [i]),
      3000,
    );
    const options = { geometry, batchSize: 7, contrast: 0.1, noise: 0 };
    const one = new TextBatches(pairs, options, Random.seeded(3));
    drawn(one, 7, 2048);
    const other = new TextBatches(pairs, options, Random.seeded(9));
    other.restore(one.state);
    for (let i = 0; i < 4; i++) expect(drawn(other, 7, 2048)).toEqual(drawn(one, 7, 2048));
  });
});

describe('batches of vectors', () => {
  const channels = 400;
  const of = vectorGeometry(config, channels);
  // Two texts of opposite directions: nothing is common to them.
  const vectors = Float32Array.from({ length: 2 * channels }, (_, i) => (i < channels ? 2 : -2));
  const pairs: TextPairs = { ...pairsOf([[0], [1]], 2), texts: { input: 'embeddings', vectors, channels } };
  const draw = (noise: number, seed: number) => {
    const batches = new TextBatches(pairs, { geometry: of, batchSize: 2, contrast: 0.1, noise }, Random.seeded(seed));
    const arrays = batches.allocate();
    const views = batches.draw(arrays);
    loadBatch(batches.inputSource, { input: arrays.input, first: 0, views });
    return views.map(({ row }, i) => ({ row, vector: arrays.input.subarray(i * channels, (i + 1) * channels) }));
  };

  it('are the vectors themselves without noise', () => {
    for (const { row, vector } of draw(0, 1))
      expect(vector).toEqual(vectors.subarray(row * channels, (row + 1) * channels));
  });

  it('have noise that is in proportion to the vector, and the same where the seed is', () => {
    const drawn = draw(0.5, 1);
    for (const { row, vector } of drawn) {
      const own = row === 0 ? 2 : -2;
      const noise = Array.from(vector, (x) => x - own);
      const mean = noise.reduce((sum, x) => sum + x, 0) / channels;
      const deviation = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / channels);
      expect(Math.abs(mean)).toBeLessThan(0.1 * Math.abs(own));
      expect(deviation / Math.abs(own)).toBeGreaterThan(0.44);
      expect(deviation / Math.abs(own)).toBeLessThan(0.56);
    }
    expect(draw(0.5, 1)).toEqual(drawn);
    expect(draw(0.5, 2)).not.toEqual(drawn);
  });

  it('have none where all vectors are one', () => {
    const alike: TextPairs = { ...pairs, texts: { input: 'embeddings', vectors: vectors.map(Math.abs), channels } };
    const batches = new TextBatches(alike, { geometry: of, batchSize: 2, contrast: 0.1, noise: 1 }, Random.seeded(1));
    const { input } = batches.allocate();
    loadBatch(batches.inputSource, { input, first: 0, views: batches.draw(batches.allocate()) });
    for (const x of input) expect(x).toBeCloseTo(2, 5);
  });
});
