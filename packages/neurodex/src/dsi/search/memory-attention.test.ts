import { nodeRuntime } from '@neurodex/autograd/node';
import { defined } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { plainRollout } from '../model/plain-network.fixture.ts';
import { AttentionProbe } from './attention-probe.ts';
import { plainPass, plainProbabilities, plainShare, smallMemory } from './small-memory.fixture.ts';

const runtime = nodeRuntime();

describe.each([
  { count: 37, attention: 'prefix', zeroPadding: false },
  { count: 120, attention: 'causal', zeroPadding: true },
  { count: 1, attention: 'prefix', zeroPadding: false },
] as const)('what a network with a memory of $count pictures looks at ($attention)', ({ count, ...options }) => {
  const small = smallMemory(count, options);
  const { model, table, identifiers, geometry } = small;
  const picture = small.pictures(1);

  it('is what BOS looks at, whatever the token', async () => {
    const { attention } = plainPass(small, picture);
    const P = geometry.sequenceLength;
    const probe = await AttentionProbe.create(runtime, model, table);
    const tokens = await probe.look(picture, defined(identifiers.at(-1), 'an identifier'));
    await probe.release();
    expect(tokens.map(({ token }) => token).join('')).toBe(identifiers.at(-1));
    for (const token of tokens) {
      for (const [map, rows] of [
        ['lastLayer', attention.at(-1)],
        ['rollout', plainRollout(attention)],
      ] as const) {
        const seen = defined(rows?.[P], 'the row of BOS').slice(0, P);
        const onPicture = seen.reduce((a, b) => a + b, 0);
        expect(token[map].onPicture).toBeCloseTo(onPicture, 5);
        expect(token[map].patches).toHaveLength(P);
        for (const [i, share] of seen.entries()) expect(token[map].patches[i]).toBeCloseTo(share / onPicture, 5);
      }
    }
  });

  it('makes a token as probable as the share of the pictures behind it', async () => {
    const probabilities = plainProbabilities(small, picture);
    const probe = await AttentionProbe.create(runtime, model, table);
    for (const identifier of identifiers.slice(0, 20)) {
      const written = [...numeric.toTokens(identifier)];
      const tokens = await probe.look(picture, identifier);
      for (const [i, { probability }] of tokens.entries()) {
        const [behind, before] = [written.slice(0, i + 1), written.slice(0, i)].map((tokens) =>
          plainShare(probabilities, tokens),
        );
        expect(probability).toBeCloseTo((behind ?? NaN) / (before ?? NaN), 5);
      }
    }
    await expect(probe.look(picture, '9999')).rejects.toThrow(RangeError);
    await probe.release();
  });
});
