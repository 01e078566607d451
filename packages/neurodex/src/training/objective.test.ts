import {
  float32,
  initialParameters,
  loadable,
  openParameters,
  parameterCount,
  Random,
  trace,
  uint8,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Config, Embedding } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { encodeIdentifier } from '../identifiers/encode.ts';
import { numeric } from '../identifiers/numeric.ts';
import { Trie } from '../identifiers/trie.ts';
import type { IdentifierTable, Objective, Target } from './objective.ts';
import { sampledObjective } from './sampled-objective.ts';
import { setObjective } from './set-objective.ts';

/** Identifiers of one to three tokens: some nodes have one child, and EOS stands beside tokens. */
const identifiers = ['0', '3', '31', '317', '42', '420', '421', '5', '58', '599'];
const rows = identifiers.map((_, i) => 10 + i);
const bytes = 16 * 16 * 3;
const pictures = new Uint8Array(3 * bytes);
Random.seeded(5).fillBytes(pictures);

/** An untrained network, and what the identifiers look like to it. */
function networkOf(embedding: Embedding, output: Config['model']['output'] = 'shared') {
  const trie = new Trie(numeric, identifiers, rows);
  const table = PrefixTable.create(trie, embedding);
  const named: IdentifierTable = {
    table,
    length: 4,
    identifiers: new Map(rows.map((row, i) => [row, identifiers[i] as string])),
  };
  const geometry: Geometry = {
    input: 'pixels',
    imageSize: 16,
    patchSize: 8,
    stem: 'linear',
    sequenceLength: 4,
    width: 16,
    feedForwardWidth: 24,
    heads: 2,
    layers: 2,
    vocabulary: numeric.vocabulary.size,
    pad: numeric.vocabulary.pad,
    embeddingRows: table.size,
    maxIdentifierLength: 4,
    output,
    positions: 'learned',
    attention: 'prefix',
  };
  const specs = dsiParameters(geometry);
  const random = Random.seeded(5);
  const parameters = initialParameters(specs, random).map((value) => 2 * value + 0.05 * random.normal());
  return { trie, named, geometry, specs, parameters };
}
type Network = ReturnType<typeof networkOf>;

/** Loss and accuracy of asking pictures for sets of rows, each alike by default. */
async function measure(
  { geometry, specs, parameters }: Network,
  objective: Objective,
  wanted: readonly (readonly number[] | Target)[],
  shown: Uint8Array,
) {
  const B = wanted.length;
  const graph = trace(
    { parameters: float32(parameterCount(specs)), input: uint8(B, 16, 16, 3), ...objective.inputs(B) },
    (tensors) => ({
      ...objective.loss(openParameters(specs, tensors.parameters), { ...tensors }, geometry, { dropout: 0 }),
    }),
  );
  const session = await nodeRuntime().load(loadable(graph, { name: 'objective', contrib: true }));
  const targets = objective.allocate(B);
  objective.clear(targets);
  wanted.forEach((each, b) => {
    objective.setTarget('relevant' in each ? each : { relevant: each }, targets, b, Random.seeded(1));
  });
  const out = await session.run({ parameters, input: shown, ...targets });
  await session.release();
  return {
    loss: Number((out.loss as Float32Array)[0]),
    tokenAccuracy: Number((out.tokenAccuracy as Float32Array)[0]),
  };
}

/** Nodes with two children or more on the way to an identifier. */
function decisions(trie: Trie, identifier: string): number {
  const path = [...numeric.toTokens(identifier), numeric.vocabulary.eos];
  return path.filter((_, i) => trie.childCount(trie.walk(path.slice(0, i)) as number) > 1).length;
}

describe.each([
  ['token', 'shared'],
  ['prefix', 'shared'],
  ['token', 'own'],
  ['prefix', 'own'],
] as const)('asking for whole sets, an embedding for each %s, %s outputs', (embedding, output) => {
  const network = networkOf(embedding, output);
  const { named, trie } = network;
  /** −log p of every identifier for every picture, from the loss of asking for it alone. */
  let surprise: number[][];
  beforeAll(async () => {
    const one = sampledObjective(named, 1, true);
    surprise = [];
    for (let b = 0; b < 3; b++) {
      const own = pictures.subarray(b * bytes, (b + 1) * bytes);
      const row: number[] = [];
      for (const [i, wanted] of rows.entries()) {
        const tokens = (identifiers[i] as string).length + 1;
        row.push((await measure(network, one, [[wanted]], own)).loss * tokens);
      }
      surprise.push(row);
    }
  }, 60_000);

  it('knows probabilities of all identifiers that add up to 1', () => {
    for (const row of surprise) expect(row.reduce((sum, value) => sum + Math.exp(-value), 0)).toBeCloseTo(1, 5);
  });

  it.each([
    ['one identifier each', [[10], [13], [16]]],
    ['sets of different sizes', [[10, 11, 12], [13], [14, 15, 16, 17, 18, 19]]],
    ['all identifiers', [rows, rows, rows]],
    ['pictures that are asked for nothing', [[], [12, 19], []]],
  ])('gives the mean over what is wanted, per decision: %s', async (_, wanted) => {
    let [total, count] = [0, 0];
    wanted.forEach((relevant, b) => {
      for (const row of relevant) {
        total += (surprise[b]?.[row - 10] as number) / relevant.length;
        count += decisions(trie, identifiers[row - 10] as string) / relevant.length;
      }
    });
    expect((await measure(network, setObjective(named), wanted, pictures)).loss).toBeCloseTo(total / count, 4);
  });

  it('gives a picture’s own identifier its share, and the others the rest', async () => {
    const relevant = [10, 11, 12, 15];
    let [total, count] = [0, 0];
    for (const row of relevant) {
      const share = row === 12 ? 0.4 : 0.2;
      total += share * (surprise[0]?.[row - 10] as number);
      count += share * decisions(trie, identifiers[row - 10] as string);
    }
    const wanted = { relevant, self: { row: 12, weight: 0.4 } };
    const { loss } = await measure(network, setObjective(named), [wanted], pictures.subarray(0, bytes));
    expect(loss).toBeCloseTo(total / count, 4);
  });

  it('counts the likeliest token as right where it is one of those wanted', async () => {
    expect((await measure(network, setObjective(named), [rows, rows, rows], pictures)).tokenAccuracy).toBeCloseTo(1, 5);
    const likeliest = surprise.map((row) => rows[row.indexOf(Math.min(...row))] as number);
    const greedy = await measure(
      network,
      setObjective(named),
      likeliest.map((row) => [row]),
      pictures,
    );
    const other = await measure(
      network,
      setObjective(named),
      surprise.map((row) => [rows[row.indexOf(Math.max(...row))] as number]),
      pictures,
    );
    expect(greedy.tokenAccuracy).toBeGreaterThan(other.tokenAccuracy);
  });

  it('refuses a row that has no identifier', () => {
    for (const objective of [setObjective(named), sampledObjective(named, 2, true)]) {
      const targets = objective.allocate(1);
      expect(() => objective.setTarget({ relevant: [99] }, targets, 0, Random.seeded(1))).toThrow('row 99');
    }
  });
});

it.each(['token', 'prefix'] as const)(
  'asks for several identifiers behind one BOS as for each alone: %s',
  async (embedding) => {
    const network = networkOf(embedding);
    const { named } = network;
    const [one, three] = [sampledObjective(named, 1, true), sampledObjective(named, 3, true)];
    const wanted = [12, 15, 19];
    const own = pictures.subarray(0, bytes);
    const tokens = wanted.map((row) => (identifiers[row - 10] as string).length + 1);
    let total = 0;
    for (const [i, row] of wanted.entries())
      total += (await measure(network, one, [[row]], own)).loss * (tokens[i] as number);
    const together = await measure(network, three, [wanted], own);
    expect(together.loss).toBeCloseTo(total / tokens.reduce((a, b) => a + b, 0), 4);
  },
);

it('draws a picture’s own identifier as often as gives it its share', () => {
  const { named } = networkOf('token');
  const objective = sampledObjective(named, 2, true);
  const target = encodeIdentifier(numeric, '31', 4).targets;
  const timesAsked = (wanted: Target): number => {
    const random = Random.seeded(3);
    let times = 0;
    for (let i = 0; i < 2000; i++) {
      const arrays = objective.allocate(1);
      objective.clear(arrays);
      objective.setTarget(wanted, arrays, 0, random);
      const targets = arrays.targets as Int32Array;
      const found = [0, 4].filter((at) => target.every((token, place) => targets[at + place] === token));
      expect(found.length).toBeLessThanOrEqual(1);
      // Both places are taken, by different identifiers.
      const asks = [0, 4].map((at) => String([...targets.subarray(at, at + 4)]));
      expect(new Set([...asks, String(Array(4).fill(numeric.vocabulary.pad))]).size).toBe(3);
      times += found.length;
    }
    return times / 2000;
  };
  const relevant = rows.slice(0, 8);
  expect(timesAsked({ relevant })).toBeCloseTo(2 / 8, 1);
  expect(timesAsked({ relevant, self: { row: 12, weight: 0.3 } })).toBeCloseTo(0.6, 1);
  expect(timesAsked({ relevant, self: { row: 12, weight: 0.5 } })).toBe(1);
  expect(timesAsked({ relevant: [12, 13], self: { row: 12, weight: 0.3 } })).toBe(1);
});
