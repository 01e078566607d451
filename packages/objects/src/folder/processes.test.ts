import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../open-store.ts';
import { runUsers } from '../store-users.fixture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-processes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('of puts under a condition by several processes, exactly one at a time wins', async () => {
  const place = join(folder, 'store');
  const task = { place, environment: {} } as const;
  const keys = Array.from({ length: 30 }, (_, i) => `claims/${i}`);
  const [won, lost] = await Promise.all([
    runUsers<string[]>(['a', 'b', 'c'].map((name) => ({ ...task, kind: 'claim', keys, name }))),
    runUsers<number>([1, 2, 3].map(() => ({ ...task, kind: 'count', key: 'count', times: 25 }))),
  ]);
  const store = await openStore(place, { environment: {}, reporter: silentReporter });
  const text = async (key: string) => new TextDecoder().decode((await store.get(key))?.content);
  expect(won.flat().sort()).toEqual([...keys].sort());
  for (const [i, name] of ['a', 'b', 'c'].entries()) for (const key of won[i] ?? []) expect(await text(key)).toBe(name);
  expect(await text('count')).toBe('75');
  expect(lost).toHaveLength(3);
  expect(await readdir(join(place, '.locks'))).toEqual([]);
  expect(await readdir(join(place, '.partial'))).toEqual([]);
}, 120_000);
