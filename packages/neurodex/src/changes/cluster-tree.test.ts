import { describe, expect, it } from 'vitest';
import { ClusterTree } from './cluster-tree.ts';

const state = (...numbers: number[]): Float32Array => Float32Array.from(numbers);

describe('a tree of clusters', () => {
  it('places a state by the nearest mean at each level', () => {
    const tree = new ClusterTree(2);
    tree.add([0, 0], state(1, 0));
    tree.add([0, 1], state(0.8, 0.6));
    tree.add([1], state(-1, 0));
    tree.add([1], state(-0.6, -0.8));
    expect(tree.place(state(1, 0))).toEqual([0, 0]);
    expect(tree.place(state(0.6, 0.8))).toEqual([0, 1]);
    expect(tree.place(state(0, -1))).toEqual([1]);
  });

  it('measures distance, and not the angle alone: a mean of scattered pictures is short', () => {
    const tree = new ClusterTree(2);
    tree.add([0], state(1, 0));
    tree.add([1], state(0, 1));
    tree.add([1], state(0, -1));
    // At 60 degrees: nearer to the mean (0, 0) than to (1, 0)? |x|² = 1 against 2 − 2·cos 70°.
    expect(tree.place(state(Math.cos(1.2), Math.sin(1.2)))).toEqual([1]);
    expect(tree.place(state(Math.cos(0.9), Math.sin(0.9)))).toEqual([0]);
  });

  it('follows the pictures that come and go, and loses a cluster without any', () => {
    const tree = new ClusterTree(1);
    tree.add([0], state(-1));
    tree.add([1], state(0.1));
    expect(tree.place(state(1))).toEqual([1]);
    tree.add([0], state(1));
    tree.add([0], state(1));
    tree.remove([0], state(-1));
    expect(tree.place(state(1))).toEqual([0]);
    tree.remove([1], state(0.1));
    expect(tree.place(state(0.1))).toEqual([0]);
  });

  it('takes the smaller token of two that are as near, and the last cluster where there are no states', () => {
    const tree = new ClusterTree(1);
    for (const token of [2, 1, 3]) tree.add([token], state(0.5));
    expect(tree.place(state(0.5))).toEqual([1]);
    const without = new ClusterTree(0);
    for (const path of [[0, 4], [2, 0], [2, 1], [1]]) without.add(path, state());
    expect(without.place(state())).toEqual([2, 1]);
    expect(new ClusterTree(0).place(state())).toEqual([]);
  });
});
