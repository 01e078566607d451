import { describe, expect, it } from 'vitest';
import type { Answer, SystemAnswers } from '../engine.ts';
import { foundNothing, groupsOf } from './relevance.ts';

const picture: Answer['picture'] = {
  id: 'a.0',
  name: '0.png',
  labels: [],
  role: 'catalogue',
  identifier: null,
  image: '',
  thumbnail: '',
};
const answers = (...relevances: (number | null)[]): Answer[] =>
  relevances.map((relevance, i) => ({ rank: i + 1, relevance, relevant: null, score: 0, picture }));
const result = (nothingFound: boolean, ...relevances: (number | null)[]): SystemAnswers => ({
  system: 'pixels',
  seconds: 0,
  none: null,
  nothingFound,
  answers: answers(...relevances),
});

describe('answers by their relevance', () => {
  it('are relevant from one half on, and keep their order', () => {
    const groups = groupsOf({ answers: answers(0.9, 0.4, 0.5, 0) });
    expect(groups?.relevant.map(({ rank }) => rank)).toEqual([1, 3]);
    expect(groups?.similar.map(({ rank }) => rank)).toEqual([2, 4]);
  });

  it('are not told apart where nothing is known of them', () => {
    expect(groupsOf({ answers: answers(null, null) })).toBeNull();
    expect(groupsOf({ answers: [] })).toBeNull();
  });

  it('are nothing where all that know anything found nothing', () => {
    expect(foundNothing({ results: [result(true, 0.1), result(true, 0.2)] })).toBe(true);
    expect(foundNothing({ results: [result(true, 0.1), result(false, null)] })).toBe(true);
    expect(foundNothing({ results: [result(true, 0.1), result(false, 0.9)] })).toBe(false);
    expect(foundNothing({ results: [result(false, null)] })).toBe(false);
    expect(foundNothing({ results: [] })).toBe(false);
  });
});
