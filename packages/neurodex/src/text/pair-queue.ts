export interface CountedPair {
  readonly key: number;
  readonly count: number;
}

/** Pairs of tokens by how often they occur: a binary heap with the most frequent first, and of equal ones the smaller key. */
export class PairQueue {
  readonly #keys: number[] = [];
  readonly #counts: number[] = [];

  push(key: number, count: number): void {
    let at = this.#keys.length;
    this.#keys.push(key);
    this.#counts.push(count);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the first out. @returns undefined where there is none */
  pop(): CountedPair | undefined {
    if (this.#keys.length === 0) return undefined;
    this.#swap(0, this.#keys.length - 1);
    const key = this.#keys.pop() ?? Number.NaN;
    const count = this.#counts.pop() ?? Number.NaN;
    this.#sink();
    return { key, count };
  }

  #sink(): void {
    const size = this.#keys.length;
    let at = 0;
    for (;;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < size && this.#isBefore(child, first)) first = child;
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#counts[a] ?? Number.NaN) - (this.#counts[b] ?? Number.NaN);
    return difference > 0 || (difference === 0 && (this.#keys[a] ?? Number.NaN) < (this.#keys[b] ?? Number.NaN));
  }

  #swap(a: number, b: number): void {
    for (const values of [this.#keys, this.#counts]) {
      const held = values[a] ?? Number.NaN;
      values[a] = values[b] ?? Number.NaN;
      values[b] = held;
    }
  }
}
