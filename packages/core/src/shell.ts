/**
 * A word that a POSIX shell reads as it is meant.
 * @example
 * ```ts
 * import { shellQuote } from '@neurodex/core';
 *
 * console.log(shellQuote('my photos')); // → 'my photos'
 * ```
 */
export const shellQuote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
