/**
 * Work that may keep the thread for long, in which nothing else is heard: neither timers nor signals.
 * @param seconds that it is expected to take
 */
export type Around = <T>(seconds: number, work: () => T | Promise<T>) => Promise<T>;

let around: Around = async (_seconds, work) => await work();

/** Sets what is done around such work in this thread; a program can let the system end it meanwhile. */
export function onBlocking(hook: Around): void {
  around = hook;
}

/** Does work that may keep the thread, or that returns a promise of such work. */
export const blocking: Around = (seconds, work) => around(seconds, work);

/** Seconds that ONNX Runtime takes to load a graph, by its number of nodes: more than in proportion. Measured on two cores. */
export const loadSeconds = (nodes: number): number => 3e-4 * nodes + 4e-8 * nodes ** 2;

/** Seconds that tracing and lowering a training step takes, by the number of its parameters by name. */
export const traceSeconds = (parameters: number): number => 2e-3 * parameters;
