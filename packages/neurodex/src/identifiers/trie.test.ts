import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeIdentifier, identifierLength } from './encode.ts';
import { numeric } from './numeric.ts';
import { Trie } from './trie.ts';

const identifier = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 5 });
const identifierSets = fc.uniqueArray(identifier, { maxLength: 60 });
const EOS = numeric.vocabulary.eos;

describe('Trie', () => {
  test('finds every identifier and no other', () =>
    fc.assert(
      fc.property(identifierSets, fc.array(identifier), (identifiers, others) => {
        const trie = new Trie(numeric, identifiers);
        expect(trie.leafCount).toBe(identifiers.length);
        expect(trie.leaves().length).toBe(identifiers.length);
        identifiers.forEach((name, row) => {
          expect(trie.find(name)).toBe(row);
        });
        for (const other of others) {
          expect(trie.find(other)).toBe(identifiers.includes(other) ? identifiers.indexOf(other) : undefined);
        }
      }),
    ));

  test('the leaves spell the identifiers', () =>
    fc.assert(
      fc.property(identifierSets, (identifiers) => {
        const trie = new Trie(numeric, identifiers);
        const spelt = [...trie.leaves()].map((leaf) => [trie.row(leaf), trie.prefix(leaf)] as const);
        expect(new Map(spelt)).toEqual(
          new Map(identifiers.map((name, row) => [row, [...numeric.toTokens(name), EOS]] as const)),
        );
      }),
    ));

  test('any probability per branch makes a distribution over the leaves', () =>
    fc.assert(
      fc.property(identifierSets, fc.nat(), (identifiers, seed) => {
        fc.pre(identifiers.length > 0);
        const trie = new Trie(numeric, identifiers);
        const random = Random.seeded(seed);
        // Weights are drawn for branching nodes only: everywhere else the probability is 1.
        const edge = new Float64Array(trie.nodeCount).fill(1);
        for (const node of trie.branchingNodes()) {
          const children = trie.children(node).map((child) => ({ node: child.node, weight: random.uniform(0.01, 1) }));
          const total = children.reduce((sum, child) => sum + child.weight, 0);
          for (const child of children) edge[child.node] = child.weight / total;
        }
        let sum = 0;
        for (const leaf of trie.leaves()) {
          let probability = 1;
          for (let node = leaf; node !== 0; node = trie.parent(node)) probability *= edge[node] as number;
          sum += probability;
        }
        expect(sum).toBeCloseTo(1, 9);
      }),
    ));

  test('branching nodes are the prefixes with more than one continuation, breadth first', () =>
    fc.assert(
      fc.property(identifierSets, (identifiers) => {
        const trie = new Trie(numeric, identifiers);
        const continuations = new Map<string, Set<number>>();
        for (const name of identifiers) {
          const sequence = [...numeric.toTokens(name), EOS];
          sequence.forEach((token, i) => {
            const prefix = sequence.slice(0, i).join(' ');
            continuations.set(prefix, (continuations.get(prefix) ?? new Set()).add(token));
          });
        }
        const expected = [...continuations].filter(([, tokens]) => tokens.size > 1).map(([prefix]) => prefix);
        const found = trie.branchingNodes();
        expect([...found].map((node) => trie.prefix(node).join(' ')).sort()).toEqual(expected.sort());
        for (let i = 1; i < found.length; i++) {
          expect(trie.depth(found[i] as number)).toBeGreaterThanOrEqual(trie.depth(found[i - 1] as number));
        }
      }),
    ));

  test('a node decides where two identifiers or more begin with its prefix', () =>
    fc.assert(
      fc.property(identifierSets, (identifiers) => {
        const trie = new Trie(numeric, identifiers);
        const spelled = identifiers.map((name) => [...numeric.toTokens(name), EOS]);
        // Two that begin alike part somewhere behind: EOS ends only one of them.
        const beginning = (prefix: readonly number[]) =>
          spelled.filter((sequence) => prefix.every((token, i) => sequence[i] === token)).length;
        const expected = Array.from({ length: trie.nodeCount }, (_, node) =>
          beginning(trie.prefix(node)) > 1 ? 1 : 0,
        );
        expect([...trie.deciding()]).toEqual(expected);
      }),
    ));

  test('12 and 123 are told apart by EOS, children come in token order', () => {
    const trie = new Trie(numeric, ['123', '12', '7'], [30, 20, 10]);
    expect([trie.find('12'), trie.find('123'), trie.find('7')]).toEqual([20, 30, 10]);
    expect([trie.find('1'), trie.find('1234'), trie.find('07')]).toEqual([undefined, undefined, undefined]);
    expect(trie.children(0).map(({ token }) => token)).toEqual([1, 7]);
    const twelve = trie.walk([1, 2]) as number;
    expect(trie.children(twelve).map(({ token }) => token)).toEqual([3, EOS]);
    expect(trie.row(twelve)).toBeUndefined();
    expect([...trie.branchingNodes()]).toEqual([0, twelve]);
    expect(trie.depth(twelve)).toBe(2);
    expect(trie.maxDepth).toBe(4);
    const leaf = trie.child(twelve, EOS) as number;
    expect(trie.row(leaf)).toBe(20);
    expect(trie.parent(leaf)).toBe(twelve);
    expect(trie.token(leaf)).toBe(EOS);
    expect(trie.children(leaf)).toEqual([]);
    expect([trie.parent(0), trie.token(0), trie.depth(0)]).toEqual([-1, -1, 0]);
  });

  test('allowed tokens are the children along the targets, PAD after EOS', () =>
    fc.assert(
      fc.property(identifierSets, (identifiers) => {
        const trie = new Trie(numeric, identifiers);
        const M = identifierLength(numeric, identifiers);
        const V = numeric.vocabulary.size;
        for (const name of identifiers) {
          const { targets } = encodeIdentifier(numeric, name, M);
          const mask = trie.allowedTokens(targets);
          for (let i = 0; i < M; i++) {
            const prefix = name.slice(0, i);
            const allowed = new Set<number>();
            for (const other of identifiers) {
              if (i > name.length) allowed.add(numeric.vocabulary.pad);
              else if (other === prefix) allowed.add(EOS);
              else if (other.startsWith(prefix)) allowed.add(Number(other[i]));
            }
            const row = Array.from(mask.subarray(i * V, (i + 1) * V));
            expect(row).toEqual(Array.from({ length: V }, (_, token) => (allowed.has(token) ? 1 : 0)));
          }
        }
      }),
    ));

  test('allowed tokens overwrite a mask that is reused', () => {
    const trie = new Trie(numeric, ['1', '2']);
    const mask = new Uint8Array(2 * 13).fill(1);
    expect(trie.allowedTokens([1, EOS], mask)).toBe(mask);
    expect([...mask].flatMap((allowed, i) => (allowed === 1 ? [i] : []))).toEqual([1, 2, 13 + EOS]);
    expect(() => trie.allowedTokens([3, EOS])).toThrow('3 12 is not in the trie');
    expect(() => trie.allowedTokens([1, 3])).toThrow('1 3 is not in the trie');
    // The beginning of an identifier is enough.
    expect([...trie.allowedTokens([2])].flatMap((allowed, i) => (allowed === 1 ? [i] : []))).toEqual([1, 2]);
    expect(() => trie.allowedTokens([1], mask)).toThrow(RangeError);
  });

  test('one identifier has nothing to decide; none at all is an empty trie', () => {
    const single = new Trie(numeric, ['0']);
    expect(single.branchingNodes().length).toBe(0);
    expect(single.find('0')).toBe(0);
    const empty = new Trie(numeric, []);
    expect([empty.leafCount, empty.nodeCount, empty.find('0')]).toEqual([0, 1, undefined]);
  });

  test('nodes that it does not have are refused', () => {
    const trie = new Trie(numeric, ['1', '2']);
    expect(trie.nodeCount).toBe(5);
    for (const node of [-1, 5]) {
      expect(() => trie.token(node)).toThrow(RangeError);
      expect(() => trie.parent(node)).toThrow(RangeError);
      expect(() => trie.depth(node)).toThrow(RangeError);
      expect(() => trie.firstChild(node)).toThrow(RangeError);
      expect(() => trie.childCount(node)).toThrow(RangeError);
      expect(() => trie.row(node)).toThrow(RangeError);
    }
  });

  test('as many rows as identifiers are needed', () => {
    expect(() => new Trie(numeric, ['1', '2'], [7])).toThrow('2 identifiers, but 1 rows');
    expect(new Trie(numeric, ['1', '2'], [7, 0]).find('2')).toBe(0);
  });

  test('an identifier given twice is refused', () => {
    expect(() => new Trie(numeric, ['5', '12', '5'])).toThrowError(
      expect.objectContaining({ code: 'index-damaged', message: expect.stringContaining('identifier 5') }),
    );
  });

  test('100,000 identifiers are built in well under a second', () => {
    const identifiers = Random.seeded(1).shuffled(Array.from({ length: 100_000 }, (_, i) => String(i)));
    const started = performance.now();
    const trie = new Trie(numeric, identifiers);
    // About 0.2 s; the rest is for busy machines, and for mutants, which make it twenty times as slow.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(trie.find('99999')).toBe(identifiers.indexOf('99999'));
    // A root, a node per prefix 0 … 99999 and 01 … (none: no leading zeros), and a leaf for each number.
    expect(trie.nodeCount).toBe(1 + 100_000 + 100_000);
  });
});
