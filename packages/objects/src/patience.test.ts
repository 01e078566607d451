import { type Reporter, silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backOff, PATIENCE, PassingFailure, parseRetryAfter, timeLimit, withRetries } from './patience.ts';

describe('waits', () => {
  it('double up to the longest, half of them drawn', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 20].map((failures) => backOff(failures, PATIENCE, () => 1));
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(backOff(3, PATIENCE, () => 0)).toBe(400);
  });

  it('are as long as a server asks for, in seconds or until a date', () => {
    const now = Date.parse('2026-01-02T03:04:05Z');
    expect(parseRetryAfter('7', now)).toBe(7000);
    expect(parseRetryAfter('Fri, 02 Jan 2026 03:04:15 GMT', now)).toBe(10_000);
    expect(parseRetryAfter('Fri, 02 Jan 2026 03:00:00 GMT', now)).toBe(0);
    expect([parseRetryAfter(undefined), parseRetryAfter('soon')]).toEqual([undefined, undefined]);
  });

  it('for an attempt grow with its bytes: 64 KiB a second', () => {
    expect(timeLimit(PATIENCE, 0)).toBe(60_000);
    expect(timeLimit(PATIENCE, 64_000)).toBe(61_000);
  });
});

describe('what is tried again', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const told: string[] = [];
  const reporter: Reporter = { ...silentReporter, info: (line) => told.push(line) };
  const context = {
    name: 'the store',
    // Without timers: waits are none, and attempts take what they say.
    patience: { ...PATIENCE, firstWait: 0, longestWait: 0 },
    reporter,
    signal: undefined,
    giveUp: (failure: PassingFailure, attempts: number, seconds: number) =>
      new Error(`${failure.message} ${attempts} ${seconds}`),
  };

  it('outlives an outage of a minute, and is given up after two', async () => {
    const after = (outage: number) => {
      const begin = performance.now();
      return withRetries(async (attempts) => {
        vi.setSystemTime(0);
        vi.advanceTimersByTime(10_000);
        if (performance.now() - begin < outage) throw new PassingFailure('away');
        return attempts;
      }, context);
    };
    expect(await after(60_000)).toBe(5);
    expect(await after(119_000)).toBe(11);
    await expect(after(1e9)).rejects.toThrow('away 12 120');
    expect(told.at(-1)).toBe('the store: away; trying again in 0.0 s');
  });

  it('is told whether an earlier attempt may have worked', async () => {
    const seen: boolean[] = [];
    await withRetries(async (attempts, mayHaveWorked) => {
      seen.push(mayHaveWorked);
      if (attempts < 3) throw new PassingFailure('away', { mayHaveWorked: attempts === 1 });
    }, context);
    expect(seen).toEqual([false, false, true, true]);
  });

  it('is neither what fails for good, nor what asks for more time than there is', async () => {
    let attempts = 0;
    const failing = (error: Error) =>
      withRetries(async () => {
        attempts++;
        throw error;
      }, context);
    await expect(failing(new TypeError('a mistake'))).rejects.toThrow(TypeError);
    await expect(failing(new PassingFailure('busy', { retryAfter: 121_000 }))).rejects.toThrow('busy 1 ');
    expect(attempts).toBe(2);
  });
});
