import type { Trie } from '../../identifiers/trie.ts';
import type { TokenLayout } from './network.ts';

/** Trie nodes whose outputs are computed together, behind one encoded picture. */
export interface NodePlan {
  /** Trie node of each slot; a parent stands before its children. −1: an empty slot. */
  readonly nodes: Int32Array;
  /** int32 [T]: what each slot shows (`Trie.shown`). */
  readonly tokens: Int32Array;
  readonly layout: TokenLayout;
  /** Slots whose logits this plan is computed for; the others are there to be seen by them. */
  readonly read: readonly number[];
}

/**
 * The nodes that branch, with everything above them, in as many plans as `slots` demands (depth first, so that a
 * plan's nodes share their ancestors). A node with one child decides nothing and need not be read.
 * @param slots T, slots per plan; at least the depth of the trie
 */
export function planNodes(trie: Trie, slots: number): NodePlan[] {
  const plans: NodePlan[] = [];
  let members = new Map<number, number>();
  let wanted: number[] = [];
  const close = () => {
    if (wanted.length > 0)
      plans.push(
        makePlan(
          trie,
          [...members.keys()],
          wanted.map((node) => members.get(node) as number),
          slots,
        ),
      );
    members = new Map();
    wanted = [];
  };
  for (const node of depthFirst(trie)) {
    const missing = (): number[] => chain(trie, node).filter((above) => !members.has(above));
    if (members.size + missing().length > slots) close();
    for (const above of missing()) members.set(above, members.size);
    if (members.size > slots) throw new RangeError(`${slots} slots do not hold a path of the trie`);
    wanted.push(node);
  }
  close();
  return plans;
}

/** Slots for all branching nodes at once, or `most` if they are more. */
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
  trie: Trie,
  decides: Uint8Array,
  most: number,
): { readonly plan: NodePlan; readonly depth: number } {
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
  const read = members.map((_, slot) => slot);
  return { plan: makePlan(trie, members, read, members.length), depth };
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

function makePlan(trie: Trie, members: readonly number[], read: readonly number[], slots: number): NodePlan {
  const nodes = new Int32Array(slots).fill(-1);
  nodes.set(members);
  const slotOf = new Map(members.map((node, slot) => [node, slot]));
  const seen = new Set<number>();
  nodes.forEach((node, slot) => {
    if (node < 0) seen.add(slot * slots + slot);
    else for (const above of chain(trie, node)) seen.add(slot * slots + (slotOf.get(above) as number));
  });
  return {
    nodes,
    tokens: Int32Array.from(nodes, (node) => (node < 0 ? trie.paddingRow : trie.embeddingRow(node))),
    layout: {
      places: Array.from(nodes, (node) => (node < 0 ? 0 : trie.depth(node))),
      attends: (i, j) => seen.has(i * slots + j),
    },
    read,
  };
}
