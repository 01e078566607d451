import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { DsiSystem } from '../../retrieval/dsi.ts';
import { asQueries } from '../../retrieval/queries.fixture.ts';
import { smallNetwork } from '../../retrieval/small-network.fixture.ts';
import { scoringGraphs } from '../graphs/scoring-export.ts';
import { parameterArrays } from '../model/parameters.ts';
import { AttentionProbe } from './attention-probe.ts';

const runtime = nodeRuntime();

describe.each([
  { zeroPadding: false, attention: 'prefix', stem: 'linear' },
  { zeroPadding: true, attention: 'causal', stem: 'convolutional', embedding: 'prefix', output: 'own' },
] as const)('what digits look at ($attention, $stem, padding $zeroPadding)', (options) => {
  const network = smallNetwork(37, options);
  const { geometry, parameters, table, identifiers, rows } = network;
  const model = { geometry, parameters, prefixes: table.stored };

  it('each digit has a distribution over patches, and the probabilities multiply to the score of the search', async () => {
    const picture = network.pictures(1);
    const probe = await AttentionProbe.create(runtime, model, table);
    const system = new DsiSystem({ runtime, geometry, table, search: { exactUpTo: 5000, beam: 20 }, parameters });
    const [answers = []] = await system.rank(asQueries(picture, picture.length), 37);
    // Two digits: the end is certain in both cases.
    for (const at of [12, 20, 36]) {
      const digits = await probe.look(picture, identifiers[at] as string);
      expect(digits.map(({ digit }) => digit).join('')).toBe(identifiers[at]);
      for (const { lastLayer, rollout, probability } of digits) {
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
      expect(Math.log(digits.reduce((p, { probability }) => p * probability, 1))).toBeCloseTo(score, 4);
    }
    await expect(probe.look(picture, '99')).rejects.toThrow(RangeError);
    await probe.release();
    await system.close();
  });

  it('costs the search nothing: its graphs have no attention among their outputs', () => {
    const { encoder, decoder } = scoringGraphs(geometry, 1, 8, parameterArrays(geometry, parameters));
    expect(decoder.outputs.map(({ name }) => name)).toEqual(['logits']);
    expect(encoder.outputs.every(({ name }) => /^(keys|values)\d+$/.test(name))).toBe(true);
  });
});
