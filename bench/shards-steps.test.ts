import { expect, test } from 'vitest';
import { StepLog, stepOf } from './shards-steps.ts';

test.each([
  ['GET', '/bucket/p/shards/00003.json', { kind: 'begin', shard: 3 }],
  ['PUT', '/bucket/p/shards/00012.json', { kind: 'commit', shard: 12 }],
  ['PUT', '/bucket/p/checkpoints/00000.json?x=1', { kind: 'checkpoint', shard: 0 }],
  ['GET', '/bucket/p/checkpoints/00000.json', undefined],
  ['PUT', `/bucket/p/objects/${'0'.repeat(64)}`, undefined],
  ['GET', '/bucket/p/plan.json', undefined],
] as const)('%s %s', (method, path, step) => {
  expect(stepOf(method, path)).toEqual(step);
});

test('work that is lost is what a process has done since its last step, and an interval is between two of one shard', () => {
  const log = new StepLog();
  const add = (kind: 'begin' | 'checkpoint' | 'commit', shard: number, pid: number, cpuSeconds: number) =>
    log.add({ kind, shard, pid, cpuSeconds });
  expect([log.isWorking(1), log.since(1, 9)]).toEqual([false, 0]);
  add('begin', 0, 1, 2);
  expect([log.isWorking(1), log.since(1, 5)]).toEqual([true, 3]);
  add('checkpoint', 0, 1, 6);
  expect(log.since(1, 6.5)).toBe(0.5);
  // Another process goes on behind the checkpoint.
  add('begin', 0, 2, 1);
  add('commit', 0, 2, 4);
  expect([log.isWorking(2), log.since(2, 100), log.committed]).toEqual([false, 0, 1]);
  expect(log.longestInterval).toBe(4);
  // Processor time between two tasks is of none of them.
  add('begin', 1, 2, 50);
  add('commit', 1, 2, 51);
  expect([log.longestInterval, log.committed]).toEqual([4, 2]);
});
