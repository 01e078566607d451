import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from './api/problems.ts';
import { Batcher, type BatcherOptions } from './batcher.ts';

const patient = { deadline: Number.POSITIVE_INFINITY, gone: false };

/** A batcher of numbers that answers with their doubles, and remembers its batches. */
function doubling(options: Partial<BatcherOptions<number, number>> = {}) {
  const batches: { queries: readonly number[]; k: number }[] = [];
  let held: (() => void)[] = [];
  let holding = false;
  const batcher = new Batcher<number, number>({
    size: 4,
    window: 5,
    lanes: 1,
    async run(queries, k) {
      batches.push({ queries, k });
      if (holding) await new Promise<void>((go) => held.push(go));
      return queries.map((query) => 2 * query);
    },
    ...options,
  });
  return {
    batcher,
    batches,
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const go of held) go();
      held = [];
    },
  };
}

describe('a batcher', () => {
  it('sends a query that comes alone at once', async () => {
    const { batcher, batches } = doubling({ window: 60_000 });
    expect(await batcher.ask(3, 10, patient)).toBe(6);
    expect(await batcher.ask(4, 10, patient)).toBe(8);
    expect(batches.map(({ queries }) => queries)).toEqual([[3], [4]]);
  });

  it('waits for those that are announced, and no longer than its window', async () => {
    const { batcher, batches } = doubling({ window: 60_000 });
    const arrived = [batcher.announce(), batcher.announce()];
    const first = batcher.ask(1, 10, patient);
    await pause(5);
    expect(batches).toEqual([]);
    const second = batcher.ask(2, 10, patient);
    arrived[0]?.();
    arrived[1]?.();
    expect(await Promise.all([first, second])).toEqual([2, 4]);
    expect(batches.map(({ queries }) => queries)).toEqual([[1, 2]]);

    const short = doubling({ window: 1 });
    short.batcher.announce();
    expect(await short.batcher.ask(5, 10, patient)).toBe(10);
  });

  it('gathers the next batch while one is under way, no larger than it may be', async () => {
    const { batcher, batches, hold, release } = doubling();
    hold();
    const answers = [1, 2, 3, 4, 5, 6, 7].map((query) => batcher.ask(query, 10, patient));
    expect(batches.map(({ queries }) => queries)).toEqual([[1]]);
    expect(batcher.waiting).toBe(6);
    release();
    expect(await Promise.all(answers)).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect(batches.map(({ queries }) => queries)).toEqual([[1], [2, 3, 4, 5], [6, 7]]);
  });

  it('has as many batches under way as it has lanes', async () => {
    const { batcher, batches, hold, release } = doubling({ lanes: 2, size: 1 });
    hold();
    const answers = [1, 2, 3].map((query) => batcher.ask(query, 10, patient));
    expect(batches).toHaveLength(2);
    release();
    expect(await Promise.all(answers)).toEqual([2, 4, 6]);
  });

  it('keeps queries with another k apart, so that nobody gets other answers for the company', async () => {
    const { batcher, batches, hold, release } = doubling();
    hold();
    const answers = [10, 5, 10, 5].map((k, i) => batcher.ask(i, k, patient));
    release();
    expect(await Promise.all(answers)).toEqual([0, 2, 4, 6]);
    for (const { queries, k } of batches) expect(queries.every((query) => [10, 5, 10, 5][query] === k)).toBe(true);
  });

  it('sends as many as fill a batch, and the others before whoever comes later', async () => {
    const fill = (queries: number) => (queries >= 4 ? 4 : queries >= 2 ? 2 : 1);
    const { batcher, batches, hold, release } = doubling({ size: 8, fill, window: 1 });
    hold();
    const answers = [1, 2, 3, 4, 5, 6, 7, 8].map((query) => batcher.ask(query, 10, patient));
    release();
    expect(await Promise.all(answers)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(batches.map(({ queries }) => queries)).toEqual([[1], [2, 3, 4, 5], [6, 7], [8]]);
  });

  it('keeps the order where the first of the queue has another k than the others', async () => {
    const { batcher, batches, hold, release } = doubling({ fill: (queries) => Math.min(2, queries), window: 1 });
    hold();
    const answers = [10, 5, 10, 10, 10].map((k, i) => batcher.ask(i, k, patient));
    release();
    await Promise.all(answers);
    expect(batches.map(({ queries }) => queries)).toEqual([[0], [1], [2, 3], [4]]);
  });

  it('leaves out who has left or waited too long', async () => {
    const { batcher, batches, hold, release } = doubling();
    hold();
    const first = batcher.ask(1, 10, patient);
    const left = { deadline: Number.POSITIVE_INFINITY, gone: false };
    const asked = [
      batcher.ask(2, 10, left),
      batcher.ask(3, 10, { deadline: performance.now() - 1, gone: false }),
      batcher.ask(4, 10, patient),
    ];
    left.gone = true;
    release();
    const settled = await Promise.allSettled([first, ...asked]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect((settled[2] as PromiseRejectedResult).reason).toBeInstanceOf(ApiError);
    expect((settled[2] as PromiseRejectedResult).reason).toMatchObject({ code: 'too-slow', status: 503 });
    expect(batches.map(({ queries }) => queries)).toEqual([[1], [4]]);
  });

  it('tells everybody in a batch of its failure, and goes on', async () => {
    let broken = true;
    const { batcher } = doubling({
      run: async (queries) => {
        if (broken) throw new Error('out of order');
        return queries.map((query) => 2 * query);
      },
    });
    const failed = await Promise.allSettled([batcher.ask(1, 1, patient), batcher.ask(2, 1, patient)]);
    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    broken = false;
    expect(await batcher.ask(3, 1, patient)).toBe(6);
  });

  it('answers every query with its own answer, whatever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ k: fc.constantFrom(1, 10), wait: fc.integer({ min: 0, max: 3 }) }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        async (queries, size, lanes, most) => {
          const fill = (waiting: number) => Math.min(most, waiting);
          const { batcher, batches } = doubling({ size, lanes, fill, window: 1 });
          const answers = queries.map(async ({ k, wait }, i) => {
            const arrived = batcher.announce();
            if (wait > 0) await pause(wait - 1);
            const answer = batcher.ask(i, k, patient);
            arrived();
            return await answer;
          });
          expect(await Promise.all(answers)).toEqual(queries.map((_, i) => 2 * i));
          expect(batches.every((batch) => batch.queries.length <= Math.min(size, most))).toBe(true);
          expect(batches.flatMap((batch) => batch.queries).sort((a, b) => a - b)).toEqual(queries.map((_, i) => i));
        },
      ),
      { numRuns: 40 },
    );
  });
});
