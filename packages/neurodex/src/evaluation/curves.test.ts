import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { CurveTally, RECALL_LEVELS } from './curves.ts';
import type { EvaluationQuery } from './queries.ts';
import { parseMeasure } from './registry.ts';

const query = (relevant: readonly number[]): EvaluationQuery => ({
  kind: 'picture',
  name: 'q',
  pixels: new Uint8Array(),
  thumbnail: () => noThumbnail.thumbnail(0),
  relevant: new Set(relevant),
});
const ranking = (rows: readonly number[]) => ({
  rows: Int32Array.from(rows),
  scores: Float64Array.from(rows, (_, i) => -i),
});

describe('curves', () => {
  test('by hand: relevant at ranks 1, 3 and 6 of six', () => {
    const tally = new CurveTally(6);
    tally.add(query([0, 2, 5]), ranking([0, 1, 2, 3, 4, 5]));
    // Recall 1/3 at precision 1, 2/3 at 2/3, 1 at 1/2. Two of three make 0.7 for trec_eval: ⌊0.7·3 + 0.9⌋ in float64 is 2.
    const third = [1, 1, 1, 1];
    expect(tally.curves().precision).toEqual([...third, 2 / 3, 2 / 3, 2 / 3, 2 / 3, 1 / 2, 1 / 2, 1 / 2]);
    expect(tally.curves().recall).toEqual(
      [1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3, 1].map((recall, i) => ({ k: i + 1, recall: expect.closeTo(recall, 12) })),
    );
  });

  test('means over queries, those without a relevant picture passed over', () => {
    const tally = new CurveTally(2);
    tally.add(query([0]), ranking([0, 1]));
    tally.add(query([0]), ranking([1, 0]));
    tally.add(query([]), ranking([1, 0]));
    expect(tally.curves().precision).toEqual(RECALL_LEVELS.map(() => 0.75));
    expect(tally.curves().recall).toEqual([
      { k: 1, recall: 0.5 },
      { k: 2, recall: 1 },
    ]);
    expect(new CurveTally(2).curves().precision).toEqual(RECALL_LEVELS.map(() => 0));
  });

  test('recall at K is the measure R@K, and ends at the last answer', () => {
    const rankings = fc.tuple(
      fc.shuffledSubarray(
        Array.from({ length: 40 }, (_, i) => i),
        { minLength: 40 },
      ),
      fc.uniqueArray(fc.nat(39), { minLength: 1 }),
    );
    fc.assert(
      fc.property(rankings, ([rows, relevant]) => {
        const tally = new CurveTally(40);
        tally.add(query(relevant), ranking(rows));
        const { recall, precision } = tally.curves();
        const judged = { ranking: rows.map(String), grades: new Map(relevant.map((row) => [String(row), 1])) };
        for (const point of recall) {
          const { measure, cutoff } = parseMeasure(`R@${point.k}`);
          expect(point.recall).toBeCloseTo(measure.compute(judged, cutoff), 9);
        }
        expect(recall.at(-1)).toEqual({ k: 40, recall: expect.closeTo(1, 9) });
        for (let i = 1; i < precision.length; i++) {
          expect(precision[i]).toBeLessThanOrEqual(precision[i - 1] as number);
        }
        expect(precision.at(-1)).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });
});
