import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeIdentifier } from '../../identifiers/encode.ts';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { PrefixTable, type StoredPrefixes } from './prefix-table.ts';

const identifiers = ['0', '3', '31', '317', '42', '420', '421', '5', '58', '599'];
const targets = (identifier: string) => encodeIdentifier(numeric, identifier, 4).targets;
const { bos, pad, size: V } = numeric.vocabulary;

describe('the rows of prefixes', () => {
  test('are the tokens themselves where tokens have embeddings', () => {
    const table = PrefixTable.create(new Trie(numeric, identifiers), 'token');
    expect(table.size).toBe(V);
    for (const identifier of identifiers) {
      const { inputs } = encodeIdentifier(numeric, identifier, 4);
      expect([...table.rowsBefore(targets(identifier))]).toEqual([...inputs]);
    }
    expect(table.row(0)).toBe(bos);
    expect(table.paddingRow).toBe(pad);
    expect(table.stored).toBeUndefined();
  });

  test('are one for every prefix behind which something is decided, and padding elsewhere', () => {
    const trie = new Trie(numeric, identifiers);
    const table = PrefixTable.create(trie, 'prefix');
    const rowOf = (prefix: string) => table.row(trie.walk([...prefix].map(Number)) as number);
    // 4 and 59 have one child; behind 4 there is a choice, behind 59 there is none.
    expect(['', '3', '31', '4', '42', '5'].map(rowOf).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rowOf('59')).toBe(table.paddingRow);
    expect(table.size).toBe(7);
    expect([...table.rowsBefore(targets('317'))]).toEqual([rowOf(''), rowOf('3'), rowOf('31'), 0]);
    expect([...table.rowsBefore(targets('0'))]).toEqual([rowOf(''), 0, 0, 0]);
  });

  test('are stored with the row above each and its last token', () => {
    const { stored } = PrefixTable.create(new Trie(numeric, ['0', '3', '31', '32']), 'prefix');
    // Row 1 is the empty prefix, row 2 the prefix 3: behind 0, 31 and 32 nothing is decided.
    expect(stored).toEqual({ parents: Int32Array.of(-1, -1, 1), tokens: Int32Array.of(-1, bos, 3) });
  });

  test('are refused for identifiers that are not in the trie, and for other identifiers than they were made for', () => {
    const table = PrefixTable.create(new Trie(numeric, identifiers), 'prefix');
    expect(() => table.rowsBefore(targets('77'))).toThrow('not in the trie');
    expect(() => table.row(1000)).toThrow('no node 1000');
    expect(() => table.row(-1)).toThrow(RangeError);
    expect(() => table.row(table.trie.nodeCount)).toThrow(RangeError);
    const more = new Trie(numeric, [...identifiers, '7', '70']);
    expect(() => PrefixTable.restore(more, table.stored)).toThrow('other identifiers');
  });
});

/** The row of every prefix that has one, by its tokens. */
function rowsByPrefix({ parents, tokens }: StoredPrefixes): Map<string, number> {
  const names: string[] = [''];
  for (let row = 1; row < tokens.length; row++) {
    const parent = parents[row] as number;
    names.push(parent === -1 ? 'BOS' : `${names[parent]} ${tokens[row]}`);
  }
  return new Map(names.slice(1).map((name, i) => [name, i + 1]));
}

const names = fc.uniqueArray(fc.nat(9999).map(String), { minLength: 2, maxLength: 60 });

describe('a prefix keeps its row for life', () => {
  test('identifiers that are added append rows and renumber none', () => {
    fc.assert(
      fc.property(names, names, (first, second) => {
        const before = PrefixTable.create(new Trie(numeric, first), 'prefix').stored as StoredPrefixes;
        const all = [...new Set([...first, ...second])];
        const after = PrefixTable.extend(new Trie(numeric, all), before);
        const stored = after.stored as StoredPrefixes;
        expect([...stored.parents.subarray(0, before.parents.length)]).toEqual([...before.parents]);
        expect([...stored.tokens.subarray(0, before.tokens.length)]).toEqual([...before.tokens]);
        const rows = rowsByPrefix(stored);
        for (const [prefix, row] of rowsByPrefix(before)) expect(rows.get(prefix)).toBe(row);
        expect(new Set(rows.values()).size).toBe(rows.size);
        // As many new ones as a network over all identifiers would have had beyond the old ones.
        const fresh = rowsByPrefix(PrefixTable.create(new Trie(numeric, all), 'prefix').stored as StoredPrefixes);
        for (const prefix of fresh.keys()) expect(rows.has(prefix)).toBe(true);
        expect(rows.size).toBe(new Set([...fresh.keys(), ...rowsByPrefix(before).keys()]).size);
      }),
    );
  });

  test('identifiers that are removed leave the rows of the others as they are', () => {
    fc.assert(
      fc.property(names, fc.nat(), (all, seed) => {
        const trie = new Trie(numeric, all);
        const table = PrefixTable.create(trie, 'prefix');
        const left = all.filter((_, i) => (i * 7 + seed) % 3 !== 0);
        if (left.length === 0) return;
        const smaller = new Trie(numeric, left);
        const kept = PrefixTable.restore(smaller, table.stored);
        for (let node = 0; node < smaller.nodeCount; node++) {
          const row = kept.row(node);
          if (row !== kept.paddingRow) expect(row).toBe(table.row(trie.walk(smaller.prefix(node)) as number));
        }
        expect(kept.size).toBe(table.size);
      }),
    );
  });
});
