import { describe, expect, it } from 'vitest';
import type { Answer, Picture } from '../engine.ts';
import { relevantOf, SYSTEM_WORDS, SYSTEMS, systemsFor } from './systems.ts';

const answer = (rank: number, relevant: boolean | null): Answer => ({
  rank,
  relevant,
  relevance: null,
  score: 0,
  picture: {
    id: `a.${rank}`,
    name: `${rank}.png`,
    labels: [],
    role: 'catalogue',
    identifier: null,
    image: '',
    thumbnail: '',
  },
});

describe('the answers of a system in words', () => {
  it('count the relevant ones, where relevance is known', () => {
    expect(relevantOf([answer(1, true), answer(2, false), answer(3, true)])).toBe('2 of 3 relevant');
    expect(relevantOf([answer(1, false)])).toBe('0 of 1 relevant');
    expect(relevantOf([answer(1, null), answer(2, null)])).toBeNull();
    expect(relevantOf([])).toBeNull();
  });

  it('show every score as a share between 0 and 1', () => {
    expect(SYSTEM_WORDS.dsi.shareOf(Math.log(0.25))).toBeCloseTo(0.25, 12);
    expect([-0.5, 0.5, 1.0000001].map(SYSTEM_WORDS.bovw.shareOf)).toEqual([0, 0.5, 1]);
  });
});

describe('the systems of a query', () => {
  const index = { systems: ['dsi', 'pixels'], textSystems: ['dsi', 'bm25'] } as const;
  const picture = { kind: 'picture', picture: answer(1, null).picture satisfies Picture } as const;

  it('take pictures, words, or both together', () => {
    expect(systemsFor({ picture, text: '', minus: [] }, index)).toEqual(['dsi', 'pixels']);
    expect(systemsFor({ picture: null, text: 'red', minus: [] }, index)).toEqual(['dsi', 'bm25']);
    expect(systemsFor({ picture, text: 'red', minus: [] }, index)).toEqual(['dsi']);
    expect(systemsFor({ picture, text: '', minus: ['red'] }, index)).toEqual(['dsi']);
  });

  it('are those that there are words for', () => {
    expect([...SYSTEMS].sort()).toEqual(Object.keys(SYSTEM_WORDS).sort());
  });
});
