import type { Role } from '@neurodex/datasets';
import { describe, expect, it } from 'vitest';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { judgedCaptions, judgedRelevance, unlearnedCaptions } from './judged-captions.ts';
import { askableCaptions } from './text-relevance.ts';

type Row = readonly [role: Role, labels: readonly string[], captions?: readonly string[]];

const storeOf = (rows: readonly Row[], hasClasses: boolean): PictureStore => ({
  size: 1,
  hasClasses,
  notices: [],
  skipped: [],
  pixels: new Uint8Array(rows.length * 3),
  ...noThumbnail,
  ...partsOf(
    rows.map(([role, labels, captions = []], row): StoredPicture => {
      return { row, id: row, path: `${row}.png`, labels, role, captions };
    }),
  ),
});

describe('captions that probabilities are fitted to', () => {
  const store = storeOf(
    [
      ['catalogue', ['dog'], ['a dog runs', 'a dog']],
      ['train', ['cat'], ['a cat']],
      ['validation', ['dog'], ['A DOG', 'a hound', 'a  hound']],
      ['validation', ['cat'], ['a cat', 'dog', 'a kitten', '']],
      ['test', ['dog'], ['a puppy']],
    ],
    true,
  );
  const withholding = { share: 1, seed: 3 };

  it('are those of the pictures of a split where pictures have labels', () => {
    expect(judgedRelevance(store)).toBe('shared');
    const texts = (split: 'validation' | 'test') =>
      judgedCaptions({ store, withholding, split }).map(({ text, relevant }) => [text, [...relevant]]);
    expect(texts('validation')).toEqual([
      ['A DOG', [0]],
      ['a hound', [0]],
      ['a cat', []],
      ['dog', []],
      ['a kitten', []],
    ]);
    expect(texts('test')).toEqual([['a puppy', [0]]]);
  });

  it('count as learned where the catalogue or training says the same, also as a label', () => {
    const captions = judgedCaptions({ store, withholding: { share: 0, seed: 3 }, split: 'validation' });
    expect(unlearnedCaptions(captions, { store, withholding: { share: 0, seed: 3 } })).toBe(2);
    expect(unlearnedCaptions([], { store, withholding })).toBe(0);
  });

  it('are halves of what was withheld where they have none, the same halves of every caption', () => {
    const rows = Array.from({ length: 200 }, (_, i): Row => ['catalogue', [], [`caption ${i}`, `other ${i % 50}`]]);
    const flat = storeOf(rows, false);
    const half = { share: 0.9, seed: 3 };
    expect(judgedRelevance(flat)).toBe('captioned');
    const of = (split: 'validation' | 'test') =>
      judgedCaptions({ store: flat, withholding: half, split }).map(({ name }) => name);
    const all = askableCaptions({ store: flat, withholding: half, split: 'test' }, 'captioned').get('captioned');
    const [validation, test] = [of('validation'), of('test')];
    expect([...validation, ...test].sort()).toEqual(all?.queries.map(({ name }) => name).sort());
    expect(new Set([...validation, ...test]).size).toBe(validation.length + test.length);
    expect(Math.min(validation.length, test.length)).toBeGreaterThan(0.3 * (all?.queries.length ?? NaN));
    // A caption of several pictures is in one half.
    const textsOf = (names: readonly string[]) =>
      new Set(all?.queries.filter(({ name }) => names.includes(name)).map(({ text }) => text));
    const texts = textsOf(test);
    for (const text of textsOf(validation)) expect(texts.has(text)).toBe(false);
    expect(judgedCaptions({ store: flat, withholding: { share: 0, seed: 3 }, split: 'validation' })).toEqual([]);
  });
});
