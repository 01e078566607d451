import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that went over connections, after which it is worth the time to look for what they left. */
const WORTH = 64 * 2 ** 20;
/** Milliseconds between two looks at whether nobody waits. */
const LOOK = 2000;

/**
 * Gives memory back after load. Bodies and answers lie outside of the heap, and are freed when the heap is collected: a server that has
 * nothing more to do would keep them for hours. Collects when nobody waits for a search, and much went over the connections since.
 */
export class Collector {
  private bytes = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(isIdle: () => boolean, collect: () => void = garbageCollector(), look: number = LOOK) {
    this.timer = setInterval(() => {
      if (this.bytes < WORTH || !isIdle()) return;
      this.bytes = 0;
      collect();
    }, look);
    this.timer.unref();
  }

  /** Told of bytes that went over a connection. */
  moved(bytes: number): void {
    this.bytes += bytes;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** @returns what collects on V8; other engines have no such function and collect when they choose to */
function garbageCollector(): () => void {
  try {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('typeof gc === "function" ? gc : undefined');
    if (typeof collect === 'function') return () => void collect();
  } catch {
    // No V8.
  }
  return () => {};
}
