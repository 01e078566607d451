import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HedgeBudget } from './hedge-budget.ts';
import { hedged } from './hedged.ts';
import { RecentTimes } from './recent-times.ts';
import { ServerHealth } from './server-health.ts';

/** What each server does: answers after so many milliseconds, fails after them, or neither. */
type Plan = Readonly<Record<string, { readonly after: number; readonly fails?: true } | 'hangs'>>;

interface Told {
  readonly server: string;
  readonly isHedge: boolean;
  readonly at: number;
  aborted: boolean;
}

async function run(plan: Plan, { delay = 40, budget = 1, milliseconds = 2000 } = {}) {
  const told: Told[] = [];
  const started = performance.now();
  let left = budget;
  const outcome = await hedged({
    servers: Object.keys(plan),
    delay,
    milliseconds,
    mayHedge: () => left-- > 0,
    tooSlow: () => new Error('too slow'),
    async ask(server, signal, isHedge) {
      const one = { server, isHedge, at: performance.now() - started, aborted: false };
      told.push(one);
      signal.addEventListener('abort', () => {
        one.aborted = true;
      });
      const what = plan[server] ?? 'hangs';
      await pause(what === 'hangs' ? 60_000 : what.after, undefined, { signal });
      if (what !== 'hangs' && what.fails) throw new Error(`${server} failed`);
      return server;
    },
  }).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  return { outcome, told, seconds: (performance.now() - started) / 1000 };
}

describe('a hedged request', () => {
  it('goes to one server where that answers in time', async () => {
    const { outcome, told } = await run({ a: { after: 5 }, b: { after: 5 } }, { delay: 500 });
    expect(outcome).toBe('a');
    expect(told.map(({ server }) => server)).toEqual(['a']);
  });

  it('goes to another one as well behind the delay, and ends the slower one', async () => {
    const { outcome, told, seconds } = await run({ a: 'hangs', b: { after: 5 }, c: { after: 5 } });
    expect(outcome).toBe('b');
    expect(seconds).toBeLessThan(1);
    expect(told).toMatchObject([
      { server: 'a', isHedge: false, aborted: true },
      { server: 'b', isHedge: true, aborted: false },
    ]);
    expect(told[1]?.at).toBeGreaterThan(35);
  });

  it('takes the first one, where that is faster after all', async () => {
    const { outcome, told } = await run({ a: { after: 120 }, b: 'hangs' });
    expect(outcome).toBe('a');
    expect(told).toMatchObject([{ aborted: false }, { server: 'b', isHedge: true, aborted: true }]);
  });

  it('is not sent without a budget; at half of the time another server is asked all the same', async () => {
    const { outcome, told, seconds } = await run({ a: 'hangs', b: { after: 5 } }, { budget: 0, milliseconds: 400 });
    expect(outcome).toBe('b');
    expect(seconds).toBeGreaterThan(0.19);
    expect(told[1]).toMatchObject({ server: 'b', isHedge: false });
  });

  it('goes on to the next server at once where one fails', async () => {
    const failing = { after: 1, fails: true } as const;
    const { outcome, told, seconds } = await run(
      { a: failing, b: failing, c: { after: 1 } },
      { delay: 5000, budget: 0 },
    );
    expect(outcome).toBe('c');
    expect(told.map(({ isHedge }) => isHedge)).toEqual([false, false, false]);
    expect(seconds).toBeLessThan(0.9);
    expect((await run({ a: failing, b: failing })).outcome).toBe('a failed');
  });

  it('ends in its time where all hang, and leaves none behind', async () => {
    const { outcome, told, seconds } = await run({ a: 'hangs', b: 'hangs' }, { milliseconds: 150 });
    expect(outcome).toBe('too slow');
    expect(seconds).toBeLessThan(1);
    expect(told.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

describe('the delay before a hedge', () => {
  it('is the 95th percentile of recent answers, once some are known, and never tiny', () => {
    const times = new RecentTimes();
    const unknown = times.hedgeDelay;
    for (let i = 1; i <= 19; i++) times.add(1000);
    expect(times.hedgeDelay).toBe(unknown);
    for (let i = 1; i <= 200; i++) times.add(i);
    expect(times.hedgeDelay).toBe(190);
    for (let i = 1; i <= 200; i++) times.add(1);
    expect(times.hedgeDelay).toBe(20);
  });
});

describe('the budget of hedges', () => {
  it('is a tenth of the requests, and a few that were saved up', () => {
    const budget = new HedgeBudget();
    let sent = 0;
    for (let i = 0; i < 1000; i++) {
      budget.earn();
      if (budget.spend()) sent++;
    }
    expect(sent).toBeGreaterThanOrEqual(100);
    expect(sent).toBeLessThanOrEqual(110);
  });
});

describe('a server', () => {
  it('is passed over when it has failed three times in a row, for longer and longer, until it answers', () => {
    const health = new ServerHealth();
    health.failed(0);
    health.failed(1);
    health.answered();
    health.failed(2);
    health.failed(3);
    expect(health.isPaused(4)).toBe(false);
    health.failed(4);
    expect([health.isPaused(1003), health.isPaused(1005)]).toEqual([true, false]);
    health.failed(1005);
    expect([health.isPaused(3004), health.isPaused(3006)]).toEqual([true, false]);
    for (let now = 3006; now < 3_000_000; now += 30_001) health.failed(now);
    expect(health.isPaused(3_000_000 + 30_002)).toBe(false);
    health.answered();
    health.failed(3_000_000);
    expect(health.isPaused(3_000_001)).toBe(false);
  });
});
