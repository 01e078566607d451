import { expect, test } from 'vitest';
import { benchmark } from './attack-server.ts';
import { describeMachine } from './machine.ts';

/** The attack in small: every kind of request and of stall, for some seconds. Memory and times are for the benchmark itself. */
test('a server under attack answers everything, and as before when it is over', async () => {
  const { sides, targets } = await benchmark.run({
    machine: describeMachine(),
    flags: { uploads: '320', forms: '200', connections: '24', seconds: '8', catalogue: '60' },
    log: () => {},
  });
  const { statuses, wrong, answersAreTheSame, stalled } = sides.server as {
    statuses: Record<string, Record<string, number>>;
    wrong: string[];
    answersAreTheSame: boolean;
    stalled: { longestSeconds: Record<string, number> };
  };
  expect(wrong).toEqual([]);
  expect(answersAreTheSame).toBe(true);
  expect(Object.keys(stalled.longestSeconds)).toHaveLength(12);
  const only = (kind: string): string[] => Object.keys(statuses[kind] ?? {}).sort();
  expect(only('valid')).toEqual(['200']);
  expect(only('valid, chunked')).toEqual(['200']);
  expect(only('of another origin')).toEqual(['403']);
  expect(only('too large')).toEqual(['413']);
  expect(only('too large, chunked')).toEqual(['413']);
  expect(only('too large, only announced')).toEqual(['413']);
  expect(only('of many at once')).toEqual(['404']);
  expect(only('by another method')).toEqual(['405']);
  expect(only('that ends too early')).toEqual(['400']);
  expect(Object.values(statuses).flatMap((counts) => Object.keys(counts))).not.toContain('no answer');
  expect(targets.map(({ name }) => name)).toContain('statuses of 500 and refusals without a code');
}, 180_000);
