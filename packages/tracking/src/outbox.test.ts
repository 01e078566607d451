import { type Reporter, silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Outbox, type OutboxOptions, PermanentFailure } from './outbox.ts';

const collecting = () => {
  const said: string[] = [];
  const reporter: Reporter = {
    ...silentReporter,
    warn: (message) => said.push(`warning: ${message}`),
    info: (message) => said.push(message),
  };
  return { said, reporter };
};

function outboxOf(options: Pick<OutboxOptions<number>, 'deliver'> & Partial<OutboxOptions<number>>) {
  const { said, reporter } = collecting();
  const outbox = new Outbox<number>({
    name: 'the place',
    reporter,
    sizeOf: () => 100,
    interval: 1,
    firstPause: 1,
    longestPause: 4,
    farewell: 2000,
    ...options,
  });
  return { said, outbox };
}

describe('an outbox', () => {
  test('delivers everything once and in order, whatever fails on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { maxLength: 40 }), fc.nat({ max: 60 }), async (moods, items) => {
        const arrived: number[] = [];
        const { outbox } = outboxOf({
          deliver: async (waiting) => {
            const mood = moods.shift() ?? 5;
            await Promise.resolve();
            if (mood === 0) throw new Error('no');
            const taken = waiting.slice(0, mood);
            arrived.push(...taken);
            return taken.length;
          },
        });
        for (let i = 0; i < items; i++) {
          outbox.push(i);
          if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        expect(await outbox.close()).toBe(true);
        expect(arrived).toEqual(Array.from({ length: items }, (_, i) => i));
        expect(outbox.pendingBytes).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('keeps what waits within its bound, and gives it up above', async () => {
    const { said, outbox } = outboxOf({ deliver: () => new Promise(() => {}), mostBytes: 1000, farewell: 20 });
    let most = 0;
    for (let i = 0; i < 5000; i++) {
      outbox.push(i);
      most = Math.max(most, outbox.pendingBytes);
    }
    expect(most).toBeLessThanOrEqual(1100);
    expect(outbox.over).toBe(true);
    expect(await outbox.close()).toBe(false);
    expect(said).toEqual([expect.stringContaining('too much is waiting')]);
  });

  test('a delivery that takes too long is stopped, and tried again', async () => {
    let tries = 0;
    const { said, outbox } = outboxOf({
      patience: 10,
      deliver: (items, signal) => {
        tries++;
        if (tries > 1) return Promise.resolve(items.length);
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    outbox.push(1);
    expect(await outbox.close()).toBe(true);
    expect(tries).toBe(2);
    expect(said).toEqual([
      expect.stringMatching(/^warning: .*no answer within 0.01 s/),
      'the place: works again, nothing was lost',
    ]);
  });

  test('warns once: a second trouble after it worked again is news', async () => {
    let mood: 'well' | 'ill' = 'ill';
    const { said, outbox } = outboxOf({
      deliver: async (items) => {
        if (mood === 'ill') throw new Error('no');
        return items.length;
      },
    });
    const heard = (count: number) => expect.poll(() => said.length, { timeout: 20_000, interval: 2 }).toBe(count);
    for (const trouble of [1, 3]) {
      mood = 'ill';
      outbox.push(1);
      await heard(trouble);
      mood = 'well';
      await heard(trouble + 1);
    }
    expect(await outbox.close()).toBe(true);
    expect(said.map((line) => line.startsWith('warning'))).toEqual([true, false, false, false]);
  });

  test('gives up at once where trying again cannot help', async () => {
    let tries = 0;
    const { said, outbox } = outboxOf({
      deliver: async () => {
        tries++;
        throw new PermanentFailure('you may not');
      },
    });
    outbox.push(1);
    outbox.push(2);
    expect(await outbox.close()).toBe(false);
    outbox.push(3);
    expect(tries).toBe(1);
    expect(said).toEqual([
      'warning: the place is left out of the rest of the run: you may not (2 records are not in it)',
    ]);
  });

  test('close waits no longer than it says, whatever hangs', async () => {
    const { said, outbox } = outboxOf({ deliver: () => new Promise(() => {}), farewell: 30 });
    outbox.push(1);
    expect(await outbox.close()).toBe(false);
    expect(said).toHaveLength(1);
  });
});
