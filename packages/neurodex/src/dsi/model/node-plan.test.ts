import { describe, expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { type NodePlan, planNodes, planTop, positionsFor } from './node-plan.ts';
import { PrefixTable } from './prefix-table.ts';

/**
 * Breadth first: 0 root; 1 «1», 2 «2»; 3 «1 1», 4 «1 2», 5 «2 3»; 6 «1 1 EOS», 7 «1 2 EOS», 8 «2 3 4», 9 «2 3 5»; 10, 11 EOS.
 * The root, 1 and 5 branch; 2 lies above 5.
 */
const trie = new Trie(numeric, ['11', '12', '234', '235']);
const table = PrefixTable.create(trie, 'token');
const { bos, pad } = numeric.vocabulary;

/** For each position the positions that it attends to. */
const attendedBy = ({ nodes, layout }: NodePlan) =>
  Array.from(nodes, (_, i) => [...nodes.keys()].filter((j) => layout.attends(i, j)));

describe('planNodes', () => {
  it('puts all into one plan where the positions suffice; a position attends to itself and what lies above it', () => {
    const plans = planNodes(table, 6);
    expect(plans).toHaveLength(1);
    const [plan] = plans as [NodePlan];
    expect([...plan.nodes]).toEqual([0, 1, 2, 5, -1, -1]);
    expect([...plan.tokens]).toEqual([bos, 1, 2, 3, pad, pad]);
    expect(plan.layout.places).toEqual([0, 1, 1, 2, 0, 0]);
    expect(attendedBy(plan)).toEqual([[0], [0, 1], [0, 2], [0, 2, 3], [4], [5]]);
    // Node 2 has one child: it is there to be attended to only.
    expect(plan.read).toEqual([0, 1, 3]);
  });

  it('begins another plan, with the same ancestors, where they do not; one that fits exactly is not divided', () => {
    expect(planNodes(table, 4)).toHaveLength(1);
    const plans = planNodes(table, 3);
    expect(plans.map(({ nodes }) => [...nodes])).toEqual([
      [0, 1, -1],
      [0, 2, 5],
    ]);
    expect(plans.map(({ read }) => read)).toEqual([[0, 1], [2]]);
    expect(plans.map(attendedBy)).toEqual([
      [[0], [0, 1], [2]],
      [[0], [0, 1], [0, 1, 2]],
    ]);
  });

  it('refuses fewer positions than a path needs', () => {
    expect(() => planNodes(table, 2)).toThrow(RangeError);
  });

  it('has nothing to plan where nothing branches', () => {
    expect(planNodes(PrefixTable.create(new Trie(numeric, ['7']), 'token'), 4)).toEqual([]);
  });
});

describe('positionsFor', () => {
  it('counts the branching nodes with all above them, up to a limit', () => {
    expect(positionsFor(trie, 100)).toBe(4);
    expect(positionsFor(trie, 5)).toBe(4);
    expect(positionsFor(trie, 4)).toBe(4);
    // The deepest identifier has three digits and EOS: fewer positions than that would hold no path.
    expect(positionsFor(trie, 3)).toBe(4);
    expect(positionsFor(trie, 1)).toBe(4);
    expect(positionsFor(new Trie(numeric, ['7']), 100)).toBe(1);
    const wide = new Trie(
      numeric,
      Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')),
    );
    expect([positionsFor(wide, 100), positionsFor(wide, 11), positionsFor(wide, 7)]).toEqual([11, 11, 7]);
  });
});

describe('planTop', () => {
  const top = (most: number) => planTop(table, trie.deciding(), most);

  it('takes whole levels of what decides, as long as they fit', () => {
    const all = top(4);
    expect([...all.plan.nodes]).toEqual([0, 1, 2, 5]);
    expect([all.depth, all.plan.read]).toEqual([2, [0, 1, 2, 3]]);
    const two = top(3);
    expect([[...two.plan.nodes], two.depth, two.plan.read]).toEqual([[0, 1, 2], 1, [0, 1, 2]]);
    expect(attendedBy(two.plan)).toEqual([[0], [0, 1], [0, 2]]);
    const root = top(2);
    expect([[...root.plan.nodes], root.depth]).toEqual([[0], 0]);
  });
});
