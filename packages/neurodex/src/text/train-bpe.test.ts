import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BYTE_CHARACTERS, byteTokens, countPieces } from './pieces.ts';
import type { Merge } from './tokenizer-file.ts';
import { trainTokenizer } from './train-bpe.ts';

const repeated = (words: Readonly<Record<string, number>>): string[] =>
  Object.entries(words).flatMap(([word, count]) => Array.from({ length: count }, () => word));

/** The merges by definition: every pair is counted anew before each merge. */
function mergesByDefinition(texts: readonly string[], vocabulary: number, minimum: number): Merge[] {
  const tokens = [...BYTE_CHARACTERS];
  const merges: Merge[] = [];
  let pieces = [...countPieces(texts)].map(([piece, weight]) => ({ ids: [...byteTokens(piece)], weight }));
  while (tokens.length < vocabulary) {
    const counts = new Map<string, { pair: [number, number]; count: number }>();
    for (const { ids, weight } of pieces) {
      for (let i = 1; i < ids.length; i++) {
        const pair: [number, number] = [ids[i - 1] ?? -1, ids[i] ?? -1];
        const count = (counts.get(pair.join())?.count ?? 0) + weight;
        counts.set(pair.join(), { pair, count });
      }
    }
    const [best] = [...counts.values()]
      .filter(({ count }) => count >= minimum)
      .sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1]);
    if (best === undefined) break;
    const [first, second] = best.pair;
    const merged = tokens.push(`${tokens[first]}${tokens[second]}`) - 1;
    merges.push([tokens[first] ?? '', tokens[second] ?? '']);
    pieces = pieces.map(({ ids, weight }) => {
      const out: number[] = [];
      for (let i = 0; i < ids.length; i++) {
        if (ids[i] === first && ids[i + 1] === second) {
          out.push(merged);
          i++;
        } else out.push(ids[i] ?? -1);
      }
      return { ids: out, weight };
    });
  }
  return merges;
}

describe('byte pairs', () => {
  it('are merged as in the example of Sennrich et al., ties by the smaller ids', () => {
    const { model } = trainTokenizer(repeated({ low: 5, lower: 2, newest: 6, widest: 3 }), { vocabulary: 1000 });
    const merges = [
      'e s',
      'es t',
      'l o',
      'lo w',
      'e w',
      'n ew',
      'new est',
      'd est',
      'i dest',
      'w idest',
      'e r',
      'low er',
    ];
    expect(model.merges.map((merge) => merge.join(' '))).toEqual(merges);
    expect(Object.keys(model.vocab).length).toBe(256 + merges.length);
    for (const [i, [left, right]] of model.merges.entries()) expect(model.vocab[`${left}${right}`]).toBe(256 + i);
  });

  it('are merged from left to right where they overlap', () => {
    const { model } = trainTokenizer(['aaaaa'], { vocabulary: 1000 });
    // a a a a a has the pair four times; (aa)(aa)a has no pair twice.
    expect(model.merges).toEqual([['a', 'a']]);
    expect(trainTokenizer(['aaaaa'], { vocabulary: 1000, minimum: 1 }).model.merges).toEqual([
      ['a', 'a'],
      ['aa', 'a'],
      ['aa', 'aaa'],
    ]);
  });

  it('are those of bytes, within words and never across a space or a sign', () => {
    expect(trainTokenizer(['é é'], { vocabulary: 1000 }).model.merges).toEqual([['Ã', '©']]);
    expect(trainTokenizer(['a b a b', 'a-b a-b', 'a,b a,b'], { vocabulary: 1000 }).model.merges).toEqual([]);
    expect(trainTokenizer(['a1 a1'], { vocabulary: 1000 }).model.merges).toEqual([['a', '1']]);
  });

  it('have to occur as often as was said', () => {
    const texts = repeated({ ab: 3, cd: 2, ef: 1 });
    const merged = (minimum: number): string[] =>
      trainTokenizer(texts, { vocabulary: 1000, minimum }).model.merges.map((merge) => merge.join(''));
    expect(merged(1)).toEqual(['ab', 'cd', 'ef']);
    expect(merged(2)).toEqual(['ab', 'cd']);
    expect(merged(3)).toEqual(['ab']);
    expect(merged(4)).toEqual([]);
  });

  it('are merged until there are as many tokens as was said', () => {
    const texts = repeated({ ab: 3, cd: 2 });
    for (const vocabulary of [256, 257, 258, 259]) {
      const { vocab } = trainTokenizer(texts, { vocabulary }).model;
      expect(Object.keys(vocab).length).toBe(Math.min(vocabulary, 258));
    }
  });

  it('are those that counting anew before each merge finds', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 14 });
    const corpus = fc.array(word, { maxLength: 12 });
    fc.assert(
      fc.property(
        corpus,
        fc.integer({ min: 256, max: 290 }),
        fc.integer({ min: 1, max: 3 }),
        (texts, size, minimum) => {
          const { model } = trainTokenizer(texts, { vocabulary: size, minimum });
          expect(model.merges).toEqual(mergesByDefinition(texts, size, minimum));
          expect(new Set(Object.values(model.vocab))).toEqual(
            new Set(Array.from({ length: 256 + model.merges.length }, (_, i) => i)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('do not depend on the order of the texts', () => {
    const corpus = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '漢', ' ', '-'), maxLength: 20 }));
    fc.assert(
      fc.property(corpus, fc.infiniteStream(fc.nat()), (texts, keys) => {
        const shuffled = texts.map((text) => ({ text, key: keys.next().value ?? 0 })).sort((a, b) => a.key - b.key);
        const options = { vocabulary: 300 };
        const trained = JSON.stringify(trainTokenizer(texts, options));
        expect(
          JSON.stringify(
            trainTokenizer(
              shuffled.map(({ text }) => text),
              options,
            ),
          ),
        ).toBe(trained);
        expect(JSON.stringify(trainTokenizer(texts.toReversed(), options))).toBe(trained);
      }),
    );
  });
});

describe('a tokenizer of no texts', () => {
  it('has one token for each byte, by code point', () => {
    for (const texts of [[], [''], ['   ']]) {
      const { model } = trainTokenizer(texts, { vocabulary: 8192 });
      expect(model.merges).toEqual([]);
      expect(Object.entries(model.vocab).sort((a, b) => a[1] - b[1])).toEqual(
        BYTE_CHARACTERS.map((token, id) => [token, id]),
      );
    }
    expect(BYTE_CHARACTERS.slice(0, 3)).toEqual(['!', '"', '#']);
    expect(BYTE_CHARACTERS.slice(187, 190)).toEqual(['ÿ', 'Ā', 'ā']);
    expect(BYTE_CHARACTERS.at(-1)).toBe('Ń');
    expect([...byteTokens(' !é')].map((id) => BYTE_CHARACTERS[id])).toEqual(['Ġ', '!', 'Ã', '©']);
  });
});

describe('what cannot be trained', () => {
  it.each([255, 65_537, 300.5, Number.NaN])('a vocabulary of %d', (vocabulary) => {
    expect(() => trainTokenizer([], { vocabulary })).toThrow(RangeError);
  });

  it.each([0, -1, 1.5])('pairs that occur %d times', (minimum) => {
    expect(() => trainTokenizer([], { vocabulary: 300, minimum })).toThrow(RangeError);
  });
});
