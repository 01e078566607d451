import { Random } from '@neurodex/autograd';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IDENTIFIER_ORDERS } from '../config.ts';
import { encodeIdentifier, identifierLength } from './encode.ts';
import type { IdentifierScheme, Nameable, SchemeOptions } from './scheme.ts';
import { Trie } from './trie.ts';

const catalogues: fc.Arbitrary<Nameable[]> = fc
  .array(fc.array(fc.constantFrom('cat', 'dog', 'é', ''), { maxLength: 3 }), { maxLength: 130 })
  .map((all) => all.map((labels, position) => ({ path: `${labels[0] ?? 'none'}/${position}.png`, labels })));

const optionSets: fc.Arbitrary<SchemeOptions> = fc.record({
  order: fc.constantFrom(...IDENTIFIER_ORDERS),
  zeroPadding: fc.boolean(),
});

/**
 * What every identifier scheme promises.
 * @param given what else the scheme needs to name so many pictures: vectors, for one
 */
export function schemeContract(
  scheme: IdentifierScheme,
  given: (count: number, random: Random) => Partial<SchemeOptions> = () => ({}),
): void {
  const { vocabulary } = scheme;
  const assign = async (catalogue: Nameable[], options: SchemeOptions, seed: number): Promise<string[]> =>
    await scheme.assign(
      catalogue,
      { ...options, ...given(catalogue.length, Random.stream(seed, 'given')) },
      Random.seeded(seed),
    );
  const check = (holds: (catalogue: Nameable[], identifiers: string[], options: SchemeOptions) => void) =>
    fc.assert(
      fc.asyncProperty(catalogues, optionSets, fc.nat(), async (catalogue, options, seed) => {
        holds(catalogue, await assign(catalogue, options, seed), options);
      }),
      { numRuns: 60 },
    );

  describe(`identifier scheme ${scheme.name}`, () => {
    test('has three special tokens, all different and inside the vocabulary', () => {
      const special = [vocabulary.bos, vocabulary.pad, vocabulary.eos];
      expect(new Set(special).size).toBe(3);
      for (const token of special) expect(token >= 0 && token < vocabulary.size).toBe(true);
    });

    test('names N entries with N distinct identifiers', () =>
      check((catalogue, identifiers) => {
        expect(identifiers.length).toBe(catalogue.length);
        expect(new Set(identifiers).size).toBe(catalogue.length);
        expect(identifiers.every((identifier) => typeof identifier === 'string' && identifier !== '')).toBe(true);
      }));

    test('gives the same names for the same random state and leaves the catalogue as it was', () =>
      fc.assert(
        fc.asyncProperty(catalogues, optionSets, fc.nat(), async (catalogue, options, seed) => {
          const before = structuredClone(catalogue);
          const first = await assign(catalogue, options, seed);
          expect(await assign(catalogue, options, seed)).toEqual(first);
          expect(catalogue).toEqual(before);
        }),
        { numRuns: 30 },
      ));

    test('writes identifiers in ordinary tokens, and reads them back', () =>
      check((_, identifiers) => {
        const special = new Set([vocabulary.bos, vocabulary.pad, vocabulary.eos]);
        for (const identifier of identifiers) {
          const tokens = scheme.toTokens(identifier);
          for (const token of tokens) {
            expect(Number.isInteger(token) && token >= 0 && token < vocabulary.size).toBe(true);
            expect(special.has(token)).toBe(false);
          }
          expect(scheme.fromTokens(tokens)).toBe(identifier);
        }
      }));

    test('pads to one length when asked', () =>
      check((_, identifiers, options) => {
        const lengths = new Set(identifiers.map((identifier) => scheme.toTokens(identifier).length));
        if (options.zeroPadding) expect(lengths.size).toBeLessThanOrEqual(1);
      }));

    test('gives identifiers that a trie tells apart and that fit into M', () =>
      check((_, identifiers) => {
        const trie = new Trie(scheme, identifiers);
        const M = identifierLength(scheme, identifiers);
        identifiers.forEach((identifier, row) => {
          expect(trie.find(identifier)).toBe(row);
          expect(encodeIdentifier(scheme, identifier, M).targets).toContain(vocabulary.eos);
        });
      }));
  });
}
