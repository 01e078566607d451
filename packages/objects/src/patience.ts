import { setTimeout as sleep } from 'node:timers/promises';
import type { Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';

/** How long a store that fails is waited for. Times in milliseconds. */
export interface Patience {
  /** For how long a request is tried again before it is given up. */
  readonly total: number;
  /** The most that one attempt may take; one that moves many bytes gets a second more for each 64 KiB. */
  readonly attempt: number;
  /** Until a connection stands. */
  readonly connect: number;
  /** Without a byte, before an attempt is given up. */
  readonly stall: number;
  /** The wait after the first failure; it doubles with each further one, up to `longestWait`. */
  readonly firstWait: number;
  /** Milliseconds between two tries, at most. */
  readonly longestWait: number;
}

/** A store that is away for a minute is waited for. */
export const PATIENCE: Patience = {
  total: 120_000,
  attempt: 60_000,
  connect: 10_000,
  stall: 30_000,
  firstWait: 200,
  longestWait: 10_000,
};

/** Bytes of a millisecond on the slowest line that is waited for. */
const SLOWEST = 64;

/** Milliseconds that an attempt may take which moves so many bytes. */
export const timeLimit = (patience: Patience, bytes: number): number => patience.attempt + bytes / SLOWEST;

/** A failure that may pass: worth another attempt. */
export class PassingFailure extends Error {
  /** Milliseconds, where the server asked for a wait. */
  readonly retryAfter: number | undefined;
  /** Whether the request may have had its effect although it failed. */
  readonly mayHaveWorked: boolean;

  constructor(
    reason: string,
    options: { retryAfter?: number | undefined; mayHaveWorked?: boolean; cause?: unknown } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PassingFailure';
    this.retryAfter = options.retryAfter;
    this.mayHaveWorked = options.mayHaveWorked ?? true;
  }
}

export interface RetryContext {
  /** What is asked of which place, for messages. */
  readonly name: string;
  readonly patience: Patience;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
  /** The error to end with. @param seconds since the first attempt */
  readonly giveUp: (failure: PassingFailure, attempts: number, seconds: number) => Error;
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

/**
 * Repeats `work` while it fails in a way that may pass and there is time; the last attempt is at the end of it.
 * @param work is told how many attempts went before, and whether one of them may have had its effect
 * @throws what `giveUp` makes, NeurodexError `interrupted`, other errors as they are
 */
export async function withRetries<T>(
  work: (attempts: number, mayHaveWorked: boolean) => Promise<T>,
  { name, patience, reporter, signal, giveUp }: RetryContext,
): Promise<T> {
  const begin = performance.now();
  let mayHaveWorked = false;
  for (let attempts = 1; ; attempts++) {
    throwIfInterrupted(signal);
    try {
      return await work(attempts - 1, mayHaveWorked);
    } catch (error) {
      throwIfInterrupted(signal);
      if (!(error instanceof PassingFailure)) throw error;
      mayHaveWorked ||= error.mayHaveWorked;
      const elapsed = performance.now() - begin;
      const left = patience.total - elapsed;
      if (left <= 0 || (error.retryAfter ?? 0) > left) throw giveUp(error, attempts, elapsed / 1000);
      const wait = Math.min(left, Math.max(error.retryAfter ?? 0, backOff(attempts, patience)));
      reporter.info(`${name}: ${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {});
    }
  }
}
