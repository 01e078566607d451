import { loadable, type Runtime } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { asQueries } from '../../systems/queries.fixture.ts';
import { leavesByRow, searchGraph } from '../graphs/search-export.ts';
import { parameterArrays } from '../model/parameters.ts';
import { BeamSearch } from './beam.ts';
import { DsiSystem } from './dsi-system.ts';
import { ExactSearch } from './exact.ts';
import { inOrder, plainScores } from './plain-scores.fixture.ts';
import { smallNetwork } from './small-network.fixture.ts';

const runtime = nodeRuntime({ threads: 1 });
/** In no order; some nodes have one child, and EOS stands beside tokens. */
const identifiers = ['42', '317', '0', '58', '3', '421', '599', '31', '420', '5'];
const BYTES = 16 * 16 * 3;
type Network = ReturnType<typeof smallNetwork>;

const exactly = (network: Network, batch: number, positionCount: number, built = true) =>
  ExactSearch.create(
    runtime,
    network.table,
    network.geometry,
    { batch, positionCount },
    built ? network.parameters : undefined,
  );
const beamOf = (network: Network, batch: number, width: number, built = true) =>
  BeamSearch.create(runtime, network.table, network.geometry, { batch, width }, built ? network.parameters : undefined);

describe.each([
  { attention: 'prefix', embedding: 'token' },
  { attention: 'causal', embedding: 'prefix' },
] as const)('searching ten identifiers ($attention, $embedding)', (options) => {
  const network = smallNetwork(10, { ...options, identifiers, positions: 'sinusoidal' });
  const pictures = network.pictures(2);
  const expected = [0, 1].map((i) => plainScores(network, pictures.subarray(i * BYTES, (i + 1) * BYTES)));

  it('is compared with a distribution whose order differs from picture to picture', () => {
    for (const scores of expected) {
      expect([...scores.values()].reduce((sum, score) => sum + Math.exp(score), 0)).toBeCloseTo(1, 9);
    }
    const [first, second] = expected.map(inOrder);
    expect(first).not.toEqual(second);
    expect(first).not.toEqual(network.rows);
  });

  it.each([
    ['exhaustively in one plan', () => exactly(network, 2, 512)],
    ['exhaustively in several plans', () => exactly(network, 2, 3)],
    ['exhaustively with parameters that are fed', () => exactly(network, 2, 4, false)],
    ['by a beam that holds all', () => beamOf(network, 2, 10)],
    ['by a beam with parameters that are fed', () => beamOf(network, 2, 10, false)],
  ])('%s gives all of them, as they are defined', async (how, make) => {
    const search = await make();
    expect(search.batch).toBe(2);
    const found = await search.rank(pictures, 2, 10, how.includes('fed') ? network.parameters : undefined);
    for (const [i, answers] of found.entries()) {
      const scores = expected[i] as Map<number, number>;
      expect(answers.map(({ row }) => row)).toEqual(inOrder(scores));
      for (const { row, score } of answers) expect(score).toBeCloseTo(scores.get(row) as number, 3);
    }
    // The same again, from the arrays that the first search gave back; and for fewer queries and answers.
    expect(await search.rank(pictures, 2, 10, how.includes('fed') ? network.parameters : undefined)).toEqual(found);
    const few = await search.rank(pictures, 1, 3, how.includes('fed') ? network.parameters : undefined);
    expect(few).toEqual([found[0]?.slice(0, 3)]);
    await search.release();
  });

  it.each([1, 4, 10])('as one graph gives the %i best by their places among the rows', async (k) => {
    const { geometry, parameters, table, trie, rows } = network;
    const graph = searchGraph(geometry, table, 2, k, parameterArrays(geometry, parameters));
    const session = await runtime.load(loadable(graph));
    const out = await session.run({ pictures });
    await session.release();
    const sorted = [...rows].sort((a, b) => a - b);
    expect(leavesByRow(trie).map((leaf) => trie.row(leaf))).toEqual(sorted);
    for (const [i, scores] of expected.entries()) {
      const own = [...(out.answers as Int32Array)].slice(i * k, (i + 1) * k).map((place) => sorted[place] as number);
      expect(own).toEqual(inOrder(scores).slice(0, k));
      const found = [...(out.scores as Float32Array)].slice(i * k, (i + 1) * k);
      for (const [n, score] of found.entries()) expect(score).toBeCloseTo(scores.get(own[n] as number) as number, 3);
    }
  });
});

describe('a network to which all tokens are alike', () => {
  const network = smallNetwork(10, { identifiers });
  network.parameters.fill(0);
  const picture = network.pictures(1);
  /** Every token with which identifiers go on has the same share. */
  const share = (identifier: string): number => {
    const whole = [...identifier, '#'];
    return whole.reduce((score, _, place) => {
      const prefix = identifier.slice(0, place);
      const next = identifiers.filter((other) => other.startsWith(prefix)).map((other) => other[place] ?? '#');
      return score - Math.log(new Set(next).size);
    }, 0);
  };
  const scores = new Map(identifiers.map((identifier, i) => [2 * i + 1, share(identifier)]));

  it('is told apart by rows', async () => {
    for (const search of [await exactly(network, 1, 512), await exactly(network, 1, 3), await beamOf(network, 1, 10)]) {
      const [answers = []] = await search.rank(picture, 1, 10);
      for (const { row, score } of answers) expect(score).toBeCloseTo(scores.get(row) as number, 6);
      for (const [i, { row, score }] of answers.entries()) {
        const before = answers[i - 1];
        if (before !== undefined && Math.abs(before.score - score) < 1e-9) expect(before.row).toBeLessThan(row);
      }
      expect(new Set(answers.map(({ row }) => row)).size).toBe(10);
      await search.release();
    }
  });

  it('leaves a narrow beam with the smaller tokens', async () => {
    // All four first tokens are alike: 0 and 3 stay. Then 0 is finished with ¼; behind 3, EOS and 1 have ⅛ each, and EOS
    // is the larger token.
    const search = await beamOf(network, 1, 2);
    const [answers = []] = await search.rank(picture, 1, 2);
    await search.release();
    const found = answers.map(({ row }) => identifiers[(row - 1) / 2]);
    expect(found[0]).toBe('0');
    expect(found[1]).toMatch(/^31/);
  });
});

describe('the graphs of a search', () => {
  // Seven binary digits: three levels go with the picture, the others follow.
  const words = Array.from({ length: 128 }, (_, i) => i.toString(2).padStart(7, '0'));
  const network = smallNetwork(128, { identifiers: words });
  /** The runtime, and the options of what it loads. */
  const listening = () => {
    const loaded: Parameters<Runtime['load']>[1][] = [];
    const released: number[] = [];
    const heard: Runtime = {
      ...runtime,
      async load(model, options) {
        const session = await runtime.load(model, options);
        const n = loaded.push(options);
        return {
          run: (feeds, into) => session.run(feeds, into),
          release: async () => {
            released.push(n);
            await session.release();
          },
        };
      },
    };
    return { loaded, released, heard };
  };

  it.each([
    [4, 16, true],
    [5, 13, false],
  ])('wake no second thread for %i queries of %i positions: %s', async (batch, width, small) => {
    const { loaded, released, heard } = listening();
    const { table, geometry, parameters } = network;
    const search = await BeamSearch.create(heard, table, geometry, { batch, width }, parameters);
    expect(loaded.map((options) => options?.small)).toEqual([false, small]);
    await search.release();
    expect(released).toEqual([1, 2]);
  });

  it('are one where the first plan is all', async () => {
    const { loaded, released, heard } = listening();
    const { table, geometry, parameters } = network;
    const exact = await ExactSearch.create(heard, table, geometry, { batch: 1, positionCount: 512 }, parameters);
    expect(loaded).toHaveLength(1);
    await exact.release();
    expect(released).toEqual([1]);
    // The root and eight tokens are decoded with the picture, and nothing is left to be decoded.
    const small = smallNetwork(8);
    const beam = await BeamSearch.create(heard, small.table, small.geometry, { batch: 1, width: 4 }, small.parameters);
    expect(loaded).toHaveLength(2);
    await beam.release();
  });

  it('are loaded once for each size of a batch and way to search, and freed when the system is closed', async () => {
    const { loaded, released, heard } = listening();
    const small = smallNetwork(8);
    const { table, geometry, parameters } = small;
    const search = { exactUpTo: 5, beam: 4 };
    const system = new DsiSystem({ runtime: heard, geometry, table, search, parameters });
    const queries = asQueries(small.pictures(2), BYTES);
    const one = queries.slice(0, 1);
    const first = await system.rank(one, 4);
    expect(await system.rank(one, 4)).toEqual(first);
    expect(loaded).toHaveLength(1);
    // More answers than the beam is wide are scored exhaustively.
    await system.rank(one, 5);
    expect(loaded).toHaveLength(2);
    // Two queries are not worth a batch of 32.
    await system.rank(queries, 4);
    expect(loaded).toHaveLength(2);
    await system.close();
    expect([...released].sort()).toEqual([1, 2]);
    // It may be asked again.
    expect(await system.rank(one, 4)).toEqual(first);
    expect(loaded).toHaveLength(3);
    await system.close();
    expect(released).toHaveLength(3);
  });
});
