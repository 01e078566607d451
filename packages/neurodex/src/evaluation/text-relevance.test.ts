import type { Role } from '@neurodex/datasets';
import { describe, expect, it } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { withheldCaptions } from '../pictures/withheld-captions.ts';
import { askableCaptions } from './text-relevance.ts';

type Row = readonly [role: Role, labels: readonly string[], captions?: readonly string[]];

const storeOf = (rows: readonly Row[], hasClasses = true): PictureStore => ({
  size: 1,
  hasClasses,
  notices: [],
  skipped: [],
  pixels: new Uint8Array(rows.length * 3),
  ...noThumbnail,
  ...partsOf(
    rows.map(([role, labels, captions], row): StoredPicture => {
      const picture = { row, id: row, path: `${row}.png`, labels, role };
      return captions === undefined ? picture : { ...picture, captions };
    }),
  ),
});
const ALL = { share: 1, seed: 5 };
const NOTHING = { share: 0, seed: 5 };
const split = 'test' as const;

const store = storeOf([
  ['catalogue', ['dog'], ['A dog runs', 'a dog', 'the dog plays']],
  ['catalogue', ['cat', 'dog'], ['a cat', 'a cat and a dog', ' \t', 'bad \u0007']],
  ['test', ['dog'], ['  A  dog on grass', 'a DOG on grass', '', 'dogs']],
  ['test', ['emu'], ['an emu']],
  ['validation', ['cat'], ['a kitten']],
  ['train', ['cat'], ['a cat']],
]);

describe('shared', () => {
  it('asks the captions of the split, to which all pictures with a label of theirs are relevant', () => {
    const found = askableCaptions({ store, withholding: NOTHING, split }, 'shared').get('shared');
    expect(found).toEqual({
      queries: [
        { kind: 'text', name: '2.png#caption-1', text: 'A dog on grass', relevant: new Set([0, 1]) },
        { kind: 'text', name: '2.png#caption-4', text: 'dogs', relevant: new Set([0, 1]) },
        { kind: 'text', name: '3.png#caption-1', text: 'an emu', relevant: new Set() },
      ],
      unreadable: 1,
      learned: 0,
    });
    const others = askableCaptions({ store, withholding: NOTHING, split: 'validation' }).get('shared');
    expect(others?.queries.map(({ name, relevant }) => [name, [...relevant]])).toEqual([['4.png#caption-1', [1]]]);
  });

  it('is refused without labels, and without captions in the split', () => {
    const flat = storeOf([['catalogue', [], ['a', 'b']]], false);
    expect(() => askableCaptions({ store: flat, withholding: NOTHING, split }, 'shared')).toThrow(
      expect.objectContaining({ code: 'usage', message: 'the pictures of this index have no labels to share' }),
    );
    const silent = storeOf([
      ['catalogue', ['dog'], ['a', 'b']],
      ['test', ['dog'], []],
    ]);
    expect(() => askableCaptions({ store: silent, withholding: NOTHING, split }, 'shared')).toThrow(
      'no picture of the split test has a caption',
    );
    const unreadable = storeOf([['test', ['dog'], ['', '\u0007']]]);
    expect(() => askableCaptions({ store: unreadable, withholding: NOTHING, split }, 'shared')).toThrow(
      'no caption of the split test can be searched with: 2 are empty or no text',
    );
  });
});

describe('captioned', () => {
  it('asks withheld captions, to which the pictures that they are of are relevant', () => {
    const found = askableCaptions({ store, withholding: ALL, split }, 'captioned').get('captioned');
    const first = withheldCaptions(store.rows[0] as StoredPicture, ALL);
    const second = withheldCaptions(store.rows[1] as StoredPicture, ALL);
    expect([first.size, second.size]).toEqual([2, 1]);
    const expected = ['a dog runs', 'a dog', 'the dog plays'].flatMap((text, i) =>
      first.has(text) ? [[`0.png#caption-${i + 1}`, text, [0]]] : [],
    );
    // 'a cat' is learned from a training query, should it be withheld.
    if (second.has('a cat and a dog')) expected.push(['1.png#caption-2', 'a cat and a dog', [1]]);
    expect(found?.queries.map(({ name, text, relevant }) => [name, text.toLowerCase(), [...relevant]])).toEqual(
      expected,
    );
    expect(found).toMatchObject({ unreadable: 2, learned: second.has('a cat') ? 1 : 0 });
  });

  it('finds all pictures that a caption is withheld of, and asks none that some picture still says', () => {
    const said = ['on a beach', 'a wave', 'surfing', 'in the sea'];
    const rows: Row[] = [
      ['catalogue', [], said],
      ['catalogue', [], said.toReversed()],
    ];
    const both = askableCaptions({ store: storeOf(rows, false), withholding: ALL, split }).get('captioned');
    expect(both?.queries).toHaveLength(6);
    for (const { relevant } of both?.queries ?? []) expect(relevant).toEqual(new Set([0, 1]));
    const withheld = [...withheldCaptions(storeOf(rows).rows[0] as StoredPicture, ALL)];
    const [as = '', asLabel = '', left = ''] = withheld;
    const more: Row[] = [...rows, ['train', [], [as.toUpperCase()]], ['catalogue', [asLabel.replaceAll(' ', '_')]]];
    const fewer = askableCaptions({ store: storeOf(more), withholding: ALL, split }, 'captioned').get('captioned');
    expect(fewer?.learned).toBe(4);
    expect(new Set(fewer?.queries.map(({ text }) => text))).toEqual(new Set([left]));
  });

  it('is refused where nothing is withheld, and says what to do', () => {
    const refused = (withholding: { share: number; seed: number }, of = store) => {
      try {
        askableCaptions({ store: of, withholding, split }, 'captioned');
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(refused(NOTHING)).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no caption of this index is withheld'),
      hint: expect.stringContaining('--set text.withheld=0.2'),
    });
    expect(refused(ALL, storeOf([['catalogue', [], ['one']]]))).toMatchObject({
      message: 'text.withheld is 1, and no caption is withheld: one caption of each picture always stays',
    });
    const again = storeOf([
      ['catalogue', [], ['a', 'b']],
      ['train', ['x'], ['a', 'b']],
    ]);
    expect(refused(ALL, again)).toMatchObject({ message: expect.stringContaining('each of the 1 captions') });
    expect(refused(ALL, storeOf([['catalogue', ['a']]]))).toMatchObject({
      message: 'no picture of this index has a caption',
      hint: expect.stringContaining('--queries picture'),
    });
  });

  it('and shared are asked both where both have captions, and refused together', () => {
    expect([...askableCaptions({ store, withholding: ALL, split }).keys()]).toEqual(['captioned', 'shared']);
    const catalogue = storeOf([['catalogue', ['dog'], ['a', 'b']]]);
    expect(() => askableCaptions({ store: catalogue, withholding: NOTHING, split })).toThrow(
      'no caption of this index is withheld: every caption of its catalogue was learned; no picture of the split test has a caption',
    );
  });
});
