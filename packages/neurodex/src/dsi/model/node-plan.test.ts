import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { type NodePlan, planNodes, planTop, slotsFor } from './node-plan.ts';

/**
 * Breadth first: 0 root; 1 «1», 2 «2»; 3 «1 1», 4 «1 2», 5 «2 3»; 6 «1 1 EOS», 7 «1 2 EOS», 8 «2 3 4», 9 «2 3 5»; 10, 11 EOS.
 * The root, 1 and 5 branch; 2 lies above 5.
 */
const trie = new Trie(numeric, ['11', '12', '234', '235']);
const { bos, pad } = numeric.vocabulary;

/** For each slot the slots that it sees. */
const seenBy = ({ nodes, layout }: NodePlan) =>
  Array.from(nodes, (_, i) => [...nodes.keys()].filter((j) => layout.sees(i, j)));

describe('planNodes', () => {
  it('puts all into one plan where the slots suffice; a slot sees itself and what lies above it', () => {
    const plans = planNodes(trie, 6);
    expect(plans).toHaveLength(1);
    const [plan] = plans as [NodePlan];
    expect([...plan.nodes]).toEqual([0, 1, 2, 5, -1, -1]);
    expect([...plan.tokens]).toEqual([bos, 1, 2, 3, pad, pad]);
    expect(plan.layout.places).toEqual([0, 1, 1, 2, 0, 0]);
    expect(seenBy(plan)).toEqual([[0], [0, 1], [0, 2], [0, 2, 3], [4], [5]]);
    // Node 2 has one child: it is there to be seen only.
    expect(plan.read).toEqual([0, 1, 3]);
  });

  it('begins another plan, with the same ancestors, where they do not; one that fits exactly is not divided', () => {
    expect(planNodes(trie, 4)).toHaveLength(1);
    const plans = planNodes(trie, 3);
    expect(plans.map(({ nodes }) => [...nodes])).toEqual([
      [0, 1, -1],
      [0, 2, 5],
    ]);
    expect(plans.map(({ read }) => read)).toEqual([[0, 1], [2]]);
    expect(plans.map(seenBy)).toEqual([
      [[0], [0, 1], [2]],
      [[0], [0, 1], [0, 1, 2]],
    ]);
  });

  it('refuses fewer slots than a path needs', () => {
    expect(() => planNodes(trie, 2)).toThrow(RangeError);
  });

  it('has nothing to plan where nothing branches', () => {
    expect(planNodes(new Trie(numeric, ['7']), 4)).toEqual([]);
  });
});

describe('slotsFor', () => {
  it('counts the branching nodes with all above them, up to a limit', () => {
    expect(slotsFor(trie, 100)).toBe(4);
    expect(slotsFor(trie, 5)).toBe(4);
    expect(slotsFor(trie, 4)).toBe(4);
    // The deepest identifier has three digits and EOS: fewer slots than that would hold no path.
    expect(slotsFor(trie, 3)).toBe(4);
    expect(slotsFor(trie, 1)).toBe(4);
    expect(slotsFor(new Trie(numeric, ['7']), 100)).toBe(1);
    const wide = new Trie(
      numeric,
      Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')),
    );
    expect([slotsFor(wide, 100), slotsFor(wide, 11), slotsFor(wide, 7)]).toEqual([11, 11, 7]);
  });
});

describe('planTop', () => {
  const top = (most: number) => planTop(trie, trie.deciding(), most);

  it('takes whole levels of what decides, as long as they fit', () => {
    const all = top(4);
    expect([...all.plan.nodes]).toEqual([0, 1, 2, 5]);
    expect([all.depth, all.plan.read]).toEqual([2, [0, 1, 2, 3]]);
    const two = top(3);
    expect([[...two.plan.nodes], two.depth, two.plan.read]).toEqual([[0, 1, 2], 1, [0, 1, 2]]);
    expect(seenBy(two.plan)).toEqual([[0], [0, 1], [0, 2]]);
    const root = top(2);
    expect([[...root.plan.nodes], root.depth]).toEqual([[0], 0]);
  });
});
