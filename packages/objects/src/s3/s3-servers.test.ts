import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectStoreContract } from '../object-store.contract.ts';
import { openStore } from '../open-store.ts';
import { PART_BYTES } from './multipart-upload.ts';
import { findServer, missingServer, type RunningServer, S3_SERVERS, startServer } from './s3-servers.fixture.ts';

describe.each(S3_SERVERS)('a server of other people: $name', (kind) => {
  const program = findServer(kind);
  if (program === undefined) {
    it.skip(missingServer(kind), () => {});
    return;
  }

  let server: RunningServer;
  let count = 0;
  const open = (place: string, environment: Readonly<Record<string, string>> = {}) =>
    openStore(place, {
      environment: { ...server.environment, ...environment },
      reporter: silentReporter,
      patience: { total: 20_000 },
    });
  beforeAll(async () => {
    server = await startServer(kind, program);
  }, 150_000);
  afterAll(() => server?.stop());

  objectStoreContract({
    name: kind.name,
    open: () => open(`s3://${server.bucket}/contract/${count++}`),
    again: ({ place }) => open(place),
    largeBytes: 2 * PART_BYTES + 1,
    runs: 20,
    noRaces: kind.isAtomic ? undefined : 'it looks at conditions, and writes a moment later',
  });

  it('says that there is no such bucket', async () => {
    const store = await open('s3://no-such-bucket');
    for (const use of [
      () => store.get('a'),
      () => store.stat('a'),
      () => store.put('a', new Uint8Array()),
      async () => {
        for await (const _ of store.list('')) expect.unreachable();
      },
    ])
      await expect(use()).rejects.toMatchObject({
        code: 'store-missing',
        hint: expect.stringContaining('AWS_ENDPOINT_URL'),
      });
  });

  it.runIf(kind.checksSignatures)('refuses who may not use it, without their secrets', async () => {
    const wrong = { AWS_SECRET_ACCESS_KEY: 'another-secret-that-nobody-knows' };
    const denied = await open(`s3://${server.bucket}`, wrong);
    const error = await denied.get('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'store-denied' });
    expect(JSON.stringify([error, String(error)])).not.toContain(wrong.AWS_SECRET_ACCESS_KEY);
  });
});

describe('the servers of the tests', () => {
  it('may be missing, unless they are required', () => {
    for (const kind of S3_SERVERS) {
      const nowhere = { PATH: '/nowhere', NEURODEX_S3_SERVERS: '/nowhere/else' };
      expect(findServer(kind, nowhere)).toBeUndefined();
      expect(() => findServer(kind, { ...nowhere, NEURODEX_REQUIRE_S3: '1' })).toThrow(missingServer(kind));
    }
  });
});
