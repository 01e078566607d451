import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { PrefixTable, type StoredPrefixes } from './prefix-table.ts';

const { bos, eos } = numeric.vocabulary;
const spelled = (identifier: string): number[] => [...numeric.toTokens(identifier), eos];

/** By its definition: the empty prefix, and every prefix whose next shorter one begins several identifiers. */
function comparable(identifiers: readonly string[]): Set<string> {
  const beginning = (prefix: readonly number[]): number =>
    identifiers.filter((each) => prefix.every((token, i) => spelled(each)[i] === token)).length;
  const found = new Set(['']);
  for (const each of identifiers) {
    const tokens = spelled(each);
    for (let length = 1; length <= tokens.length; length++)
      if (beginning(tokens.slice(0, length - 1)) > 1) found.add(tokens.slice(0, length).join(' '));
  }
  return found;
}

/** The row of every prefix that has one, by its tokens. */
function rowsByPrefix({ parents, tokens }: StoredPrefixes): Map<string, number> {
  const names: string[] = ['', ''];
  for (let row = 2; row < tokens.length; row++) names.push(`${names[parents[row] ?? NaN]} ${tokens[row]}`.trim());
  return new Map(names.slice(1).map((name, i) => [name, i + 1]));
}

function stored(table: PrefixTable): StoredPrefixes {
  if (table.stored === undefined) throw new RangeError('rows are prefixes here');
  return table.stored;
}

const tableOf = (identifiers: readonly string[]): PrefixTable =>
  PrefixTable.create(new Trie(numeric, identifiers), 'memory');
const names = fc.uniqueArray(fc.oneof(fc.nat(50), fc.nat(9999)).map(String), { minLength: 1, maxLength: 40 });

describe('the rows of a memory', () => {
  it('are one for every prefix that a query is compared with, and padding elsewhere', () => {
    fc.assert(
      fc.property(names, (identifiers) => {
        const table = tableOf(identifiers);
        const expected = comparable(identifiers);
        expect(new Set(rowsByPrefix(stored(table)).keys())).toEqual(expected);
        expect(table.size).toBe(expected.size + 1);
        const rows = rowsByPrefix(stored(table));
        for (let node = 0; node < table.trie.nodeCount; node++) {
          const prefix = table.trie.prefix(node).join(' ');
          expect(table.row(node)).toBe(rows.get(prefix) ?? table.paddingRow);
        }
      }),
    );
  });

  it('are stored with the row above each and its last token', () => {
    // Row 1 is the empty prefix. Then come 3 and 4, and the two children of 3: EOS and 1. Nothing branches below 4.
    expect(stored(tableOf(['3', '31', '40']))).toEqual({
      parents: Int32Array.of(-1, -1, 1, 1, 2, 2),
      tokens: Int32Array.of(-1, bos, 3, 4, ...[1, eos].sort((a, b) => a - b)),
    });
    expect(stored(tableOf(['45']))).toEqual({ parents: Int32Array.of(-1, -1), tokens: Int32Array.of(-1, bos) });
  });

  it('keep their numbers when identifiers are added', () => {
    fc.assert(
      fc.property(names, names, (first, second) => {
        const before = stored(tableOf(first));
        const all = [...new Set([...first, ...second])];
        const after = stored(PrefixTable.extend(new Trie(numeric, all), before, 'memory'));
        expect([...after.parents.subarray(0, before.parents.length)]).toEqual([...before.parents]);
        expect([...after.tokens.subarray(0, before.tokens.length)]).toEqual([...before.tokens]);
        expect(new Set(rowsByPrefix(after).keys())).toEqual(new Set([...comparable(first), ...comparable(all)]));
      }),
    );
  });

  it('are restored as they were, also where identifiers are gone', () => {
    fc.assert(
      fc.property(names, fc.nat(), (all, seed) => {
        const table = tableOf(all);
        const left = all.filter((_, i) => i === 0 || (i * 7 + seed) % 3 !== 0);
        const kept = PrefixTable.restore(new Trie(numeric, left), table.stored, 'memory');
        expect(kept.stored).toEqual(table.stored);
        const rows = rowsByPrefix(stored(table));
        for (let node = 0; node < kept.trie.nodeCount; node++) {
          const prefix = kept.trie.prefix(node).join(' ');
          expect(kept.row(node)).toBe(comparable(left).has(prefix) ? rows.get(prefix) : kept.paddingRow);
        }
      }),
    );
  });

  it('are refused for other identifiers, and where only decisions have rows', () => {
    const identifiers = ['0', '3', '31', '317', '42'];
    const more = new Trie(numeric, [...identifiers, '43']);
    expect(() => PrefixTable.restore(more, tableOf(identifiers).stored, 'memory')).toThrow('other identifiers');
    const trie = new Trie(numeric, identifiers);
    const deciding = PrefixTable.create(trie, 'prefix').stored;
    expect(() => PrefixTable.restore(trie, deciding, 'memory')).toThrow('other identifiers');
    expect(PrefixTable.restore(trie, deciding).stored).toEqual(deciding);
  });
});
