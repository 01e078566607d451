/**
 * Whether a value is an object with names, as JSON has them: no list, and not null.
 * @example
 * ```ts
 * import { isRecord } from '@neurodex/core';
 *
 * console.log(isRecord({}), isRecord([]), isRecord(null)); // → true false false
 * ```
 */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The same names with other values, in the same order.
 * @param f takes the value, its name, and its place among the names
 * @example
 * ```ts
 * import { mapValues } from '@neurodex/core';
 *
 * console.log(mapValues({ a: 1, b: 2 }, (value: number) => 2 * value)); // → { a: 2, b: 4 }
 * ```
 */
export function mapValues<R extends Readonly<Record<string, A>>, A, B>(
  record: R,
  f: (value: A, name: string, index: number) => B,
): { readonly [K in keyof R]: B } {
  const entries = Object.entries<A>(record).map(([name, value], i) => [name, f(value, name, i)]);
  // TypeScript's Object.fromEntries forgets which names there are.
  return Object.fromEntries(entries) as { readonly [K in keyof R]: B };
}
