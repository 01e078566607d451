import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bm25Index } from '../models/bm25/bm25.ts';
import { partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { topK } from '../query/answers.ts';
import { Bm25System } from './bm25-system.ts';
import { asQueries } from './queries.fixture.ts';

/** A catalogue picture and a query with each caption; the names are numbers, which are no texts. */
const storeOf = (captions: readonly string[]) =>
  partsOf(
    captions.flatMap((caption, i): StoredPicture[] => {
      const picture = { labels: [], captions: [caption] };
      const [row, id] = [2 * i, 2 * i];
      return [
        { ...picture, row, id, path: `${row}.png`, role: 'catalogue' },
        { ...picture, row: row + 1, id: id + 1, path: `${row + 1}.png`, role: 'test' },
      ];
    }),
  );

describe('the bm25 baseline', () => {
  const store = storeOf(['a red dog', 'a dog and a dog', 'two cats', 'a red barn', 'snow']);

  it('ranks the catalogue by the terms that are shared, then the rest by row with the score 0', async () => {
    const system = new Bm25System(store);
    const [answers = [], none = []] = await system.rank(
      ['Red dog', 'zebra'].map((text) => ({ kind: 'text', text })),
      10,
    );
    expect(answers.map(({ row }) => row)).toEqual([0, 2, 6, 4, 8]);
    expect(answers.map(({ score }) => score > 0)).toEqual([true, true, true, false, false]);
    expect(none).toEqual([0, 2, 4, 6, 8].map((row) => ({ row, score: 0 })));
    expect(system.rankTexts(['Red dog', 'zebra'], 10)).toEqual([answers, none]);
    expect(system.rankTexts(['Red dog'], 4)).toEqual([answers.slice(0, 4)]);
    expect(system.rankTexts([], 4)).toEqual([]);
  });

  it('reads labels and file names as well', () => {
    const [picture] = storeOf(['']).catalogue as [StoredPicture];
    const catalogue = [
      { ...picture, path: 'a/WinterMorning.jpg', labels: ['fire_truck'] },
      { ...picture, row: 5, path: 'IMG_0001.jpg' },
    ];
    const system = new Bm25System({ catalogue });
    for (const text of ['truck', 'morning']) {
      expect(system.rankTexts([text], 2)[0]?.map(({ row, score }) => [row, score > 0])).toEqual([
        [0, true],
        [5, false],
      ]);
    }
    expect(system.rankTexts(['img'], 1)).toEqual([[{ row: 0, score: 0 }]]);
  });

  it('answers again after it was closed, and to nothing but text', async () => {
    const system = new Bm25System(store);
    const before = system.rankTexts(['barn'], 2);
    await system.close();
    expect(system.rankTexts(['barn'], 2)).toEqual(before);
    const refused = system.rank(asQueries(new Uint8Array(3), 3), 1);
    await expect(refused).rejects.toThrow(RangeError);
  });

  it('gives the first k of the whole ranking, for every k', () => {
    const caption = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(
        fc.array(caption, { maxLength: 20 }),
        caption,
        fc.integer({ min: 1, max: 25 }),
        (captions, query, k) => {
          const { documents, scores } = new Bm25Index(captions.map((text) => [text])).scores(query);
          const dense = captions.map((_, i) => ({ row: 2 * i, score: scores[documents.indexOf(i)] ?? 0 }));
          expect(new Bm25System(storeOf(captions)).rankTexts([query], k)).toEqual([topK(dense, k)]);
        },
      ),
    );
  });
});
