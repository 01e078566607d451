/** Sets of the numbers 0 … n − 1 that grow together (union-find); each is known by its smallest member. */
export class DisjointSets {
  private readonly parents: Int32Array;

  constructor(n: number) {
    this.parents = Int32Array.from({ length: n }, (_, i) => i);
  }

  find(member: number): number {
    let root = member;
    for (let above = this.parents[root]; above !== undefined && above !== root; above = this.parents[root])
      root = above;
    // Whoever asks next has a short way.
    for (let at = member; at !== root; ) {
      const next = this.parents[at] ?? root;
      this.parents[at] = root;
      at = next;
    }
    return root;
  }

  union(a: number, b: number): void {
    const [first, second] = [this.find(a), this.find(b)];
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }

  /** The set of every number. */
  roots(): number[] {
    return Array.from(this.parents, (_, i) => this.find(i));
  }
}
