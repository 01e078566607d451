import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fault, FaultyProxy } from '../../../objects/src/s3/faulty-proxy.fixture.ts';
import { SECRETS } from '../../../objects/src/s3/open-s3.fixture.ts';
import { TinyS3 } from '../../../objects/src/s3/tiny-s3.fixture.ts';
import { ROUTER_KEY } from '../shards/records.ts';
import type { SearchResponse } from './api/schemas.ts';
import { neurodexClient } from './client.ts';
import { serveForTest } from './served.fixture.ts';
import { ServedPlace } from './served-place.fixture.ts';
import type { Serving } from './start-server.ts';

/** An index in shards in a bucket that is slow, denies access, loses objects or returns others. */

// Several servers start in one test.
vi.setConfig({ testTimeout: 240_000 });

let served: ServedPlace;
let bucket: TinyS3;
let proxy: FaultyProxy;
let server: Serving;
let faults: string[] = [];
let count = 0;
const PLACE = 's3://bucket/p/photos';

const environment = (address: string) => ({
  AWS_ENDPOINT_URL: address,
  ...SECRETS,
  NEURODEX_CACHE: served.at(`cache-${count}`),
});

/** Puts the files of a folder into the bucket. */
async function upload(place: string): Promise<void> {
  const store = await openStore(PLACE, { environment: environment(bucket.address), reporter: silentReporter });
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    if (!/\.locks|\.partial/.test(path)) await store.put(path.slice(place.length + 1), readFileSync(path));
  }
}

/** A server with an empty cache, of whose store one shard's record has a fault. */
async function start(timeout: number, shard: number, fault: Fault): Promise<void> {
  const { sha256 } = JSON.parse(readFileSync(join(served.place, ROUTER_KEY), 'utf8')).shards[shard].record;
  proxy.faults = ({ path, method }) => (method === 'GET' && path.includes(sha256) ? fault : undefined);
  await serve(timeout);
}

async function serve(timeout: number): Promise<void> {
  count++;
  faults = [];
  server = await serveForTest([PLACE], {
    environment: environment(proxy.address),
    faults,
    shards: { urls: [], asked: ServedPlace.SHARDS, timeout },
  });
}

const search = async (): Promise<SearchResponse> =>
  neurodexClient({ server: server.address }).search(new Uint8Array(await served.picture('0/0.png')), { k: 1000 });
const shardsIn = ({ results }: SearchResponse): string[] =>
  [...new Set(results[0]?.answers.map(({ picture }) => picture.identifier?.split('/', 1)[0] ?? ''))].sort();

beforeAll(async () => {
  served = await ServedPlace.create();
  bucket = await TinyS3.start();
  proxy = await FaultyProxy.start(bucket.address);
  await upload(served.place);
}, 300_000);
afterEach(async () => {
  await server?.stop();
  for (const secret of Object.values(SECRETS)) expect(faults.join()).not.toContain(secret);
});
afterAll(async () => {
  await proxy?.stop();
  await bucket?.stop();
  await served?.remove();
});

describe('a store', () => {
  it.each<[string, Fault]>([
    ['denies access to an object', { kind: 'status', status: 403 }],
    ['has lost an object', { kind: 'status', status: 404 }],
    ['returns wrong bytes', { kind: 'wrong bytes' }],
  ])('that %s costs the answers of one shard, and no longer than that lasts', async (_, fault) => {
    await start(20, 2, fault);
    const answer = await search();
    expect([answer.partial, shardsIn(answer)]).toEqual([true, ['0', '1']]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('a shard was left out of answers');
    proxy.faults = () => undefined;
    const whole = await search();
    expect([whole.partial, shardsIn(whole)]).toEqual([false, ['0', '1', '2']]);
  });

  it('that is slow delays nobody for longer than a shard may take, and the shard is there afterwards', async () => {
    await start(0.5, 1, { kind: 'slow', milliseconds: 6000 });
    const before = performance.now();
    const answer = await search();
    expect(performance.now() - before).toBeLessThan(4000);
    expect([answer.partial, shardsIn(answer)]).toEqual([true, ['0', '2']]);
    await vi.waitFor(async () => expect((await search()).partial).toBe(false), { timeout: 20_000, interval: 200 });
  });

  it('whose router changes is followed, within some seconds', async () => {
    proxy.faults = () => undefined;
    await serve(20);
    const whole = await search();
    const place = served.copy('changed');
    const gone = await served.removePicture(place, 1);
    await upload(place);
    const names = ({ results }: SearchResponse) => results[0]?.answers.map(({ picture }) => picture.name) ?? [];
    await vi.waitFor(
      async () => {
        const now = await search();
        expect(now.partial).toBe(false);
        expect(names(now)).not.toContain(gone);
        expect(names(now)).toHaveLength(names(whole).length - 1);
      },
      { timeout: 20_000, interval: 300 },
    );
    expect(faults).toEqual([]);
  });
});
