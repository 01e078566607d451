import { float32, int32, Random, uint8 } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { numeric } from '../identifiers/numeric.ts';
import { Trie } from '../identifiers/trie.ts';
import type { IdentifierTable } from './objective.ts';
import { sampledObjective } from './sampled-objective.ts';
import { setObjective } from './set-objective.ts';

/** One node has one child, and EOS stands beside tokens. */
const identifiers = ['0', '3', '31', '317', '42', '420'];
const rows = identifiers.map((_, i) => 10 + i);
const trie = new Trie(numeric, identifiers, rows);
const { pad, eos, size: V } = numeric.vocabulary;
const M = 4;
const named = (embedding: 'token' | 'prefix'): IdentifierTable => ({
  table: PrefixTable.create(trie, embedding),
  length: M,
  identifiers: new Map(rows.map((row, i) => [row, identifiers[i] as string])),
});
const spelled = (identifier: string) => [...numeric.toTokens(identifier), eos];
/** Tokens with which identifiers go on behind a beginning. */
const goingOn = (prefix: string) =>
  new Set(
    identifiers.flatMap((each) =>
      each.startsWith(prefix) ? [each === prefix ? eos : Number(each[prefix.length])] : [],
    ),
  );
const random = () => Random.seeded(1);

describe.each(['token', 'prefix'] as const)('R identifiers as targets, an embedding for each %s', (embedding) => {
  const { table } = named(embedding);
  const [R, B] = [3, 2];
  const objective = sampledObjective(named(embedding), R, true);

  it('are PAD everywhere and allow everything before they are set', () => {
    const arrays = objective.allocate(B);
    expect(Object.values(arrays).map(({ length }) => length)).toEqual([R * M * B, R * M * B, R * M * B * V]);
    for (const array of Object.values(arrays)) array.fill(5 as never);
    objective.clear(arrays);
    expect(new Set(arrays.tokens as Int32Array)).toEqual(new Set([table.paddingRow]));
    expect(new Set(arrays.targets as Int32Array)).toEqual(new Set([pad]));
    expect(new Set(arrays.allowed as Uint8Array)).toEqual(new Set([1]));
  });

  it('stand one identifier after another in the column of their query', () => {
    const arrays = objective.allocate(B);
    objective.clear(arrays);
    objective.setTarget({ relevant: [13] }, arrays, 1, random());
    for (let r = 0; r < R; r++) {
      for (let place = 0; place < M; place++) {
        for (let b = 0; b < B; b++) {
          const at = (r * M + place) * B + b;
          const allowed = [...(arrays.allowed as Uint8Array).subarray(at * V, (at + 1) * V)];
          if (r > 0 || b === 0) {
            expect([arrays.tokens?.[at], arrays.targets?.[at]]).toEqual([table.paddingRow, pad]);
            expect(allowed).toEqual(Array(V).fill(1));
            continue;
          }
          // '317' takes all four places.
          expect(arrays.targets?.[at]).toBe(spelled('317')[place]);
          expect(arrays.tokens?.[at]).toBe(table.row(trie.walk(spelled('317').slice(0, place)) as number));
          const wanted = goingOn('317'.slice(0, place));
          expect(allowed).toEqual(Array.from({ length: V }, (_, token) => (wanted.has(token) ? 1 : 0)));
        }
      }
    }
  });

  it('are R of more relevant rows, and all of fewer', () => {
    const asked = (relevant: readonly number[]) => {
      const arrays = objective.allocate(1);
      objective.clear(arrays);
      objective.setTarget({ relevant }, arrays, 0, random());
      const targets = arrays.targets as Int32Array;
      return [0, 1, 2].map((r) => {
        const own = [...targets.subarray(r * M, (r + 1) * M)].filter((token) => token !== pad);
        return identifiers.findIndex((each) => String(spelled(each)) === String(own)) + 10;
      });
    };
    expect(asked([12, 10]).sort()).toEqual([10, 12, 9]);
    const three = asked(rows);
    expect(new Set(three).size).toBe(3);
    expect(three.every((row) => rows.includes(row))).toBe(true);
  });

  it('are inputs of the graph, the mask where the trie is to be masked', () => {
    expect(objective.inputs(5)).toEqual({
      tokens: int32(R * M, 5),
      targets: int32(R * M, 5),
      allowed: uint8(R * M, 5, V),
    });
    expect(sampledObjective(named(embedding), R, false).inputs(5)).toEqual({
      tokens: int32(R * M, 5),
      targets: int32(R * M, 5),
    });
  });
});

describe('a whole set as target', () => {
  const { table } = named('token');
  const objective = setObjective(named('token'));
  /** The nodes that branch with those above them, depth first: root, 3, 31, 4, 42. */
  const nodes = ['', '3', '31', '4', '42'];
  const B = 2;
  const shares = (b: number, ...wanted: Parameters<typeof objective.setTarget>[0][]) => {
    const arrays = objective.allocate(B);
    objective.clear(arrays);
    for (const target of wanted) objective.setTarget(target, arrays, b, random());
    return arrays.shares as Float32Array;
  };
  /** By definition: at each node that branches, the weight of the wanted identifiers that go on with each token. */
  const expected = (b: number, weights: ReadonlyMap<number, number>) =>
    Float32Array.from({ length: nodes.length * B * V }, (_, at) => {
      const [prefix, query, token] = [nodes[Math.floor(at / V / B)] as string, Math.floor(at / V) % B, at % V];
      if (query !== b || goingOn(prefix).size < 2) return 0;
      let sum = 0;
      for (const [row, weight] of weights) {
        const own = identifiers[row - 10] as string;
        if (own.startsWith(prefix) && spelled(own)[prefix.length] === token) sum = Math.fround(sum + weight);
      }
      return sum;
    });

  it('shares a weight of 1 among the relevant rows, at every node on their paths that branches', () => {
    expect(objective.inputs(B)).toEqual({ shares: float32(nodes.length, B, V) });
    for (const b of [0, 1]) {
      expect(shares(b, { relevant: [13] })).toEqual(expected(b, new Map([[13, 1]])));
      expect(shares(b, { relevant: rows.slice(0, 4) })).toEqual(
        expected(b, new Map(rows.slice(0, 4).map((row) => [row, 1 / 4]))),
      );
      expect(shares(b, { relevant: [] })).toEqual(expected(b, new Map()));
    }
  });

  it('gives a picture’s own identifier its weight, and the others the rest alike', () => {
    const target = { relevant: [11, 12, 15], self: { row: 12, weight: 0.5 } };
    expect(shares(1, target)).toEqual(
      expected(
        1,
        new Map([
          [11, 0.25],
          [12, 0.5],
          [15, 0.25],
        ]),
      ),
    );
  });

  it('is taken out again', () => {
    const arrays = { shares: shares(0, { relevant: rows }) };
    expect(arrays.shares.some((share) => share > 0)).toBe(true);
    objective.clear(arrays);
    expect(arrays.shares).toEqual(expected(0, new Map()));
  });

  it('is refused for identifiers that are not in the trie, or where nothing is to be decided', () => {
    const foreign = (identifier: string) => setObjective({ table, length: M, identifiers: new Map([[1, identifier]]) });
    expect(() => foreign('77')).toThrow(new RangeError('77 is not in the trie'));
    expect(() => foreign('420')).not.toThrow();
    const single = new Trie(numeric, ['7']);
    const alone = { table: PrefixTable.create(single, 'token'), length: 2, identifiers: new Map([[0, '7']]) };
    expect(() => setObjective(alone)).toThrow('a decision in the trie');
  });
});
