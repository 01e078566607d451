import Module from 'node:module';
import { expect, it } from 'vitest';
import { driverContract } from './driver.contract.ts';
import { DRIVERS } from './drivers.ts';
import { local } from './local.ts';

driverContract({ name: 'local', driver: local });

it('loads no client of a queue, nor does the table of all drivers', async () => {
  const loaded = (): string[] =>
    Object.keys((Module as unknown as { readonly _cache: object })._cache).filter((file) => file.includes('bullmq'));
  expect(Object.keys(DRIVERS)).toContain('bullmq');
  expect(loaded()).toEqual([]);
  await import('bullmq');
  expect(loaded()).not.toEqual([]);
});
