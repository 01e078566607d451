import { describe, expect, it } from 'vitest';
import type { Answer } from '../engine.ts';
import { relevantOf, SYSTEM_WORDS } from './systems.ts';

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
