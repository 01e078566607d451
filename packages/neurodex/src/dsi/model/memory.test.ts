import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { rowFor, writeRows } from './memory.ts';
import { PrefixTable } from './prefix-table.ts';

const D = 3;
const { eos } = numeric.vocabulary;
const spelled = (identifier: string): number[] => [...numeric.toTokens(identifier), eos];
const begins = (identifier: string, prefix: readonly number[]): boolean =>
  prefix.every((token, i) => spelled(identifier)[i] === token);

/** Identifiers over a catalogue whose rows and states are in some order of their own. */
function written(identifiers: readonly string[], seed: number) {
  const random = Random.seeded(seed);
  const N = identifiers.length;
  const places = random.shuffled(Array.from({ length: N }, (_, place) => place));
  // Every third row belongs to no catalogue picture.
  const catalogue = random.shuffled(places.map((_, i) => Math.floor(1.5 * i)));
  const states = Float32Array.from({ length: N * D }, () => random.normal());
  const placeOf = new Map(catalogue.map((row, i) => [row, places[i] ?? NaN]));
  const table = PrefixTable.create(new Trie(numeric, identifiers, catalogue), 'memory');
  const rows = writeRows(table, states, D, (row) => placeOf.get(row) ?? NaN);
  /** The mean state of the pictures whose identifiers begin like that. */
  const meanBelow = (prefix: readonly number[]): number[] => {
    const below = identifiers.flatMap((identifier, i) => (begins(identifier, prefix) ? [places[i] ?? NaN] : []));
    return Array.from(
      { length: D },
      (_, d) => below.reduce((sum, place) => sum + (states[place * D + d] ?? NaN), 0) / below.length,
    );
  };
  const row = (at: number): number[] => [...rows.subarray(at * D, (at + 1) * D)];
  const stateOf = (i: number): number[] => [...states.subarray((places[i] ?? NaN) * D, ((places[i] ?? NaN) + 1) * D)];
  return { table, rows, row, meanBelow, stateOf };
}

const apart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN))));

const numbers = fc.uniqueArray(fc.oneof(fc.nat(99), fc.nat(99_999)).map(String), { minLength: 1, maxLength: 60 });
const padded = numbers.map((all) => all.map((each) => each.padStart(5, '0')));

describe('the rows of a memory', () => {
  it('are the mean states of the pictures below each prefix, whatever the identifiers and their order', () => {
    fc.assert(
      fc.property(fc.oneof(numbers, padded), fc.nat(), (identifiers, seed) => {
        const { table, rows, row, meanBelow } = written(identifiers, seed);
        expect(rows.length).toBe(table.size * D);
        for (let node = 0; node < table.trie.nodeCount; node++) {
          // A node without a row stands for one picture, as the row does that is taken for it.
          expect(apart(row(rowFor(table, node)), meanBelow(table.trie.prefix(node)))).toBeLessThan(1e-5);
        }
        expect(row(table.paddingRow)).toEqual([0, 0, 0]);
      }),
    );
  });

  it('are the states themselves for whole identifiers, also where one begins another', () => {
    for (const identifiers of [['12', '123', '1', '45678'], ['7'], ['70', '7'], ['00', '01', '10']]) {
      const { table, row, stateOf } = written(identifiers, 5);
      for (const [i, identifier] of identifiers.entries()) {
        const leaf = table.trie.walk(spelled(identifier)) ?? NaN;
        expect(row(rowFor(table, leaf))).toEqual(stateOf(i));
      }
    }
  });
});

describe('the row for a node', () => {
  it('is its own, or that of the first node of the chain that leads to one picture', () => {
    const { table } = written(['12', '123', '45678'], 1);
    const nodeOf = (...prefix: readonly number[]): number => table.trie.walk(prefix) ?? NaN;
    const rowOf = (...prefix: readonly number[]): number => rowFor(table, nodeOf(...prefix));
    // Behind the root there is a choice, and one behind 12; 4 already says which picture it is.
    for (const prefix of [[], [1], [1, 2], [1, 2, eos], [1, 2, 3], [4]]) {
      expect(rowOf(...prefix)).toBe(table.row(nodeOf(...prefix)));
      expect(rowOf(...prefix)).not.toBe(table.paddingRow);
    }
    for (const prefix of [
      [4, 5],
      [4, 5, 6, 7, 8],
      [4, 5, 6, 7, 8, eos],
    ])
      expect(rowOf(...prefix)).toBe(rowOf(4));
    expect(rowOf(1, 2, 3, eos)).toBe(rowOf(1, 2, 3));
    const single = written(['45'], 1).table;
    for (let node = 0; node < single.trie.nodeCount; node++) expect(rowFor(single, node)).toBe(single.row(0));
  });
});
