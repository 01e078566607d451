import { setTimeout as sleep } from 'node:timers/promises';
import type { Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';

/** How patient a download is. Times in milliseconds. */
export interface Patience {
  /** Attempts in a row that bring nothing before it is given up. */
  readonly attempts: number;
  /** The wait after the first failure; it doubles with each further one, up to `longestWait`. */
  readonly firstWait: number;
  /** Milliseconds between two tries, at most. */
  readonly longestWait: number;
  /** The longest Retry-After that is waited for; a server that asks for more is given up. */
  readonly longestRetryAfter: number;
  /** Until a connection stands. */
  readonly connect: number;
  /** Without a byte, before a connection is given up. */
  readonly stall: number;
}

export const PATIENCE: Patience = {
  attempts: 6,
  firstWait: 500,
  longestWait: 30_000,
  longestRetryAfter: 120_000,
  connect: 20_000,
  stall: 30_000,
};

/** A failure that may pass: worth another attempt. */
export class PassingFailure extends Error {
  /** Milliseconds, where the server asked for a wait. */
  readonly retryAfter: number | undefined;

  constructor(reason: string, options: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PassingFailure';
    this.retryAfter = options.retryAfter;
  }
}

export interface RetryContext {
  /** What is fetched, for messages. */
  readonly name: string;
  readonly patience: Patience;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
  /** Grows while work gets on. An attempt that brought something starts the count anew: a long download may break often. */
  readonly progress?: () => number;
  /** The error to end with. */
  readonly giveUp: (failure: PassingFailure, attempts: number) => Error;
}

/**
 * Exponential back-off with jitter: half of the wait is certain, half is drawn, so that many clients that failed
 * together do not come back together.
 */
export function backOff(failures: number, patience: Patience, draw: () => number = Math.random): number {
  const full = Math.min(patience.longestWait, patience.firstWait * 2 ** (failures - 1));
  return full * (0.5 + 0.5 * draw());
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), in milliseconds from now. */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Repeat `work` while it fails in a way that may pass. @throws what `giveUp` makes, `interrupted`, other errors as they are */
export async function withRetries<T>(work: () => Promise<T>, context: RetryContext): Promise<T> {
  const { patience, signal } = context;
  let reached = context.progress?.() ?? 0;
  for (let failures = 0, total = 1; ; total++) {
    throwIfInterrupted(signal);
    try {
      return await work();
    } catch (error) {
      throwIfInterrupted(signal);
      if (!(error instanceof PassingFailure)) throw error;
      const progress = context.progress?.() ?? 0;
      failures = progress > reached ? 1 : failures + 1;
      reached = Math.max(reached, progress);
      const wait = Math.max(error.retryAfter ?? 0, backOff(failures, patience));
      if (failures >= patience.attempts || (error.retryAfter ?? 0) > patience.longestRetryAfter) {
        throw context.giveUp(error, total);
      }
      context.reporter.info(`${context.name}: ${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await sleep(wait, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => {});
    }
  }
}
