/** A cluster, or several that have the beginning of their paths in common. */
interface Node {
  count: number;
  /** Of the states, [D]. */
  readonly sum: Float64Array;
  /** By token; none where it is a cluster. */
  readonly children: Map<number, Node>;
}

/** The tree of clusters that a catalogue was divided into, with the mean states of its pictures: where a new picture belongs. */
export class ClusterTree {
  private readonly width: number;
  private readonly root: Node;

  /** @param width D; 0 where pictures have no states */
  constructor(width: number) {
    this.width = width;
    this.root = emptyNode(width);
  }

  /** @param path of a cluster @param state float32 [D] */
  add(path: readonly number[], state: Float32Array): void {
    this.change(path, state, 1);
  }

  /** A cluster without pictures is gone. */
  remove(path: readonly number[], state: Float32Array): void {
    this.change(path, state, -1);
  }

  /**
   * The path of the cluster that a state belongs to: from the root, into the child whose mean is nearest each time; the last one
   * where pictures have no states.
   */
  place(state: Float32Array): number[] {
    const path: number[] = [];
    for (let node = this.root; node.children.size > 0; ) {
      let best: { token: number; child: Node; distance: number } | undefined;
      for (const [token, child] of node.children) {
        const distance = this.width === 0 ? -token : distanceTo(child, state);
        if (best === undefined || distance < best.distance || (distance === best.distance && token < best.token)) {
          best = { token, child, distance };
        }
      }
      if (best === undefined) break;
      path.push(best.token);
      node = best.child;
    }
    return path;
  }

  private change(path: readonly number[], state: Float32Array, by: 1 | -1): void {
    let node = this.root;
    let above: Node | undefined;
    for (let depth = 0; ; depth++) {
      node.count += by;
      for (let d = 0; d < this.width; d++) node.sum[d] = (node.sum[d] ?? NaN) + by * (state[d] ?? NaN);
      const token = path[depth - 1];
      if (node.count === 0 && token !== undefined) above?.children.delete(token);
      const next = path[depth];
      if (next === undefined) return;
      let child = node.children.get(next);
      if (child === undefined) {
        child = emptyNode(this.width);
        node.children.set(next, child);
      }
      [above, node] = [node, child];
    }
  }
}

const emptyNode = (width: number): Node => ({ count: 0, sum: new Float64Array(width), children: new Map() });

/** Squared, less what all distances from one state have in common: ‖μ‖² − 2·μ·x. */
function distanceTo({ sum, count }: Node, state: Float32Array): number {
  let square = 0;
  let product = 0;
  for (let d = 0; d < sum.length; d++) {
    const mean = (sum[d] ?? NaN) / count;
    square += mean * mean;
    product += mean * (state[d] ?? NaN);
  }
  return square - 2 * product;
}
