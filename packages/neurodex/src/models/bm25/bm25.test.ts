import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bm25Index } from './bm25.ts';

/** Scores as an object: document → score. */
const scoresOf = (documents: readonly (readonly string[])[], query: string): Record<number, number> => {
  const { documents: found, scores } = new Bm25Index(documents).scores(query);
  expect(found).toEqual(found.toSorted());
  return Object.fromEntries(Array.from(found, (document, i) => [document, scores[i] as number]));
};

describe('BM25', () => {
  // Lengths 3, 6, 2, 0 and 4 of N = 5 documents: a mean of 3.
  const corpus = [['a red dog'], ['Dog and dog,', 'dog and cat'], ['red cat'], [], ['four white grey mice']];
  const [k1, b, N, avdl] = [1.2, 0.75, 5, 3];

  it('is eq. 3.15 of Robertson & Zaragoza 2009 with the idf of Lucene', () => {
    const idf = (n: number) => Math.log(1 + (N - n + 0.5) / (n + 0.5));
    const part = (tf: number, dl: number) => tf / (k1 * (1 - b + b * (dl / avdl)) + tf);
    const scores = scoresOf(corpus, 'Red dog');
    expect(Object.keys(scores)).toEqual(['0', '1', '2']);
    // dog: n = 2, three times in document 1; red: n = 2.
    expect(scores[0]).toBeCloseTo(idf(2) * part(1, 3) + idf(2) * part(1, 3), 12);
    expect(scores[1]).toBeCloseTo(idf(2) * part(3, 6), 12);
    expect(scores[2]).toBeCloseTo(idf(2) * part(1, 2), 12);
    expect(scoresOf(corpus, 'mice')[4]).toBeCloseTo(idf(1) * part(1, 4), 12);
  });

  it('has these values, computed by hand', () => {
    // idf(2) = ln(1 + 3.5 / 2.5) = ln 2.4; at the mean length tf / (1.2 + tf) = 1 / 2.2.
    expect(scoresOf(corpus, 'red dog')[0]).toBeCloseTo((2 * 0.8754687373539) / 2.2, 12);
    // idf(1) = ln(1 + 4.5 / 1.5) = ln 4; 1.2 · (0.25 + 0.75 · 4 / 3) + 1 = 2.5.
    expect(scoresOf(corpus, 'mice')[4]).toBeCloseTo(1.3862943611199 / 2.5, 12);
  });

  it('counts a term of the query as often as it occurs', () => {
    const [once, twice] = [scoresOf(corpus, 'cat'), scoresOf(corpus, 'cat Cat')];
    for (const document of [1, 2]) expect(twice[document]).toBe(2 * (once[document] as number));
  });

  it('finds nothing for unknown words, for none, and in an index of none', () => {
    for (const query of ['zebra', '', '…']) expect(scoresOf(corpus, query)).toEqual({});
    expect(scoresOf([], 'red')).toEqual({});
    expect(scoresOf([[], ['']], 'red')).toEqual({});
  });

  it('gives a term that every document has a score above 0', () => {
    expect(scoresOf([['dog'], ['dog'], ['dog dog']], 'dog')[0]).toBeGreaterThan(0);
  });

  it('starts anew with each query, whether it finds few documents or many', () => {
    const many = new Bm25Index(Array.from({ length: 100 }, (_, i) => [i % 50 === 7 ? 'rare common' : 'common word']));
    const [rare, common] = [many.scores('rare'), many.scores('common')];
    expect([...rare.documents]).toEqual([7, 57]);
    expect(common.documents).toHaveLength(100);
    expect(many.scores('rare')).toEqual(rare);
    expect(many.scores('common')).toEqual(common);
  });
});

describe('whatever the documents and the query, BM25', () => {
  const words = ['a', 'b', 'c', 'd', 'été', '犬'];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((list) => list.join(' '));
  const documents = fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 12 });
  const terms = fc.array(fc.constantFrom(...words, 'unknown'), { maxLength: 5 });
  const has = (document: readonly string[], query: readonly string[]) =>
    document.some((field) => field.split(' ').some((word) => query.includes(word)));

  it('scores those documents that share a term, and each above 0', () => {
    fc.assert(
      fc.property(documents, terms, (corpus, query) => {
        const scores = scoresOf(corpus, query.join(' '));
        const sharing = corpus.flatMap((document, i) => (has(document, query) ? [String(i)] : []));
        expect(Object.keys(scores)).toEqual(sharing);
        for (const score of Object.values(scores)) expect(score).toBeGreaterThan(0);
      }),
    );
  });

  it('gives the same scores for a query in another order', () => {
    const orders = terms.chain((query) =>
      fc.tuple(fc.constant(query), fc.shuffledSubarray(query, { minLength: query.length, maxLength: query.length })),
    );
    fc.assert(
      fc.property(documents, orders, (corpus, [query, other]) => {
        expect(scoresOf(corpus, other.join(' '))).toEqual(scoresOf(corpus, query.join(' ')));
      }),
    );
  });

  it('gives equal documents equal scores, however their texts are parted into fields', () => {
    fc.assert(
      fc.property(documents, fc.array(text, { maxLength: 3 }), terms, (corpus, document, query) => {
        const scores = scoresOf([document, ...corpus, [document.join(' ')]], query.join(' '));
        expect(scores[corpus.length + 1]).toBe(scores[0]);
      }),
    );
  });

  it('keeps the order for one term when a document without it, of the mean length, is added', () => {
    // The mean length stays, so the length factors do; the idf of the term changes, by the same factor for all.
    const sameLength = fc.array(fc.array(fc.constantFrom(...words), { minLength: 4, maxLength: 4 }), { minLength: 1 });
    fc.assert(
      fc.property(sameLength, fc.constantFrom(...words), (corpus, term) => {
        const before = scoresOf(corpus, term);
        const after = scoresOf([...corpus, ['other', 'words', 'of', 'four']], term);
        const order = (scores: Record<number, number>) =>
          Object.keys(scores).sort(
            (x, y) => Number(scores[Number(y)]) - Number(scores[Number(x)]) || Number(x) - Number(y),
          );
        expect(order(after)).toEqual(order(before));
        for (const [document, score] of Object.entries(before)) {
          expect(after[Number(document)]).toBeGreaterThan(score);
        }
      }),
    );
  });
});
