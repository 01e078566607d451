import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { smallNetwork } from '../search/small-network.fixture.ts';
import { StateEncoder } from '../search/state-encoder.ts';
import type { Geometry } from './geometry.ts';
import { parameterArrays } from './parameters.ts';
import { plainStates } from './plain-network.fixture.ts';

const B = 3;
const BYTES = 16 * 16 * 3;
const runtime = nodeRuntime({ threads: 1 });

const networkOf = (changes: Pick<Partial<Geometry>, 'attention' | 'stem' | 'positions'>) =>
  smallNetwork(7, { embedding: 'memory', output: 'memory', ...changes });

/** States of a batch, with the parameters in the graph or beside it. */
async function statesOf({ geometry, parameters }: ReturnType<typeof networkOf>, pictures: Uint8Array, built: boolean) {
  const encoder = await StateEncoder.create(runtime, geometry, B, built ? parameters : undefined);
  expect([encoder.batch, encoder.width]).toEqual([B, geometry.width]);
  try {
    return await encoder.encode(pictures, built ? undefined : parameters);
  } finally {
    await encoder.release();
  }
}

describe.each(['prefix', 'causal'] as const)('the states of queries with %s attention', (attention) => {
  const network = networkOf({ attention, positions: 'sinusoidal' });
  const { geometry } = network;
  const pictures = network.pictures(B);

  it.each([true, false])(
    'are BOS behind the picture by a plain network, divided by its norm; built: %s',
    async (built) => {
      const arrays = parameterArrays(geometry, network.parameters);
      const weights = (name: string) => {
        const array = arrays[name];
        if (array === undefined) throw new RangeError(`no parameter ${name}`);
        return { shape: array.shape, data: [...array.data] };
      };
      const states = await statesOf(network, pictures, built);
      expect(states).toHaveLength(B * geometry.width);
      for (let b = 0; b < B; b++) {
        // BOS is the only token there is.
        const plain = plainStates(weights, pictures.subarray(b * BYTES, (b + 1) * BYTES), [0], geometry).states;
        expect(plain).toHaveLength(1);
        const [row = []] = plain;
        const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
        for (const [d, x] of row.entries()) expect(states[b * geometry.width + d]).toBeCloseTo(x / norm, 4);
      }
    },
  );
});

describe('the state of a query', () => {
  it.each([
    { positions: 'learned' },
    { positions: 'sinusoidal', stem: 'convolutional' },
    { positions: 'learned', stem: 'convolutional', attention: 'causal' },
  ] as const)('has the norm 1, and is its own whatever stands beside it: %j', async (changes) => {
    const network = networkOf(changes);
    const { width } = network.geometry;
    const pictures = network.pictures(B);
    const states = await statesOf(network, pictures, true);
    for (let b = 0; b < B; b++) {
      const own = states.subarray(b * width, (b + 1) * width);
      expect(own.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
    }
    // The same picture in another place, beside black ones.
    const other = new Uint8Array(B * BYTES);
    other.set(pictures.subarray(0, BYTES), 2 * BYTES);
    const again = await statesOf(network, other, true);
    for (let d = 0; d < width; d++) expect(again[2 * width + d]).toBeCloseTo(states[d] ?? NaN, 5);
    expect(again.subarray(0, width)).not.toEqual(states.subarray(0, width));
  });
});
