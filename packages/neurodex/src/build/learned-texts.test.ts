import type { Role } from '@neurodex/datasets';
import { expect, it } from 'vitest';
import { partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { learnedTexts } from './learned-texts.ts';

const picture = (
  row: number,
  role: Role,
  labels: readonly string[],
  captions: readonly string[] = [],
): StoredPicture => ({
  row,
  id: row,
  path: `${row}.png`,
  labels,
  captions,
  role,
});

it('texts are learned from the catalogue, and from training queries that say something else', () => {
  const found = learnedTexts(
    partsOf([
      picture(0, 'catalogue', ['Red_Apple'], ['A  red apple', 'bad \u0007']),
      picture(1, 'train', ['red apple']),
      picture(2, 'catalogue', ['pear']),
      picture(3, 'train', ['pear'], ['On a table']),
      picture(4, 'test', ['plum']),
      picture(5, 'catalogue', []),
    ]),
  );
  expect(found).toEqual({
    texts: ['a red apple', 'red apple', 'pear', 'on a table'],
    pictures: [[0], [0], [1, 3], [3]],
    rows: [0, 2, 5, 3],
    unread: 1,
    withheld: 0,
  });
});

it('captions that are withheld are learned from no picture of the catalogue', () => {
  const captions = ['one', 'two', 'three', 'four'];
  const store = partsOf([picture(0, 'catalogue', ['red apple'], captions), picture(1, 'train', ['pear'], captions)]);
  const alone = learnedTexts({ ...store, queries: () => [] }, { share: 1, seed: 1 });
  expect([alone.withheld, alone.texts.length]).toEqual([3, 2]);
  expect(alone.texts[1]).toBe('red apple');
  // Training queries have all of theirs.
  const all = learnedTexts(store, { share: 1, seed: 1 });
  expect([all.withheld, new Set(all.texts)]).toEqual([3, new Set([...captions, 'red apple', 'pear'])]);
});
