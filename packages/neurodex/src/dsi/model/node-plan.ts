import { defined } from '@neurodex/core';
import type { Trie } from '../../identifiers/trie.ts';
import type { TokenLayout } from './attention-mask.ts';
import type { PrefixTable } from './prefix-table.ts';

/** Trie nodes decoded at once in exhaustive scoring; more would cost memory and save nothing. */
export const EXACT_POSITIONS = 512;

/** Trie nodes whose outputs are computed together, behind one encoded query. */
export interface NodePlan {
  /** Trie node of each position; a parent stands before its children. −1: an empty position. */
  readonly nodes: Int32Array;
  /** int32 [T]: the row of the network's tables at each position (`PrefixTable.row`). */
  readonly tokens: Int32Array;
  readonly layout: TokenLayout;
  /** Positions whose logits this plan is computed for; the others are there to be attended to. */
  readonly read: readonly number[];
}

/**
 * The nodes that branch, with everything above them, in as many plans as `count` demands (depth first, so that a
 * plan's nodes share their ancestors). A node with one child decides nothing and need not be read.
 * @param count T, positions per plan; at least the depth of the trie
 */
export function planNodes(table: PrefixTable, count: number): NodePlan[] {
  const { trie } = table;
  const plans: NodePlan[] = [];
  let members = new Map<number, number>();
  let wanted: number[] = [];
  const close = () => {
    if (wanted.length > 0)
      plans.push(
        makePlan(
          table,
          [...members.keys()],
          wanted.map((node) => defined(members.get(node), 'the position of a node')),
          count,
        ),
      );
    members = new Map();
    wanted = [];
  };
  for (const node of depthFirst(trie)) {
    const missing = (): number[] => chain(trie, node).filter((above) => !members.has(above));
    if (members.size + missing().length > count) close();
    for (const above of missing()) members.set(above, members.size);
    if (members.size > count) throw new RangeError(`${count} positions do not hold a path of the trie`);
    wanted.push(node);
  }
  close();
  return plans;
}

/** Positions for all branching nodes at once, or `most` if they are more. */
export function positionsFor(trie: Trie, most: number): number {
  const all = new Set<number>();
  for (const node of trie.branchingNodes()) {
    for (const above of chain(trie, node)) all.add(above);
    if (all.size >= most) return Math.max(most, trie.maxDepth);
  }
  return Math.max(1, all.size);
}

/**
 * The root and the levels below it, as long as no more than `most` nodes have a decision to make or lie on the way to one:
 * what every search over the trie begins with.
 * @param decides 1 for the nodes that branch or lie above one that does (`Trie.deciding`)
 */
export function planTop(
  table: PrefixTable,
  decides: Uint8Array,
  most: number,
): { readonly plan: NodePlan; readonly depth: number } {
  const { trie } = table;
  const members: number[] = [0];
  let depth = 0;
  for (let level = members; ; depth++) {
    const below = level.flatMap((node) =>
      trie.children(node).flatMap((child) => (decides[child.node] ? child.node : [])),
    );
    if (below.length === 0 || members.length + below.length > most) break;
    members.push(...below);
    level = below;
  }
  const read = members.map((_, position) => position);
  return { plan: makePlan(table, members, read, members.length), depth };
}

/** The node and all above it, root first. */
function chain(trie: Trie, node: number): number[] {
  const out: number[] = [];
  for (let at = node; at >= 0; at = trie.parent(at)) out.push(at);
  return out.reverse();
}

function* depthFirst(trie: Trie): Generator<number> {
  const stack = [0];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const count = trie.childCount(node);
    if (count >= 2) yield node;
    for (let i = count - 1; i >= 0; i--) stack.push(trie.firstChild(node) + i);
  }
}

function makePlan(table: PrefixTable, members: readonly number[], read: readonly number[], count: number): NodePlan {
  const { trie } = table;
  const nodes = new Int32Array(count).fill(-1);
  nodes.set(members);
  const positionOf = new Map(members.map((node, position) => [node, position]));
  const attended = new Set<number>();
  nodes.forEach((node, position) => {
    if (node < 0) attended.add(position * count + position);
    else
      for (const above of chain(trie, node))
        attended.add(position * count + defined(positionOf.get(above), 'the position of a node'));
  });
  return {
    nodes,
    tokens: Int32Array.from(nodes, (node) => (node < 0 ? table.paddingRow : table.row(node))),
    layout: {
      places: Array.from(nodes, (node) => (node < 0 ? 0 : trie.depth(node))),
      attends: (i, j) => attended.has(i * count + j),
    },
    read,
  };
}
