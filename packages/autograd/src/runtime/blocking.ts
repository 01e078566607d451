/**
 * Work that may keep the thread for long, in which nothing else is heard: neither timers nor signals.
 * @param seconds that it is expected to take
 */
export type Around = <T>(seconds: number, work: () => T | Promise<T>) => Promise<T>;

let around: Around = async (_seconds, work) => await work();

/**
 * Sets what is done around such work in this thread (loading and tracing graphs); a program can let the system end it
 * meanwhile. By default nothing is.
 * @example
 * ```ts
 * import { blocking, onBlocking } from '@neurodex/autograd';
 *
 * onBlocking(async (seconds, work) => {
 *   console.log(`busy for about ${seconds} s`); // → busy for about 2 s
 *   return await work();
 * });
 * console.log(await blocking(2, () => 'done')); // → done
 * onBlocking(async (_seconds, work) => await work()); // as it was
 * ```
 */
export function onBlocking(hook: Around): void {
  around = hook;
}

/**
 * Does work that may keep the thread, or that returns a promise of such work, within what `onBlocking` has set.
 * @example
 * ```ts
 * import { blocking } from '@neurodex/autograd';
 *
 * console.log(await blocking(0.1, () => 6 * 7)); // → 42
 * ```
 */
export const blocking: Around = (seconds, work) => around(seconds, work);

/** Seconds that ONNX Runtime takes to load a graph, by its number of nodes: more than in proportion. Measured on two cores. */
export const loadSeconds = (nodes: number): number => 3e-4 * nodes + 4e-8 * nodes ** 2;

/** Seconds that tracing and lowering a training step takes, by the number of its parameters by name. */
export const traceSeconds = (parameters: number): number => 2e-3 * parameters;
