import type { RouterCells } from './router.ts';

/** Cells of a shard, at most: the router compares each query with those of all shards. */
const MOST_CELLS = 128;

/** Pictures whose clusters share the first tokens of their paths. */
interface Cell {
  readonly depth: number;
  /** Places of its pictures. */
  readonly members: readonly number[];
}

/**
 * Some clusters that a router knows a shard by: from the root down, the largest is divided into those below it, until there are
 * enough of them.
 * @param paths of the cluster of each picture @param states float32 [N, D]
 */
export function cellsOf(
  paths: readonly (readonly number[])[],
  states: Float32Array,
  width: number,
): Omit<RouterCells, 'offsets'> {
  const cells: Cell[] = [{ depth: 0, members: [...paths.keys()] }];
  const whole: Cell[] = [];
  while (cells.length > 0 && cells.length + whole.length < MOST_CELLS) {
    const largest = cells.reduce((a, b) => (b.members.length > a.members.length ? b : a));
    cells.splice(cells.indexOf(largest), 1);
    const below = dividedBelow(largest, paths);
    if (below.length === 1 && below[0]?.depth === largest.depth) whole.push(largest);
    else cells.push(...below);
  }
  const found = [...whole, ...cells];
  const rows = new Float32Array(found.length * width);
  for (const [cell, { members }] of found.entries()) {
    for (const member of members) {
      for (let d = 0; d < width; d++) {
        const at = cell * width + d;
        rows[at] = (rows[at] ?? NaN) + (states[member * width + d] ?? NaN) / members.length;
      }
    }
  }
  return { counts: Int32Array.from(found, ({ members }) => members.length), rows };
}

/** By the next token of their paths; those that have no more stay together. A cell of one cluster is itself. */
function dividedBelow(cell: Cell, paths: readonly (readonly number[])[]): Cell[] {
  const { depth, members } = cell;
  const groups = new Map<number, number[]>();
  for (const member of members) {
    const token = paths[member]?.[depth] ?? -1;
    const group = groups.get(token);
    if (group === undefined) groups.set(token, [member]);
    else group.push(member);
  }
  if (groups.size === 1 && groups.has(-1)) return [cell];
  return [...groups.values()].map((group) => ({ depth: depth + 1, members: group }));
}

/** The cells of all shards, one behind the other. */
export function joinCells(shards: readonly Omit<RouterCells, 'offsets'>[]): RouterCells {
  const offsets = new Int32Array(shards.length + 1);
  for (const [shard, { counts }] of shards.entries()) offsets[shard + 1] = (offsets[shard] ?? NaN) + counts.length;
  const counts = new Int32Array(offsets.at(-1) ?? 0);
  const rows = new Float32Array(shards.reduce((sum, each) => sum + each.rows.length, 0));
  let at = 0;
  for (const [shard, each] of shards.entries()) {
    counts.set(each.counts, offsets[shard]);
    rows.set(each.rows, at);
    at += each.rows.length;
  }
  return { offsets, counts, rows };
}

/** The cells of all shards, of which one has others. @param width D */
export function replaceCells(
  { offsets, counts, rows }: RouterCells,
  shard: number,
  cells: Omit<RouterCells, 'offsets'>,
  width: number,
): RouterCells {
  const all = Array.from({ length: offsets.length - 1 }, (_, i) => {
    if (i === shard) return cells;
    const [first, end] = [offsets[i] ?? NaN, offsets[i + 1] ?? NaN];
    return { counts: counts.subarray(first, end), rows: rows.subarray(first * width, end * width) };
  });
  return joinCells(all);
}
