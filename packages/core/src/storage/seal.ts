import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';
import { isRecord } from '../records.ts';
import { damaged } from './damaged.ts';

/**
 * SHA-256 (hexadecimal) of a description as canonical JSON, without its key `digest`.
 * @example
 * ```ts
 * import { createHash } from 'node:crypto';
 * import { digestOf } from '@neurodex/core/storage';
 *
 * const expected = createHash('sha256').update('{"labels":[],"size":48}').digest('hex');
 * console.log(digestOf({ size: 48, labels: [] }) === expected); // → true
 * ```
 */
export function digestOf(description: object): string {
  const { digest: _, ...rest }: { readonly digest?: unknown } = description;
  return createHash('sha256').update(canonicalJson(rest)).digest('hex');
}

/**
 * The text of a description, with a digest of all that it says.
 * @example
 * ```ts
 * import { digestOf, sealed } from '@neurodex/core/storage';
 *
 * const { size, digest } = JSON.parse(sealed({ size: 48 }));
 * console.log(size, digest === digestOf({ size: 48 })); // → 48 true
 * ```
 */
export const sealed = (description: object): string =>
  `${JSON.stringify({ ...description, digest: digestOf(description) }, null, 2)}\n`;

/**
 * Whether a description is the one that was sealed.
 * @example
 * ```ts
 * import { hasSeal, sealed } from '@neurodex/core/storage';
 *
 * const description = JSON.parse(sealed({ size: 48 }));
 * console.log(hasSeal(description), hasSeal({ ...description, size: 32 })); // → true false
 * ```
 */
export function hasSeal(value: unknown): boolean {
  try {
    return isRecord(value) && value.digest === digestOf(value);
  } catch {
    return false;
  }
}

/**
 * Compares a record with its seal.
 * @throws NeurodexError `index-damaged` when a description is not the one that was sealed
 * @example
 * ```ts
 * import { errorCode } from '@neurodex/core';
 * import { checkSeal, sealed } from '@neurodex/core/storage';
 *
 * const description = JSON.parse(sealed({ size: 48 }));
 * checkSeal(description, 'index.json'); // goes on
 * try {
 *   checkSeal({ ...description, size: 32 }, 'index.json');
 * } catch (error) {
 *   console.log(errorCode(error)); // → index-damaged
 * }
 * ```
 */
export function checkSeal(value: unknown, file: string): void {
  const description: Readonly<Record<string, unknown>> = isRecord(value) ? value : {};
  let digest: string;
  try {
    digest = digestOf(description);
  } catch (error) {
    throw damaged(file, 'is nested more deeply than a description is', error);
  }
  if (description.digest === digest) return;
  throw damaged(file, 'has changed since it was written (the SHA-256 of what it says is not its digest)');
}
