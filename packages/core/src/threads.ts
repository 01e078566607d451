import { NeurodexError } from './errors.ts';

/** More would only wait for each other. */
const MOST = 1024;

/**
 * The threads that may compute one operation, of the variable `NEURODEX_THREADS`; undefined where it is not set.
 * @throws NeurodexError `usage` where it is no such number
 * @example
 * ```ts
 * import { threadsFrom } from '@neurodex/core';
 *
 * console.log(threadsFrom({ NEURODEX_THREADS: '2' }), threadsFrom({})); // → 2 undefined
 * ```
 */
export function threadsFrom(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const given = environment.NEURODEX_THREADS?.trim();
  if (given === undefined || given === '') return undefined;
  const threads = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (threads >= 1 && threads <= MOST) return threads;
  throw new NeurodexError(
    'usage',
    `NEURODEX_THREADS is ${JSON.stringify(given)}, not a whole number from 1 to ${MOST}`,
    {
      hint: 'set it to the number of threads that may compute one operation, or unset it: then all cores compute',
    },
  );
}
