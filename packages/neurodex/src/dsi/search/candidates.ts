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

  /**
   * Keeps the nearest, in the order that they have; of equally near ones the first.
   * @param drop is told of each of the others: its name and its product
   */
  keepNearest(count: number, drop: (name: number, product: number) => void): void {
    const { length, names, products, nearness } = this;
    if (length <= count) return;
    const least = kthLargest(nearness.slice(0, length), count);
    let room = count;
    for (let i = 0; i < length; i++) if ((nearness[i] ?? NaN) > least) room--;
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const [name, product, near] = [names[i] ?? NaN, products[i] ?? NaN, nearness[i] ?? NaN];
      if (near > least || (near === least && room-- > 0)) this.set(kept++, name, product, near);
      else drop(name, product);
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
 * The k-th largest of some numbers, which are put into another order (Hoare 1961, "Find").
 * @param k from 1 to as many as there are
 */
export function kthLargest(values: Float64Array, k: number): number {
  const wanted = k - 1;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >>> 1] ?? NaN;
    let [i, j] = [low, high];
    while (i <= j) {
      while ((values[i] ?? NaN) > pivot) i++;
      while ((values[j] ?? NaN) < pivot) j--;
      if (i > j) break;
      const value = values[i] ?? NaN;
      values[i++] = values[j] ?? NaN;
      values[j--] = value;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return values[wanted] ?? NaN;
}
