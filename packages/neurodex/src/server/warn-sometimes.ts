import type { Reporter } from '@neurodex/core';

/** Milliseconds between two warnings. */
const PAUSE = 60_000;

/** Warns of what may happen with every request, once in a while. @param what in words */
export function warnSometimes({ warn }: Pick<Reporter, 'warn'>, what: string): (reason: unknown) => void {
  let [told, silent] = [Number.NEGATIVE_INFINITY, 0];
  return (reason) => {
    const now = performance.now();
    if (now - told < PAUSE) {
      silent++;
      return;
    }
    const before = silent === 0 ? '' : ` (and ${silent} times more since the warning before)`;
    warn(`${what}: ${reason instanceof Error ? reason.message : String(reason)}${before}`);
    [told, silent] = [now, 0];
  };
}
