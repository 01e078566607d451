/**
 * JSON with the keys in order and no white space (RFC 8785), so that one value has one digest.
 * @throws RangeError for a value that is nested too deeply
 * @example
 * ```ts
 * import { canonicalJson } from '@neurodex/core';
 *
 * console.log(canonicalJson({ size: 48, labels: ['red'] })); // → {"labels":["red"],"size":48}
 * ```
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}
