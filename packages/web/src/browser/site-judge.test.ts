import { appearanceOf, joinBlocks, type NoneModel, noneProbability, type SiteRelevance } from 'neurodex/browser';
import { describe, expect, it } from 'vitest';
import { queryOf } from './network.ts';
import { siteJudge } from './site-judge.ts';

const SIZE = 12;
const pixels = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => (i * 37) % 256);
const state = [0.6, 0.8];
const length = appearanceOf(pixels, SIZE).length;
/** Two blocks, of which the sum of squares and the second number of the state count. */
const none = (name: 'state' | 'embedding'): NoneModel => ({
  blocks: [
    { name, length: 2, scale: 2 },
    { name: 'appearance', length, scale: 1 },
  ],
  projection: {
    mean: new Float32Array(length + 2),
    components: Float32Array.from({ length: length + 2 }, (_, i) => (i === 1 ? 1 : 0.1)),
  },
  known: {
    width: 1,
    weights: Float32Array.of(0.5, -0.5),
    biases: Float32Array.of(0.25, 0.25),
    means: Float32Array.of(1, -1),
    precisions: Float32Array.of(2),
    logDeterminants: Float32Array.of(0),
    precisionOf: Int32Array.of(0, 0),
  },
  model: { means: [0, 0], scales: [1, 1], weights: [1, 1], bias: 0.5 },
});
const packed = (values: Float32Array | Int32Array): string => Buffer.from(values.buffer).toString('base64');
/** As an export has it. */
const packNone = ({ blocks, projection, known, model }: NoneModel): NonNullable<SiteRelevance['none']> => ({
  blocks,
  model,
  mean: packed(projection.mean),
  components: packed(projection.components),
  weights: packed(known.weights),
  biases: packed(known.biases),
  means: packed(known.means),
  precisions: packed(known.precisions),
  logDeterminants: packed(known.logDeterminants),
  precisionOf: packed(known.precisionOf),
});
const picture = { sharpness: 1, relevance: { x: [0, 1], y: [0, 1] }, found: [0.5], queries: 20 };
const LABELS = [['cat'], ['dog'], ['cat']];
const judgeWith = (stored: SiteRelevance['none'], encoder?: object) =>
  siteJudge({
    relevance: { picture, none: stored, size: SIZE },
    system: { vectorsOf: async () => [Float32Array.from(state)] } as never,
    encoder: encoder as never,
    labelsOf: (row) => LABELS[row] ?? [],
  });
const asked = (input: Uint8Array | Float32Array = pixels) => ({
  query: queryOf(input),
  pixels: async (size: number) => {
    expect(size).toBe(SIZE);
    return pixels;
  },
});
const expected = (model: NoneModel, block: ArrayLike<number>): number =>
  noneProbability(model, joinBlocks(model.blocks, [block, appearanceOf(pixels, SIZE)]));

describe('the judge of a site', () => {
  it('compares what the network and pixels say of a picture with what the index knows', async () => {
    const model = none('state');
    const probability = await judgeWith(packNone(model)).none(asked());
    expect(probability).toBeCloseTo(expected(model, Float32Array.from(state)), 12);
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThan(1);
  });

  it('compares the mean of what an encoder makes of a picture, as a unit vector', async () => {
    const model = none('embedding');
    const judge = judgeWith(packNone(model), { output: { name: 'x', tokens: 2, channels: 2 } });
    const probability = await judge.none(asked(Float32Array.of(1, 2, 5, 6)));
    expect(probability).toBeCloseTo(expected(model, Float32Array.of(0.6, 0.8)), 6);
    await expect(judgeWith(packNone(model)).none(asked())).rejects.toMatchObject({ code: 'damaged' });
  });

  it('says how likely answers are relevant, also where nobody knows whether anything is', async () => {
    const judge = judgeWith(null);
    expect(await judge.none(asked())).toBeUndefined();
    const answers = [2, 1, 0].map((score, row) => ({ row, score }));
    const judged = judge.judge('picture', answers, undefined);
    const weights = [Math.E ** 2, Math.E, 1];
    const total = weights.reduce((a, b) => a + b);
    expect(judged.answers[1]?.relevance).toBeCloseTo(Math.E / total, 12);
    expect(judged).toMatchObject({ none: undefined, nothingFound: false });
    expect(judge.judges('text')).toBe(false);
  });

  it('is refused where its arrays do not fit each other', () => {
    const whole = packNone(none('state'));
    expect(() => judgeWith({ ...whole, biases: whole.mean })).toThrow(
      expect.objectContaining({ code: 'damaged', message: expect.stringMatching(/^relevance\.json holds/) }),
    );
    expect(() => judgeWith({ ...whole, means: '!' })).toThrow(expect.objectContaining({ code: 'damaged' }));
  });
});
