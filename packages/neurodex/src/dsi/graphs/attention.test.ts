import { readFileSync } from 'node:fs';
import { loadable } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import type { Geometry } from '../model/geometry.ts';
import { dsiParameters } from '../model/parameters.ts';
import { plainNetwork, plainRollout } from '../model/plain-network.fixture.ts';
import { rollout } from '../search/attention-rollout.ts';
import { attentionGraph } from './attention.ts';

/** The tiny network of PyTorch (fixtures/README.md). */
const golden = JSON.parse(readFileSync(new URL('../model/fixtures/vit-tiny.json', import.meta.url), 'utf8')) as {
  config: Record<'imageSize' | 'patchSize' | 'D' | 'F' | 'H' | 'L' | 'V' | 'P' | 'M' | 'PAD', number>;
  images_uint8_BYXC: { data: number[] };
  tokens: number[][];
  weights: Record<string, { shape: number[]; data: number[] }>;
  cases: Record<'causal' | 'prefix', { logits: { data: number[] } }>;
};
const { config } = golden;
const P = config.P;
const M = config.M;

describe.each(['causal', 'prefix'] as const)('attention of the ViT-DSI (%s)', (attention) => {
  const geometry: Geometry = {
    input: 'pixels',
    imageSize: config.imageSize,
    patchSize: config.patchSize,
    stem: 'linear',
    sequenceLength: P,
    width: config.D,
    feedForwardWidth: config.F,
    heads: config.H,
    layers: config.L,
    vocabulary: config.V,
    embeddingRows: config.V,
    pad: config.PAD,
    maxIdentifierLength: M,
    output: 'shared',
    positions: 'sinusoidal',
    attention,
  };
  const weights = (name: string) => golden.weights[name] as { shape: number[]; data: number[] };
  const bytes = config.imageSize ** 2 * 3;
  const pictureOf = (b: number) => golden.images_uint8_BYXC.data.slice(b * bytes, (b + 1) * bytes);
  const plain = golden.tokens.map((tokens, b) => plainNetwork(weights, pictureOf(b), tokens, geometry));

  it('is written plainly as PyTorch computes it', () => {
    const logits = golden.cases[attention].logits.data;
    plain
      .flatMap((pass) => pass.logits.flat())
      .forEach((value, i) => {
        expect(value).toBeCloseTo(logits[i] as number, 7);
      });
  });

  it('has an output matrix for each token where they are not shared', async () => {
    const own: Geometry = { ...geometry, output: 'own' };
    const [gain, offset] = [weights('final.weight').data, weights('final.bias').data];
    const [matrix, bias] = [weights('head.weight').data, weights('head.bias').data];
    const { D, V } = config;
    const folded = Array.from({ length: D * V }, (_, i) => (gain[Math.floor(i / V)] as number) * (matrix[i] as number));
    const constants = Array.from({ length: V }, (_, v) =>
      offset.reduce((sum, value, d) => sum + value * (matrix[d * V + v] as number), bias[v] as number),
    );
    // Token t has t + 1 times the matrix of the golden network: t + 1 times its logits.
    const times = (values: readonly number[]) =>
      Array.from({ length: own.embeddingRows }, (_, t) => values.map((value) => (t + 1) * value)).flat();
    const made: Record<string, readonly number[]> = { 'head.weight': times(folded), 'head.bias': times(constants) };
    const parameters = Float32Array.from(
      Object.keys(dsiParameters(own)).flatMap((name) => made[name] ?? weights(name).data),
    );
    const session = await nodeRuntime().load(loadable(attentionGraph(own)));
    for (const [b, tokens] of golden.tokens.entries()) {
      const pictures = Uint8Array.from(pictureOf(b));
      const { logits } = await session.run({ parameters, input: pictures, tokens: Int32Array.from(tokens) });
      (logits as Float32Array).forEach((value, i) => {
        const times = (tokens[Math.floor(i / V)] as number) + 1;
        expect(value / times).toBeCloseTo(plain[b]?.logits.flat()[i] as number, 4);
      });
    }
    await session.release();
  });

  it.each([true, false])('comes out of the graph as it is written plainly (contrib %s)', async (contrib) => {
    const parameters = Float32Array.from(Object.keys(dsiParameters(geometry)).flatMap((name) => weights(name).data));
    const session = await nodeRuntime().load(loadable(attentionGraph(geometry), { contrib }));
    for (const [b, tokens] of golden.tokens.entries()) {
      const expected = plain[b] as (typeof plain)[0];
      const out = await session.run({
        parameters,
        input: Uint8Array.from(pictureOf(b)),
        tokens: Int32Array.from(tokens),
      });
      expect(Object.keys(out).sort()).toEqual(['input0', 'logits', 'tokens0', 'tokens1']);
      const compare = (ours: Float32Array | Float64Array, theirs: readonly number[]) => {
        expect(ours.length).toBe(theirs.length);
        ours.forEach((value, i) => {
          expect(Math.abs(value - (theirs[i] as number))).toBeLessThan(1e-5);
        });
      };
      compare(out.logits as Float32Array, expected.logits.flat());
      const rows = (block: number, from: number, to: number, columns: number) =>
        (expected.attention[block] ?? []).slice(from, to).flatMap((row) => row.slice(0, columns));
      compare(out.input0 as Float32Array, rows(0, 0, P, P));
      compare(out.tokens0 as Float32Array, rows(0, P, P + M, P + M));
      compare(out.tokens1 as Float32Array, rows(1, P, P + M, P + M));
      const maps = {
        input: [out.input0 as Float32Array],
        tokens: [out.tokens0 as Float32Array, out.tokens1 as Float32Array],
      };
      const rolled = rollout(maps, geometry);
      compare(rolled, plainRollout(expected.attention).slice(P).flat());
      for (let i = 0; i < M; i++) {
        const row = rolled.subarray(i * (P + M), (i + 1) * (P + M));
        expect(row.reduce((a, x) => a + x, 0)).toBeCloseTo(1, 5);
      }
    }
    await session.release();
  });
});
