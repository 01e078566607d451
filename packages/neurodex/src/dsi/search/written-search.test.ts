import { nodeRuntime } from '@neurodex/autograd/node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Config } from '../../config.ts';
import { asQueries } from '../../systems/queries.fixture.ts';
import { writeRows } from '../model/memory.ts';
import { parameterArrays } from '../model/parameters.ts';
import { plainStates } from '../model/plain-network.fixture.ts';
import { DsiSystem } from './dsi-system.ts';
import { logSum } from './plain-memory.fixture.ts';
import { smallNetwork } from './small-network.fixture.ts';

const N = 40;
const TEMPERATURE = 12;
const BYTES = 16 * 16 * 3;
const network = smallNetwork(N, { embedding: 'memory', output: 'memory', positions: 'sinusoidal' });
const { geometry, parameters, table, rows } = network;
const arrays = parameterArrays(geometry, parameters);
const weights = (name: string) => {
  const array = arrays[name];
  if (array === undefined) throw new RangeError(`no parameter ${name}`);
  return { shape: array.shape, data: [...array.data] };
};
/** The state of a picture by a plain network. */
function stateOf(pixels: Uint8Array): number[] {
  const [state = []] = plainStates(weights, pixels, [0], geometry).states;
  return state.map((x) => x / Math.hypot(...state));
}

const pictures = (n: number): Uint8Array[] => {
  const bytes = network.pictures(n);
  return Array.from({ length: n }, (_, i) => bytes.subarray(i * BYTES, (i + 1) * BYTES));
};
const catalogue = pictures(N).map(stateOf);
const memory = {
  rows: writeRows(table, Float32Array.from(catalogue.flat()), geometry.width, (row) => rows.indexOf(row)),
  temperature: TEMPERATURE,
};
const asked = pictures(35);
const queries = asked.flatMap((pixels) => asQueries(pixels, BYTES));

const opened: DsiSystem[] = [];
function systemOf(search: Config['retrieval'], given: Float32Array | (() => Float32Array) = parameters): DsiSystem {
  const runtime = nodeRuntime({ threads: 1 });
  const system = new DsiSystem({ runtime, geometry, table, search, parameters: given, memory });
  opened.push(system);
  return system;
}
afterAll(async () => {
  for (const system of opened) await system.close();
});

/** Every row with its log-probability, best first, by plain loops. */
function expected(pixels: Uint8Array): (readonly [row: number, score: number])[] {
  const state = stateOf(pixels);
  const logits = catalogue.map((each) => TEMPERATURE * each.reduce((sum, x, d) => sum + x * (state[d] ?? NaN), 0));
  const total = logSum(logits);
  return logits.map((x, i) => [rows[i] ?? NaN, x - total] as const).sort((a, b) => b[1] - a[1]);
}

describe('a system whose network has a memory', () => {
  it.each([
    ['the parameters in the graph', parameters],
    ['parameters that may change', () => parameters],
  ] as const)('compares every picture with the states of queries, with %s', async (_, given) => {
    const answers = await systemOf({ exactUpTo: N, beam: 3 }, given).rank(queries, N);
    expect(answers).toHaveLength(35);
    for (const [i, found] of answers.entries()) {
      const plain = new Map(expected(asked[i] ?? new Uint8Array()));
      expect(new Set(found.map(({ row }) => row))).toEqual(new Set(rows));
      for (const { row, score } of found) expect(score).toBeCloseTo(plain.get(row) ?? NaN, 3);
      expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
    }
  });

  it('searches by beam above a size of the catalogue, and looks into more prefixes for more answers', async () => {
    const narrow = systemOf({ exactUpTo: N - 1, beam: 1 });
    const exact = await systemOf({ exactUpTo: N, beam: 1 }).rank(queries, N);
    for (const answers of await narrow.rank(queries, 2)) expect(answers).toHaveLength(2);
    const all = await narrow.rank(queries, N);
    expect(all.map((each) => each.map(({ row }) => row))).toEqual(exact.map((each) => each.map(({ row }) => row)));
    const beamed = await narrow.rank(queries, 1);
    // One prefix at each depth does not always lead to the best picture.
    const best = beamed.filter(([first], i) => first?.row === exact[i]?.[0]?.row);
    expect(best.length).toBeLessThan(35);
    expect(best.length).toBeGreaterThan(3);
    const wide = await systemOf({ exactUpTo: 0, beam: N }).rank(queries, N);
    expect(wide.map((each) => each.map(({ row }) => row))).toEqual(exact.map((each) => each.map(({ row }) => row)));
  });
});
