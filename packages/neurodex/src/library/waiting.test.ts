import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { Gatherer } from './gatherer.ts';
import type { JobEvent } from './job.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('answers queries together that belong together, each with its own answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ group: fc.constantFrom('a', 'b'), bad: fc.boolean(), late: fc.boolean() })),
      async (asked) => {
        const batches: string[][] = [];
        const gatherer = new Gatherer<string, string>((error) => error instanceof RangeError);
        const run = (group: string) => async (queries: readonly string[]) => {
          batches.push([group, ...queries]);
          await turn();
          if (queries.some((query) => query.startsWith('bad'))) throw new RangeError(`one of ${queries.length}`);
          return queries.map((query) => `${group} ${query}`);
        };
        const answers: Promise<string>[] = [];
        for (const [i, { group, bad, late }] of asked.entries()) {
          if (late) await turn();
          const answer = gatherer.ask(group, `${bad ? 'bad' : 'good'} ${i}`, run(group));
          answer.catch(() => {});
          answers.push(answer);
        }
        for (const [i, settled] of (await Promise.allSettled(answers)).entries()) {
          const { group, bad } = asked[i] ?? {};
          if (bad) expect(settled).toEqual({ status: 'rejected', reason: new RangeError('one of 1') });
          else expect(settled).toEqual({ status: 'fulfilled', value: `${group} good ${i}` });
        }
        // Nobody is answered with queries of another kind, and at most 32 at a time.
        for (const [group, ...queries] of batches) {
          expect(queries.length).toBeLessThanOrEqual(32);
          for (const query of queries) expect(asked[Number(query.split(' ')[1])]?.group).toBe(group);
        }
      },
    ),
    { numRuns: 50 },
  );
});

it('forgets queries whose signal is given while they wait', async () => {
  const gatherer = new Gatherer<string, string>(() => false);
  const batches: (readonly string[])[] = [];
  const run = async (queries: readonly string[]) => {
    batches.push(queries);
    await turn();
    return queries;
  };
  const controller = new AbortController();
  const first = gatherer.ask('a', 'first', run);
  await Promise.resolve();
  await Promise.resolve();
  const second = gatherer.ask('a', 'second', run, controller.signal);
  const third = gatherer.ask('a', 'third', run);
  controller.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  expect([await first, await third]).toEqual(['first', 'third']);
  expect(batches).toEqual([['first'], ['third']]);
});

const progress = (phase: string, done: number): JobEvent => ({
  ...{ kind: 'progress', phase, done, total: 9, unit: 'steps', rate: undefined, secondsLeft: undefined, metrics: {} },
});

it('keeps the latest progress of each phase for a slow loop, and every warning', async () => {
  const queue = new EventQueue<JobEvent>(() => {});
  for (let i = 1; i <= 1000; i++) queue.push(progress('see', i));
  queue.push({ kind: 'warning', message: 'one', details: {} });
  queue.push({ kind: 'warning', message: 'two', details: {} });
  queue.push(progress('train', 1));
  queue.push(progress('see', 1001));
  queue.end({});
  const seen: unknown[] = [];
  for await (const event of { [Symbol.asyncIterator]: () => queue })
    seen.push(event.kind === 'progress' ? [event.phase, event.done] : event.kind);
  expect(seen).toEqual(['warning', 'warning', ['train', 1], ['see', 1001]]);
});

it('throws what the job failed with once, behind the events before it', async () => {
  const queue = new EventQueue<JobEvent>(() => {});
  queue.push(progress('see', 1));
  queue.end({ error: new Error('broken') });
  expect((await queue.next()).done).toBe(false);
  await expect(queue.next()).rejects.toThrow('broken');
  expect(await queue.next()).toEqual({ value: undefined, done: true });
});
