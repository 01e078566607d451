import { initialParameters, loadable, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { encodeIdentifier } from '../../identifiers/encode.ts';
import { numeric } from '../../identifiers/numeric.ts';
import { asQueries } from '../../systems/queries.fixture.ts';
import { attentionGraph } from '../graphs/attention.ts';
import { scoringGraphs } from '../graphs/scoring-export.ts';
import type { Geometry } from '../model/geometry.ts';
import { dsiParameters, parameterArrays } from '../model/parameters.ts';
import { AttentionProbe, hasPlaces } from './attention-probe.ts';
import { rollout } from './attention-rollout.ts';
import { DsiSystem } from './dsi-system.ts';
import { smallNetwork } from './small-network.fixture.ts';

const runtime = nodeRuntime();

describe.each([
  { zeroPadding: false, attention: 'prefix', stem: 'linear' },
  { zeroPadding: true, attention: 'causal', stem: 'convolutional', embedding: 'prefix', output: 'own' },
] as const)('what tokens look at ($attention, $stem, padding $zeroPadding)', (options) => {
  const network = smallNetwork(37, options);
  const { geometry, parameters, table, identifiers, rows } = network;
  const model = { geometry, parameters, prefixes: table.stored };

  it('each token has a distribution over patches, and the probabilities multiply to the score of the search', async () => {
    const picture = network.pictures(1);
    const probe = await AttentionProbe.create(runtime, model, table);
    const system = new DsiSystem({ runtime, geometry, table, search: { exactUpTo: 5000, beam: 20 }, parameters });
    const [answers = []] = await system.rank(asQueries(picture, picture.length), 37);
    // Two tokens: the end is certain in both cases.
    for (const at of [12, 20, 36]) {
      const tokens = await probe.look(picture, identifiers[at] as string);
      expect(tokens.map(({ token }) => token).join('')).toBe(identifiers[at]);
      for (const { lastLayer, rollout, probability } of tokens) {
        expect(probability).toBeGreaterThan(0);
        for (const seen of [lastLayer, rollout]) {
          expect(seen.patches).toHaveLength(geometry.sequenceLength);
          expect(seen.patches.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
          expect(Math.min(...seen.patches)).toBeGreaterThanOrEqual(0);
          expect(seen.onPicture).toBeGreaterThan(0);
          expect(seen.onPicture).toBeLessThan(1);
        }
      }
      if ((identifiers[at] as string).length < 2) continue;
      const score = answers.find(({ row }) => row === rows[at])?.score as number;
      expect(Math.log(tokens.reduce((p, { probability }) => p * probability, 1))).toBeCloseTo(score, 4);
    }
    await expect(probe.look(picture, '99')).rejects.toThrow(RangeError);
    await probe.release();
    await system.close();
  });

  it('shows the row of the input before a token, of the last block and of the rollout', async () => {
    const picture = network.pictures(1);
    const probe = await AttentionProbe.create(runtime, model, table);
    expect(probe.side).toBe(2);
    const identifier = identifiers[12] as string;
    const found = await probe.look(picture, identifier);
    const session = await runtime.load(loadable(attentionGraph(geometry)));
    const { targets } = encodeIdentifier(numeric, identifier, geometry.maxIdentifierLength);
    const out = await session.run({ parameters, input: picture, tokens: table.rowsBefore(targets) });
    await session.release();
    const maps = {
      input: [out.input0 as Float32Array],
      tokens: [out.tokens0 as Float32Array, out.tokens1 as Float32Array],
    };
    const rows = { lastLayer: maps.tokens[1] as Float32Array, rollout: rollout(maps, geometry) };
    const width = geometry.sequenceLength + geometry.maxIdentifierLength;
    found.forEach((token, i) => {
      for (const key of ['lastLayer', 'rollout'] as const) {
        const shares = [...rows[key].subarray(i * width, i * width + 4)];
        const onPicture = shares.reduce((a, b) => a + b, 0);
        expect(token[key].onPicture).toBeCloseTo(onPicture, 6);
        token[key].patches.forEach((share, patch) => {
          expect(share).toBeCloseTo((shares[patch] as number) / onPicture, 6);
        });
      }
    });
    await probe.release();
  });

  it('costs the search nothing: its graphs have no attention among their outputs', () => {
    const { encoder, decoder } = scoringGraphs(geometry, 1, 8, parameterArrays(geometry, parameters));
    expect(decoder.outputs.map(({ name }) => name)).toEqual(['logits']);
    expect(encoder.outputs.every(({ name }) => /^(keys|values)\d+$/.test(name))).toBe(true);
  });
});

it('a class token before a square of tokens belongs to no place', async () => {
  const { geometry: pixels, table, identifiers } = smallNetwork(12);
  const geometry: Geometry = { ...pixels, input: 'embeddings', channels: 3, sequenceLength: 5 };
  const parameters = initialParameters(dsiParameters(geometry), Random.seeded(4)).map((value) => 2 * value);
  const random = Random.seeded(5);
  const input = Float32Array.from({ length: 15 }, () => random.normal());
  const probe = await AttentionProbe.create(runtime, { geometry, parameters, prefixes: undefined }, table);
  expect(probe.side).toBe(2);
  const identifier = identifiers[3] as string;
  const [first] = await probe.look(input, identifier);
  await probe.release();
  const session = await runtime.load(loadable(attentionGraph(geometry)));
  const { targets } = encodeIdentifier(numeric, identifier, geometry.maxIdentifierLength);
  const { tokens1 } = await session.run({ parameters, input, tokens: table.rowsBefore(targets) });
  await session.release();
  const [own = 0, ...patches] = [...(tokens1 as Float32Array)].slice(0, 5);
  const seen = patches.reduce((a, b) => a + b, 0);
  expect(first?.lastLayer.onPicture).toBeCloseTo(own + seen, 6);
  expect(first?.lastLayer.patches).toHaveLength(4);
  for (const [i, share] of patches.entries()) expect(first?.lastLayer.patches[i]).toBeCloseTo(share / seen, 6);
});

it('a network whose tokens have no place in the picture has nothing to show', async () => {
  const { geometry, parameters, table } = smallNetwork(5);
  const rest = { parameters, prefixes: table.stored };
  const model = { geometry: { ...geometry, input: 'embeddings', channels: 3, sequenceLength: 1 }, ...rest } as const;
  expect([hasPlaces(model), hasPlaces({ geometry, ...rest })]).toEqual([false, true]);
  await expect(AttentionProbe.create(runtime, model, table)).rejects.toMatchObject({ code: 'usage' });
});
