import { defined } from '../elements.ts';
/**
 * Work on many items at once and give the results in the order of the items. No more than `width` items are in work
 * or waiting to be taken, so memory stays flat however many there are. An error surfaces when its item's turn comes;
 * before the generator ends, by an error or because its reader stops, everything in work is waited for.
 * @example
 * ```ts
 * import { setTimeout } from 'node:timers/promises';
 * import { inOrder } from '@neurodex/core/storage';
 *
 * // Longer waits first: the work ends in another order than it is given in.
 * const waits = inOrder([60, 30, 1], 3, async (milliseconds) => await setTimeout(milliseconds, milliseconds));
 * for await (const wait of waits) console.log(wait);
 * // → 60
 * // → 30
 * // → 1
 * ```
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Its turn may come much later; until then nobody listens, and Node would end the process.
      result.catch(() => {});
      pending.push(result);
      if (pending.length >= width) yield await takeFirst(pending);
    }
    while (pending.length > 0) yield await takeFirst(pending);
  } finally {
    await Promise.allSettled(pending);
  }
}

/** Taken off only when it is settled, so that it counts as pending until then. */
async function takeFirst<R>(pending: Promise<R>[]): Promise<R> {
  try {
    return await defined(pending[0], 'the first in work');
  } finally {
    pending.shift();
  }
}
