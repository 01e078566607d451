import { setTimeout as pause } from 'node:timers/promises';
import { NeurodexError } from '@neurodex/core';
import { expect, it, vi } from 'vitest';
import type { MeasuredReport } from './api/schemas.ts';
import { reportDesk } from './report-desk.ts';

const REPORT = { status: 'measured' } as MeasuredReport;

it('measures again what failed, once somebody asks after the failure was told', async () => {
  const faults: unknown[] = [];
  let times = 0;
  const measure = async () => {
    if (++times === 1) throw new Error('killed');
    return REPORT;
  };
  const desk = reportDesk(measure, (fault) => faults.push(fault), 0.05);
  expect(await desk.ask('a', 'one')).toMatchObject({ status: 'measuring' });
  await vi.waitFor(async () =>
    expect(await desk.ask('a', 'one')).toMatchObject({ status: 'failed', retryAfter: 0.05 }),
  );
  expect([times, faults.length]).toEqual([1, 1]);
  await vi.waitFor(async () => expect(await desk.ask('a', 'one')).toBe(REPORT));
  expect(times).toBe(2);
  await desk.close();
});

it('does not measure again what cannot be measured', async () => {
  const measure = vi.fn(() => Promise.reject(new NeurodexError('usage', 'there is no query')));
  const desk = reportDesk(measure, () => {}, 0.01);
  await desk.ask('a', 'one');
  await pause(50);
  const state = await desk.ask('a', 'one');
  expect(state).toEqual({ status: 'failed', code: 'report-impossible', reason: 'there is no query' });
  expect(measure).toHaveBeenCalledTimes(1);
  await desk.close();
});

it('measures another version of an index anew, and tells nothing of the one before', async () => {
  const asked: string[] = [];
  const desk = reportDesk(
    async (index, digest) => {
      asked.push(`${index} ${digest}`);
      return { ...REPORT, split: digest } as unknown as MeasuredReport;
    },
    () => {},
  );
  await vi.waitFor(async () => expect(await desk.ask('a', 'one')).toMatchObject({ split: 'one' }));
  expect(await desk.ask('a', 'two')).toMatchObject({ status: 'measuring' });
  await vi.waitFor(async () => expect(await desk.ask('a', 'two')).toMatchObject({ split: 'two' }));
  expect(asked).toEqual(['a one', 'a two']);
  await desk.close();
});
