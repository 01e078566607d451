import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type NeurodexClient, neurodexClient } from './client.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { circle, makeIndex } from './served.fixture.ts';
import { startWorkers, type Workers } from './workers.ts';

/** Processes that share a port, of which one writes for all. */
let root = '';
let workers: Workers;
/** Each call has a connection of its own: now one process answers, now another. */
let client: NeurodexClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-changes-workers-'));
  const index = await makeIndex(root, 'shapes', { written: true, systems: ['pixels'] });
  workers = await startWorkers(
    {
      indexes: [index],
      port: 0,
      host: '127.0.0.1',
      cors: [],
      allowHosts: [],
      writeToken: 'write',
      limits: DEFAULT_LIMITS,
      device: 'cpu',
      cores: 1,
      reporter: silentReporter,
      reports: { ask: async () => ({ status: 'measuring', done: 3, total: 10 }), close: async () => {} },
    },
    2,
  );
  client = neurodexClient({
    server: workers.address,
    token: 'write',
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, connection: 'close' } }),
  });
}, 180_000);
afterAll(async () => {
  await workers?.stop();
  await rm(root, { recursive: true, force: true });
});

/** What processes say, asked often enough that all have been asked. */
const told = async <T>(ask: () => Promise<T>): Promise<Set<T>> => {
  const all = new Set<T>();
  for (let i = 0; i < 12; i++) all.add(await ask());
  return all;
};

it('what one process adds is soon found by all, and what one removes no process shows', async () => {
  const sent = await Promise.all(
    [13, 14, 15, 16].map(async (i) =>
      client.addPictures('shapes', [{ name: `${i}.png`, file: new Blob([Uint8Array.from(await circle(2, i))]) }]),
    ),
  );
  expect(sent.map(({ added }) => added.length)).toEqual([1, 1, 1, 1]);
  const count = async () => (await client.indexes())[0]?.changes.added;
  await vi.waitFor(async () => expect(await told(count)).toEqual(new Set([4])), { timeout: 60_000, interval: 200 });

  const [first] = sent[0]?.added ?? [];
  const id = first?.id ?? '';
  await client.removePicture('shapes', id);
  const code = () =>
    client.picture('shapes', id).then(
      () => 'shown',
      (error: { code: string }) => error.code,
    );
  expect(await told(code)).toEqual(new Set(['picture-unknown']));
  await expect(client.removePicture('shapes', id)).rejects.toMatchObject({ code: 'picture-unknown' });
}, 120_000);
