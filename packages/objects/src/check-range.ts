import type { ByteRange } from './object-store.ts';

/** @throws RangeError where it is none */
export function checkRange(range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return;
  throw new RangeError(`${start} … ${end} is no range of bytes`);
}
