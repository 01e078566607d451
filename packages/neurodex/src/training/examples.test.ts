import { describe, expect, it } from 'vitest';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { indexingExamples, retrievalQueries, selfQueries } from './examples.ts';
import { tinyCatalogue } from './tiny-catalogue.fixture.ts';

// Rows 0 and 1 are catalogue pictures of the first class, 2 and 3 its training queries; 6 to 9 those of the second.
const { store } = tinyCatalogue(2);
const rowsOf = (examples: readonly { picture: StoredPicture }[]) => examples.map(({ picture }) => picture.row);

describe('training queries', () => {
  it('ask for what is relevant, in the order of the store; those without anything are left out', () => {
    const relevance = ({ row }: StoredPicture) => new Set(row === 8 ? [] : row < 6 ? [1, 0] : [7]);
    const examples = retrievalQueries(store, relevance);
    expect(rowsOf(examples)).toEqual([2, 3, 9]);
    expect(examples.map(({ task, relevant, self }) => [task, relevant, self])).toEqual([
      ['retrieval', [1, 0], undefined],
      ['retrieval', [1, 0], undefined],
      ['retrieval', [7], undefined],
    ]);
  });
});

describe('catalogue pictures', () => {
  it('are each asked for their own identifier', () => {
    const examples = indexingExamples(store);
    expect(rowsOf(examples)).toEqual([0, 1, 6, 7]);
    expect(examples.map(({ task, relevant }) => [task, relevant])).toEqual(
      [0, 1, 6, 7].map((row) => ['indexing', [row]]),
    );
  });

  it('as queries are asked for what is relevant; their own has its weight from above an equal share on', () => {
    const relevance = () => new Set([0, 1, 6, 7]);
    const weights = (weight?: number) => selfQueries(store, relevance, weight).map(({ self }) => self);
    expect(weights()).toEqual([undefined, undefined, undefined, undefined]);
    expect(weights(0.25)).toEqual([undefined, undefined, undefined, undefined]);
    expect(weights(0.26)).toEqual([0, 1, 6, 7].map((row) => ({ row, weight: 0.26 })));
    const [first] = selfQueries(store, relevance, 0.5);
    expect(first).toEqual({
      picture: store.rows[0],
      task: 'retrieval',
      relevant: [0, 1, 6, 7],
      self: { row: 0, weight: 0.5 },
    });
    expect(selfQueries(store, () => new Set([1]), 1).map((example) => 'self' in example)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
