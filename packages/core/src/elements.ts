/**
 * How this repository reads elements without a cast. Under `noUncheckedIndexedAccess`, the type of `values[i]` includes
 * undefined even where `i` is known to be in range.
 *
 * 1. Iterate where that is no slower: `for (const [i, x] of values.entries())`, `map`, `reduce`, destructuring.
 * 2. In a loop over numbers, write `values[i] ?? NaN`. Out of range it gives the NaN that arithmetic makes of undefined, and
 *    hides no mistake as 0 would. V8 checks the range of an optimised load from a typed array anyway, and then leaves
 *    `?? NaN` out: a matrix product, distances, a histogram and union-find take 1.00 × the time that they take with a cast
 *    (Node 20 and 24; 1.1 × before the code is optimised). The same holds for a list of numbers without holes. A list from
 *    `new Array(n)` counts as one with holes for ever, and takes 1.3 to 7 ×: use a typed array, or `Array.from`.
 * 3. Elsewhere call `defined`: for objects, and for values that are looked up by name or key.
 *
 * A function that reads one element, such as `f32(values, i)`, does not replace 2, even with one function for each type of
 * array: in these loops it takes 1.0 to 1.4 × the time of a cast on Node 20, and 1.4 to 2.3 × before they are optimised. One
 * function for all types takes 8 to 18 × once it has met more than four, and one for lists of numbers 7 ×: V8 keeps their
 * elements in six ways.
 */

/**
 * A value that must be there: `defined(list[i], 'the second operand')`.
 * @param what names the value in the error
 * @throws RangeError where it is undefined
 * @example
 * ```ts
 * import { defined } from '@neurodex/core';
 *
 * console.log(defined([1, 2][1], 'the second')); // → 2
 * ```
 */
export function defined<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`${what} is missing`);
  return value;
}

/**
 * Some of many, taken evenly from all of them, in order: all where there are no more than `count`.
 * @example
 * ```ts
 * import { evenly } from '@neurodex/core';
 *
 * console.log(evenly([0, 1, 2, 3, 4, 5, 6, 7, 8], 3), evenly(['a', 'b'], 3)); // → [ 0, 3, 6 ] [ 'a', 'b' ]
 * ```
 */
export const evenly = <T>(all: readonly T[], count: number): T[] =>
  all.length <= count
    ? [...all]
    : Array.from({ length: count }, (_, i) => defined(all[Math.floor((i * all.length) / count)], 'an element'));
