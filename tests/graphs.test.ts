import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type GraphCost, graphCosts } from './graphs.ts';

/** `npm run docs` writes it: what a change makes of the graphs is seen in its diff. */
const expected = JSON.parse(readFileSync(new URL('graphs.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, GraphCost>
>;

describe('what the graphs cost', () => {
  const costs = graphCosts();

  it('is known of every preset', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(costs));
  });

  describe.each(Object.keys(costs))('%s', (preset) => {
    it.each(Object.keys(costs[preset] ?? {}))(
      '%s is as tests/graphs.json says (npm run docs writes it anew)',
      (graph) => {
        expect(costs[preset]?.[graph]).toEqual(expected[preset]?.[graph]);
      },
    );
  });
});
