/** Below, comparing is faster than clearing the counts of a radix sort. */
const COMPARED_BELOW = 2048;
/** Bits of a digit: its counts fit in the first cache. */
const DIGIT = 11;

/**
 * The places of numbers in ascending order; equal numbers, −0 and 0 among them, keep their order. Float32Arrays take half the time
 * and memory of others: a radix sort by digits of 11 bits (Knuth 1998, §5.2.5, algorithm R) on the bits of the floats.
 * @param values infinities are numbers too
 * @returns uint32 [n]
 * @throws RangeError for NaN
 */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  const n = values.length;
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(values[i] ?? NaN)) throw new RangeError(`value ${i} is NaN and has no place in an order`);
  }
  if (n >= COMPARED_BELOW) return byRadix(values);
  const order = Array.from({ length: n }, (_, i) => i);
  // Infinities have no difference.
  order.sort((a, b) => {
    const [x, y] = [values[a] ?? NaN, values[b] ?? NaN];
    return x < y ? -1 : x > y ? 1 : 0;
  });
  return Uint32Array.from(order);
}

function byRadix(values: ArrayLike<number>): Uint32Array {
  const n = values.length;
  let order = new Uint32Array(n);
  let next = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const counts = new Uint32Array(1 << DIGIT);
  for (const words of sortableWords(values)) {
    for (let shift = 0; shift < 32; shift += DIGIT) {
      if (!sortByDigit(words, shift, order, next, counts)) continue;
      [order, next] = [next, order];
    }
  }
  return order;
}

/** One stable pass from `order` to `next`. @returns false where all have the same digit, and nothing was written */
function sortByDigit(
  words: Uint32Array,
  shift: number,
  order: Uint32Array,
  next: Uint32Array,
  counts: Uint32Array,
): boolean {
  const mask = counts.length - 1;
  counts.fill(0);
  for (let i = 0; i < words.length; i++) {
    const digit = ((words[i] ?? NaN) >>> shift) & mask;
    counts[digit] = (counts[digit] ?? NaN) + 1;
  }
  if (counts[((words[0] ?? NaN) >>> shift) & mask] === words.length) return false;
  let before = 0;
  for (let digit = 0; digit < counts.length; digit++) {
    const count = counts[digit] ?? NaN;
    counts[digit] = before;
    before += count;
  }
  for (let i = 0; i < order.length; i++) {
    const place = order[i] ?? NaN;
    const digit = ((words[place] ?? NaN) >>> shift) & mask;
    const at = counts[digit] ?? NaN;
    next[at] = place;
    counts[digit] = at + 1;
  }
  return true;
}

/** Unsigned words whose order is that of the numbers, the lowest word first: a float's bits, all flipped where it is negative. */
function sortableWords(values: ArrayLike<number>): Uint32Array[] {
  const n = values.length;
  const single = values instanceof Float32Array;
  const [low, high] = [new Uint32Array(single ? 0 : n), new Uint32Array(n)];
  const float = single ? new Float32Array(1) : new Float64Array(1);
  const bits = new Uint32Array(float.buffer);
  // All machines that JavaScript runs on in practice are little-endian.
  const top = bits.length - 1;
  for (let i = 0; i < n; i++) {
    // −0 + 0 is 0.
    float[0] = (values[i] ?? NaN) + 0;
    const word = bits[top] ?? NaN;
    const negative = word >>> 31 === 1;
    high[i] = negative ? ~word : word | 0x80000000;
    if (!single) low[i] = negative ? ~(bits[0] ?? NaN) : (bits[0] ?? NaN);
  }
  return single ? [high] : [low, high];
}
