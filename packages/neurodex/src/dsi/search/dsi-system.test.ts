import { initialParameters, loadable, openParameters, Random, trace } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { encodeIdentifier } from '../../identifiers/encode.ts';
import { numeric } from '../../identifiers/numeric.ts';
import type { Answer } from '../../query/answers.ts';
import type { FrozenBackbone } from '../../query/model-input.ts';
import type { PictureQuery } from '../../query/query.ts';
import { asQueries } from '../../systems/queries.fixture.ts';
import { fixedPlan, packedLayout } from '../model/attention-mask.ts';
import type { Geometry } from '../model/geometry.ts';
import { decodeStep, encode } from '../model/network.ts';
import { planNodes, positionsFor } from '../model/node-plan.ts';
import { dsiParameters } from '../model/parameters.ts';
import { batchFor, FINE_BATCHES, fillingBatch } from './batch-sizes.ts';
import { DsiSystem } from './dsi-system.ts';
import { ExactSearch } from './exact.ts';
import { smallNetwork } from './small-network.fixture.ts';

/** Of a picture of the small network. */
const BYTES = 16 * 16 * 3;
const runtime = nodeRuntime();
type Network = ReturnType<typeof smallNetwork>;

/** Log-probability of every identifier by its definition: one pass per picture over all identifiers, no trie search. */
async function byDefinition(
  { geometry, parameters, table, trie, identifiers, rows }: Network,
  picture: Uint8Array,
): Promise<Map<number, number>> {
  const specs = dsiParameters(geometry);
  const positions = identifiers.length * geometry.maxIdentifierLength;
  const graph = trace(
    {
      parameters: { dtype: 'float32', shape: [parameters.length] },
      pictures: { dtype: 'uint8', shape: [1, geometry.imageSize, geometry.imageSize, 3] },
      tokens: { dtype: 'int32', shape: [positions, 1] },
    },
    (inputs) => {
      const named = openParameters(specs, inputs.parameters);
      const cache = encode(named, inputs.pictures, geometry, { dropout: 0 });
      const plan = fixedPlan(
        inputs.tokens,
        packedLayout(identifiers.length, geometry.maxIdentifierLength),
        geometry.sequenceLength,
      );
      return { logits: decodeStep(named, cache, inputs.tokens, plan, geometry, { dropout: 0 }).logits };
    },
  );
  const session = await runtime.load(loadable(graph));
  const encoded = identifiers.map((identifier) => encodeIdentifier(numeric, identifier, geometry.maxIdentifierLength));
  const tokens = Int32Array.from(encoded.flatMap(({ targets }) => [...table.rowsBefore(targets)]));
  const { logits } = (await session.run({ parameters, pictures: picture, tokens })) as { logits: Float32Array };
  await session.release();
  const scores = new Map<number, number>();
  encoded.forEach(({ targets }, i) => {
    const allowed = trie.allowedTokens(targets);
    let score = 0;
    targets.forEach((target, place) => {
      if (target === numeric.vocabulary.pad) return;
      const at = (i * geometry.maxIdentifierLength + place) * geometry.vocabulary;
      const weights = Array.from({ length: geometry.vocabulary }, (_, v) =>
        allowed[place * geometry.vocabulary + v] ? Math.exp(logits[at + v] as number) : 0,
      );
      score += Math.log((weights[target] as number) / weights.reduce((a, b) => a + b, 0));
    });
    scores.set(rows[i] as number, score);
  });
  return scores;
}

const systemOf = (
  { geometry, table, parameters }: Network,
  search = { exactUpTo: 5000, beam: 20 },
  batches = [1, 32],
) => new DsiSystem({ runtime, geometry, table, search, parameters, batches });

describe.each([
  { count: 37, zeroPadding: false, attention: 'prefix', stem: 'linear', embedding: 'token', output: 'own' },
  { count: 37, zeroPadding: false, attention: 'prefix', stem: 'linear', embedding: 'prefix', output: 'shared' },
  { count: 120, zeroPadding: true, attention: 'causal', stem: 'convolutional', embedding: 'prefix', output: 'own' },
] as const)(
  'exhaustive scoring of $count pictures ($attention, $stem, padding $zeroPadding, $embedding)',
  (options) => {
    const network = smallNetwork(options.count, options);

    it('gives every identifier the log-probability of its definition, and a distribution that adds up to 1', async () => {
      const picture = network.pictures(1);
      const expected = await byDefinition(network, picture);
      const system = systemOf(network);
      const [answers = []] = await system.rank(asQueries(picture, BYTES), options.count);
      await system.close();
      expect(answers.map(({ row }) => row).sort((a, b) => a - b)).toEqual([...network.rows].sort((a, b) => a - b));
      for (const { row, score } of answers) expect(score).toBeCloseTo(expected.get(row) as number, 3);
      expect(answers.reduce((sum, { score }) => sum + Math.exp(score), 0)).toBeCloseTo(1, 5);
      for (let i = 1; i < answers.length; i++)
        expect(answers[i]?.score).toBeLessThanOrEqual(answers[i - 1]?.score as number);
    });

    it('answers a batch as it answers one picture, and fewer answers as the first of more', async () => {
      const pictures = network.pictures(35);
      const system = systemOf(network);
      const together = await system.rank(asQueries(pictures, BYTES), options.count + 10);
      const bytes = pictures.length / 35;
      for (const i of [0, 31, 34]) {
        const [alone = []] = await system.rank(asQueries(pictures.subarray(i * bytes, (i + 1) * bytes), BYTES), 5);
        expect(alone.map(({ row }) => row)).toEqual(together[i]?.slice(0, 5).map(({ row }) => row));
      }
      expect(together.every((answers) => answers.length === options.count)).toBe(true);
      await system.close();
    });

    it('finds the same in many small plans as in one', async () => {
      const picture = network.pictures(1);
      const system = systemOf(network);
      const [expected = []] = await system.rank(asQueries(picture, BYTES), options.count);
      const few = network.trie.maxDepth - 1; // a path to the deepest node that branches
      expect(planNodes(network.table, few).length).toBeGreaterThan(
        planNodes(network.table, positionsFor(network.trie, 512)).length,
      );
      const shape = { batch: 1, positionCount: few };
      const search = await ExactSearch.create(runtime, network.table, network.geometry, shape, network.parameters);
      const [found = []] = await search.rank(picture, 1, options.count);
      for (const [i, { row, score }] of found.entries()) {
        expect(row).toBe(expected[i]?.row);
        expect(score).toBeCloseTo(expected[i]?.score as number, 4);
      }
      await search.release();
      await system.close();
    });
  },
);

/**
 * Beam search by the probabilities of all identifiers: a prefix is as probable as all identifiers that begin with it
 * together. `#` ends an identifier.
 */
function plainBeam({ identifiers, rows }: Network, answers: readonly Answer[], width: number): Answer[] {
  const whole = new Map(identifiers.map((identifier, i) => [`${identifier}#`, rows[i] as number]));
  const scores = new Map(answers.map(({ row, score }) => [row, score]));
  const probability = (prefix: string) =>
    [...whole].reduce((sum, [name, row]) => sum + (name.startsWith(prefix) ? Math.exp(scores.get(row) ?? NaN) : 0), 0);
  let beam = [''];
  while (beam.some((prefix) => !whole.has(prefix))) {
    const longer = beam.flatMap((prefix) =>
      whole.has(prefix)
        ? [prefix]
        : [
            ...new Set(
              [...whole.keys()]
                .filter((name) => name.startsWith(prefix))
                .map((name) => name.slice(0, prefix.length + 1)),
            ),
          ],
    );
    const ranked = longer.map((prefix) => ({ prefix, probability: probability(prefix) }));
    beam = ranked
      .sort((a, b) => b.probability - a.probability)
      .slice(0, width)
      .map(({ prefix }) => prefix);
  }
  return beam.map((name) => {
    const row = whole.get(name) as number;
    return { row, score: scores.get(row) as number };
  });
}

describe('beam search', () => {
  const network = smallNetwork(70, { seed: 5 });

  it('finds what exhaustive scoring finds when the beam holds every prefix', async () => {
    const pictures = network.pictures(3);
    const exact = systemOf(network);
    const beam = systemOf(network, { exactUpTo: 0, beam: 72 });
    const [expected, found] = [
      await exact.rank(asQueries(pictures, BYTES), 20),
      await beam.rank(asQueries(pictures, BYTES), 20),
    ];
    found.forEach((answers, query) => {
      expect(answers.map(({ row }) => row)).toEqual(expected[query]?.map(({ row }) => row));
      for (const [i, { score }] of answers.entries())
        expect(score).toBeCloseTo(expected[query]?.[i]?.score as number, 4);
    });
    await exact.close();
    await beam.close();
  });

  it('gives real identifiers once, with their true scores, when it is narrow', async () => {
    const pictures = network.pictures(2);
    const exact = systemOf(network);
    const beam = systemOf(network, { exactUpTo: 0, beam: 4 });
    const [expected, found] = [
      await exact.rank(asQueries(pictures, BYTES), 70),
      await beam.rank(asQueries(pictures, BYTES), 4),
    ];
    found.forEach((answers, query) => {
      expect(new Set(answers.map(({ row }) => row)).size).toBe(4);
      for (const { row, score } of answers) {
        expect(score).toBeCloseTo(expected[query]?.find((answer) => answer.row === row)?.score as number, 4);
      }
    });
    await exact.close();
    await beam.close();
  });

  it.each([
    { zeroPadding: true, width: 3, attention: 'prefix', embedding: 'prefix', output: 'own' },
    { zeroPadding: false, width: 6, attention: 'causal', embedding: 'token', output: 'own' },
    { zeroPadding: false, width: 30, attention: 'prefix', embedding: 'token', output: 'shared' },
  ] as const)(
    'keeps at every depth the prefixes of a plain beam search: $width, padding $zeroPadding',
    async (options) => {
      const many = smallNetwork(1300, { seed: 7, ...options });
      const pictures = many.pictures(3);
      const exact = systemOf(many);
      const beam = systemOf(many, { exactUpTo: 0, beam: options.width });
      const all = await exact.rank(asQueries(pictures, BYTES), 1300);
      for (const together of [true, false]) {
        const queries = asQueries(pictures, BYTES);
        const found = together
          ? await beam.rank(queries, options.width)
          : (await Promise.all(queries.map((query) => beam.rank([query], options.width)))).flat();
        found.forEach((answers, query) => {
          const expected = plainBeam(many, all[query] ?? [], options.width);
          expect(answers.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
          for (const [i, { score }] of answers.entries()) expect(score).toBeCloseTo(expected[i]?.score as number, 4);
        });
      }
      await exact.close();
      await beam.close();
    },
  );

  it.each([1, 3, 7])('goes on from the prefixes of several runs of the network, with a beam of %i', async (width) => {
    // All words of seven digits 0 and 1: the network decodes three levels with the picture, then one in each of three runs.
    const words = Array.from({ length: 128 }, (_, i) => i.toString(2).padStart(7, '0'));
    const deep = smallNetwork(128, { seed: 11, identifiers: words, embedding: 'prefix', output: 'own' });
    const pictures = deep.pictures(4);
    const exact = systemOf(deep);
    const beam = systemOf(deep, { exactUpTo: 0, beam: width });
    const all = await exact.rank(asQueries(pictures, BYTES), 128);
    const found = await beam.rank(asQueries(pictures, BYTES), width);
    found.forEach((answers, query) => {
      const expected = plainBeam(deep, all[query] ?? [], width);
      expect(answers.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
      for (const [i, { score }] of answers.entries()) expect(score).toBeCloseTo(expected[i]?.score as number, 4);
    });
    await exact.close();
    await beam.close();
  });

  it('is for catalogues of more than `exactUpTo` pictures', async () => {
    const queries = asQueries(network.pictures(40), BYTES);
    const firsts = async (exactUpTo: number) => {
      const system = systemOf(network, { exactUpTo, beam: 1 });
      const answers = await system.rank(queries, 1);
      await system.close();
      return answers.map(([answer]) => answer?.row);
    };
    const best = await firsts(5000);
    expect(await firsts(70)).toEqual(best);
    // A beam of one prefix misses some.
    expect(await firsts(69)).not.toEqual(best);
  });

  it('leaves the field to exhaustive scoring when more answers are wanted than it can hold', async () => {
    const beam = systemOf(network, { exactUpTo: 0, beam: 4 });
    const [answers = []] = await beam.rank(asQueries(network.pictures(1), BYTES), 70);
    expect(new Set(answers.map(({ row }) => row)).size).toBe(70);
    await beam.close();
  });
});

describe('the system', () => {
  it('memorises the catalogue, and is called dsi', async () => {
    const system = systemOf(smallNetwork(3));
    expect([system.name, system.memorises]).toEqual(['dsi', true]);
    await system.close();
  });

  it('is certain of the only picture of a catalogue', async () => {
    for (const exactUpTo of [0, 10]) {
      const network = smallNetwork(1);
      const system = systemOf(network, { exactUpTo, beam: 5 });
      expect(await system.rank(asQueries(network.pictures(2), BYTES), 5)).toEqual([
        [{ row: 1, score: 0 }],
        [{ row: 1, score: 0 }],
      ]);
      await system.close();
    }
  });

  it('asks for the parameters of a network in training at every call', async () => {
    const network = smallNetwork(20);
    const other = smallNetwork(20, { seed: 2 });
    const { geometry, table } = network;
    const queries = asQueries(network.pictures(2), BYTES);
    let current = network.parameters;
    const search = { exactUpTo: 5000, beam: 20 };
    const system = new DsiSystem({ runtime, geometry, table, search, parameters: () => current });
    const built = (parameters: Float32Array) => systemOf({ ...network, parameters });
    for (const parameters of [network.parameters, other.parameters]) {
      current = parameters;
      const fixed = built(parameters);
      const [expected, found] = [await fixed.rank(queries, 20), await system.rank(queries, 20)];
      expect(found.map((answers) => answers.map(({ row }) => row))).toEqual(
        expected.map((answers) => answers.map(({ row }) => row)),
      );
      expect(found[0]?.[0]?.score).toBeCloseTo(expected[0]?.[0]?.score as number, 4);
      await fixed.close();
    }
    await system.close();
  });

  it('reads the embeddings of an encoder where its network does', async () => {
    // Pictures through an identity encoder: their bytes as P tokens of C numbers.
    const { geometry: pixels, ...network } = smallNetwork(20);
    const geometry: Geometry = { ...pixels, input: 'embeddings', channels: 192 };
    const parameters = initialParameters(dsiParameters(geometry), Random.seeded(4)).map((value) => 3 * value);
    const asked: number[] = [];
    const embed = async (queries: readonly PictureQuery[]) => {
      asked.push(queries.length);
      return Float32Array.from(queries.flatMap((query) => [...query.pixels]));
    };
    const backbone: FrozenBackbone = { embed };
    const options = { runtime, geometry, table: network.table, search: { exactUpTo: 5000, beam: 20 }, parameters };
    const system = new DsiSystem({ ...options, backbone });
    const pictures = network.pictures(33);
    const together = await system.rank(asQueries(pictures, BYTES), 3);
    expect(asked).toEqual([32, 1]);
    const rows = (answers: readonly Answer[] | undefined) => answers?.map(({ row }) => row);
    for (const i of [0, 31, 32]) {
      const [alone] = await system.rank(asQueries(pictures.subarray(i * BYTES, (i + 1) * BYTES), BYTES), 3);
      expect(rows(alone)).toEqual(rows(together[i]));
    }
    expect(new Set(together.map((answers) => String(rows(answers)))).size).toBeGreaterThan(1);
    await system.close();
    await expect(new DsiSystem(options).rank(asQueries(pictures, BYTES), 3)).rejects.toThrow('there is none');
  });
});

describe('the sizes of batches', () => {
  it.each([
    [1, [1]],
    [2, [2]],
    [3, [4]],
    [5, [4, 1]],
    [7, [8]],
    [11, [8, 4]],
    [23, [16, 8]],
    [24, [32]],
    [45, [32, 16]],
  ])('for %i queries are %j', (queries, expected) => {
    const sizes: number[] = [];
    for (let left = queries; left > 0; left -= sizes.at(-1) as number) sizes.push(batchFor(left, FINE_BATCHES));
    expect(sizes).toEqual(expected);
  });

  it.each([
    [1, 1],
    [3, 2],
    [7, 4],
    [8, 8],
    [31, 16],
    [40, 32],
  ])('of %i queries that wait, %i fill one', (waiting, filled) => {
    expect(fillingBatch(waiting, FINE_BATCHES)).toBe(filled);
  });

  it('of less than the smallest are not full', () => {
    expect(fillingBatch(3, [4, 8])).toBe(3);
  });

  it('do not multiply where there are only a single one and many', () => {
    expect([1, 2, 3, 31, 32, 33].map((queries) => batchFor(queries, [1, 32]))).toEqual([1, 1, 32, 32, 32, 32]);
  });

  it('are the only one there is, for fewer queries and for more', () => {
    expect([1, 31, 32, 33, 100].map((queries) => batchFor(queries, [32]))).toEqual([32, 32, 32, 32, 32]);
  });

  it('are filled up from three quarters on, or where more than two of the smaller would be needed', () => {
    expect([8, 9].map((queries) => batchFor(queries, [4, 32]))).toEqual([4, 32]);
    expect([23, 24].map((queries) => batchFor(queries, [16, 32]))).toEqual([16, 32]);
  });

  it('do not change answers', async () => {
    const network = smallNetwork(40);
    const queries = asQueries(network.pictures(7), BYTES);
    const [coarse, fine] = [systemOf(network), systemOf(network, { exactUpTo: 5000, beam: 20 }, [...FINE_BATCHES])];
    const [expected, found] = [await coarse.rank(queries, 5), await fine.rank(queries, 5)];
    found.forEach((answers, query) => {
      answers.forEach(({ row, score }, i) => {
        expect(row).toBe(expected[query]?.[i]?.row);
        expect(score).toBeCloseTo(expected[query]?.[i]?.score as number, 4);
      });
    });
    await coarse.close();
    await fine.close();
  });
});
