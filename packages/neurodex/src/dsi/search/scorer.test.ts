import type { Feeds, Runtime } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { layoutMask, packedLayout, positionsOf } from '../model/attention-mask.ts';
import { Scorer, type StepInputs } from './scorer.ts';
import { smallNetwork } from './small-network.fixture.ts';

const runtime = nodeRuntime({ threads: 1 });
const network = smallNetwork(20);
const { geometry, parameters } = network;
const { sequenceLength: P, width: D, vocabulary: V } = geometry;
/** BOS, then one token. */
const first = { tokens: Int32Array.of(10), layout: packedLayout(1, 1) };
const whole = { tokens: Int32Array.of(10, 4), layout: packedLayout(1, 2) };
const pictures = network.pictures(2);
/** Token 4 behind BOS, which is in the cache. */
const step: StepInputs = {
  tokens: Int32Array.of(4),
  positions: Int32Array.of(P + 1),
  mask: new Float32Array(P + 1 + 1),
};
const shape = { batch: 2, prefill: first, decodeStep: { positionCount: 1, cached: 1, steps: 1, perQuery: false } };
const close = (found: ArrayLike<number>, expected: ArrayLike<number>) => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of Array.from(expected).entries()) expect(found[i]).toBeCloseTo(value, 4);
};

/** The runtime, which notes what its sessions are fed. */
function feeding(inPlace: boolean) {
  const feeds: Feeds[] = [];
  const heard: Runtime = {
    ...runtime,
    inPlace,
    async load(model, options) {
      const session = await runtime.load(model, options);
      return {
        release: () => session.release(),
        run: (fed, into) => {
          feeds.push(fed);
          return session.run(fed, into);
        },
      };
    },
  };
  return { feeds, heard };
}

describe('the logits of positions one after the other', () => {
  it.each([
    ['built in', true, parameters],
    ['built in, all of them', false, parameters],
    ['fed', true, undefined],
  ])('are those of all at once, with parameters that are %s', async (how, inPlace, built) => {
    const fed = built === undefined ? parameters : undefined;
    const together = await Scorer.create(runtime, geometry, { batch: 2, prefill: whole }, parameters);
    const expected = (await together.prefill(pictures)).logits;
    expect(expected).toHaveLength(2 * 2 * V);
    const { feeds, heard } = feeding(inPlace);
    const scorer = await Scorer.create(heard, geometry, shape, built);
    const scored = await scorer.prefill(pictures, fed);
    close(scored.logits.subarray(0, 2 * V), expected.subarray(0, 2 * V));
    const logits = await scorer.decodeStep(scored, 0, step, fed);
    close(logits, expected.subarray(2 * V));
    // They are kept behind those of the prefill, as keys and values are.
    close(scored.logits, expected);
    expect(Object.keys(scored.cache)).toEqual(['keys0', 'values0', 'keys1', 'values1']);
    for (const array of Object.values(scored.cache)) {
      expect(array).toHaveLength((P + 2) * 2 * D);
      expect(array.subarray((P + 1) * 2 * D).some((value) => value !== 0)).toBe(true);
    }
    // The tables of rows stand apart where the runtime reads them in place.
    const tables = Object.keys(feeds[1] ?? {}).filter((name) => /token\.embedding|parameters/.test(name));
    expect(tables).toEqual(how === 'built in' ? ['token.embedding'] : how === 'fed' ? ['parameters'] : []);
    expect(Object.keys(feeds[0] ?? {})).toEqual(fed === undefined ? ['input'] : ['input', 'parameters']);
    await together.release();
    await scorer.release();
  });

  it('are not kept where no step is to be', async () => {
    const decodeStep = { ...shape.decodeStep, cached: 0, steps: 0 };
    const scorer = await Scorer.create(runtime, geometry, { batch: 2, prefill: first, decodeStep }, parameters);
    const scored = await scorer.prefill(pictures);
    const before = scored.logits.slice();
    expect(before).toHaveLength(2 * V);
    // BOS once more, which reads nothing but the picture.
    const layout = packedLayout(1, 1);
    const inputs = { tokens: first.tokens, positions: positionsOf(layout, P), mask: layoutMask(layout, P) };
    close(await scorer.decodeStep(scored, 0, inputs), before);
    close(await scorer.decodeStep(scored, 5, inputs), before);
    expect(scored.logits).toEqual(before);
    for (const array of Object.values(scored.cache)) expect(array).toHaveLength((P + 1) * 2 * D);
    await scorer.release();
  });
});

describe('the arrays of a batch', () => {
  it('are another batch’s once they are given back, and not before', async () => {
    const scorer = await Scorer.create(runtime, geometry, shape, parameters);
    const one = await scorer.prefill(pictures);
    const two = await scorer.prefill(pictures);
    expect(two.logits).not.toBe(one.logits);
    one.release();
    const three = await scorer.prefill(pictures);
    expect(three.logits).toBe(one.logits);
    expect(three.cache).toBe(one.cache);
    await scorer.release();
  });

  it('hold no keys and values where no step follows, which is refused', async () => {
    const scorer = await Scorer.create(runtime, geometry, { batch: 2, prefill: first }, parameters);
    const scored = await scorer.prefill(pictures);
    expect(scored.cache).toEqual({});
    await expect(scorer.decodeStep(scored, 0, step)).rejects.toThrow(new RangeError('this scorer has no decode step'));
    await scorer.release();
  });
});
