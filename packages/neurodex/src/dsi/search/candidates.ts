/**
 * What a search has come to, in columns of numbers: prefixes by their nodes, or identifiers by the catalogue rows that they
 * name. A search comes to thousands, and as objects they would cost more than all that is computed of them.
 */
export class Candidates {
  length = 0;
  /** Nodes, or catalogue rows. */
  names = new Int32Array(256);
  /** μ·h of the state h that is searched for. */
  products = new Float64Array(256);
  /** Highest for the nearest: −‖h − μ‖² but for a constant. */
  nearness = new Float64Array(256);

  clear(): void {
    this.length = 0;
  }

  push(name: number, product: number, nearness: number): void {
    if (this.length === this.names.length) this.grow();
    this.set(this.length++, name, product, nearness);
  }

  /** Takes the place of all: each name with the product of its row. */
  fill(names: Int32Array, rows: Int32Array, products: Float64Array): void {
    while (this.names.length < names.length) this.grow();
    this.names.set(names);
    for (let i = 0; i < rows.length; i++) this.products[i] = products[rows[i] ?? NaN] ?? NaN;
    this.nearness.fill(0, 0, names.length);
    this.length = names.length;
  }

  /**
   * Keeps the nearest, in the order that they have; of equally near ones the first.
   * @param drop is told of each of the others: its name and its product
   */
  keepNearest(count: number, drop: (name: number, product: number) => void): void {
    const { length, names, products, nearness } = this;
    if (length <= count) return;
    const least = kthLargest(nearness, count, length);
    let room = count;
    for (let i = 0; i < length; i++) if ((nearness[i] ?? NaN) > least) room--;
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const [name, product, near] = [names[i] ?? NaN, products[i] ?? NaN, nearness[i] ?? NaN];
      // Not less: of numbers that are NaN some are kept, so that what is found says so.
      if (near > least || (!(near < least) && room-- > 0)) this.set(kept++, name, product, near);
      else drop(name, product);
    }
    this.length = kept;
  }

  /** Keeps those that a test takes, in the order that they have. */
  keep(test: (name: number) => boolean): void {
    const { length, names, products, nearness } = this;
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const name = names[i] ?? NaN;
      if (test(name)) this.set(kept++, name, products[i] ?? NaN, nearness[i] ?? NaN);
    }
    this.length = kept;
  }

  private set(at: number, name: number, product: number, nearness: number): void {
    this.names[at] = name;
    this.products[at] = product;
    this.nearness[at] = nearness;
  }

  private grow(): void {
    const size = 2 * this.names.length;
    const [names, products, nearness] = [new Int32Array(size), new Float64Array(size), new Float64Array(size)];
    names.set(this.names);
    products.set(this.products);
    nearness.set(this.nearness);
    [this.names, this.products, this.nearness] = [names, products, nearness];
  }
}

/**
 * The k-th largest of some numbers: the least of a heap of the k largest, which few of many numbers enter.
 * @param k from 1 to as many as there are
 */
export function kthLargest(values: Float64Array, k: number, length = values.length): number {
  const heap = values.slice(0, k);
  for (let at = (k >>> 1) - 1; at >= 0; at--) sink(heap, at);
  for (let i = k; i < length; i++) {
    const value = values[i] ?? NaN;
    if (!(value > (heap[0] ?? NaN))) continue;
    heap[0] = value;
    sink(heap, 0);
  }
  return heap[0] ?? NaN;
}

/** Lets a number of a heap down to where none below it is less. */
function sink(heap: Float64Array, start: number): void {
  const value = heap[start] ?? NaN;
  let at = start;
  for (;;) {
    let child = 2 * at + 1;
    if ((heap[child + 1] ?? NaN) < (heap[child] ?? NaN)) child++;
    const least = heap[child] ?? NaN;
    if (!(least < value)) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = value;
}
