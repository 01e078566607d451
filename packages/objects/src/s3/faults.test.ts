import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { downloadContent, getContent, putContent } from '../content.ts';
import { type Fault, FaultyProxy } from './faulty-proxy.fixture.ts';
import { PART_BYTES } from './multipart-upload.ts';
import { everythingOf, openS3, SECRETS } from './open-s3.fixture.ts';
import { PIECE_BYTES } from './s3-reader.ts';
import { TinyS3 } from './tiny-s3.fixture.ts';

let tiny: TinyS3;
let proxy: FaultyProxy;
let folder: string;
beforeAll(async () => {
  tiny = await TinyS3.start();
  proxy = await FaultyProxy.start(tiny.address);
  folder = await mkdtemp(join(tmpdir(), 'neurodex-faults-'));
});
afterAll(async () => {
  await proxy.stop();
  await tiny.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  proxy.faults = () => undefined;
  tiny.objects.clear();
  tiny.requests.length = 0;
});

const text = (content: string) => new TextEncoder().encode(content);
const failure = async (work: Promise<unknown>): Promise<NeurodexError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
};

/** Each of the first requests fails in a way of its own. */
const firstFail = (...faults: readonly Fault[]) => {
  const left = [...faults];
  proxy.faults = () => left.shift();
};

/** For objects that take their time. */
const PATIENT = { patience: { total: 30_000, attempt: 20_000, stall: 10_000 } };

const PASSING: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'lost' },
  { kind: 'hang' },
  ...[429, 500, 502, 503, 504].map((status): Fault => ({ kind: 'status', status })),
  { kind: 'status', status: 503, headers: { 'retry-after': '0' }, body: '<Error><Code>SlowDown</Code></Error>' },
  { kind: 'status', status: 400, body: '<Error><Code>RequestTimeout</Code></Error>' },
];

describe('a store that fails for a while', () => {
  it.each(PASSING)('is tried again, and the reporter is told: $kind $status', async (fault) => {
    const { store, told } = await openS3(proxy.address, { patience: { total: 20_000 } });
    const uses = [
      () => store.put('a', text('x')),
      () => store.get('a'),
      () => store.stat('a'),
      () => store.download('a', join(folder, 'a')),
      async () => {
        for await (const { key } of store.list('')) expect(key).toBe('a');
      },
      () => store.delete('a'),
    ];
    for (const use of uses) {
      firstFail(fault, fault);
      const before = told.length;
      await use();
      expect(told.length).toBeGreaterThanOrEqual(before + 2);
      expect(told.at(-1)).toMatch(/^s3:\/\/bucket\/p: .*; trying again in \d/);
    }
  });

  it('is survived as long as the outage lasts, and no attempt waits for ever', async () => {
    const { store } = await openS3(proxy.address, { patience: { total: 20_000 } });
    const until = performance.now() + 1500;
    proxy.faults = () => (performance.now() < until ? { kind: 'status', status: 503 } : undefined);
    await store.put('a', text('x'));
    expect(performance.now()).toBeGreaterThan(until);
    expect(tiny.objects.has('p/a')).toBe(true);
  });

  it('is given up in the end, with what was wrong', async () => {
    const { store } = await openS3(proxy.address, { patience: { total: 300 } });
    proxy.faults = () => ({ kind: 'status', status: 503 });
    const error = await failure(store.get('a'));
    expect(error).toMatchObject({ code: 'store-unreachable', hint: expect.stringContaining('check the network') });
    expect(error.message).toMatch(
      /^s3:\/\/bucket\/p cannot be reached: the server answered 503, (once|\d+ times) within \d+ s$/,
    );
  });

  it('that nobody answers for is given up too', async () => {
    const gone = await FaultyProxy.start(tiny.address);
    const { store, told } = await openS3(gone.address, { patience: { total: 300 } });
    await gone.stop();
    const error = await failure(store.get('a'));
    expect(error).toMatchObject({
      code: 'store-unreachable',
      message: expect.stringContaining('the connection was refused'),
    });
    for (const secret of Object.values(SECRETS)) expect(everythingOf(error)).not.toContain(secret);
    expect(told.length).toBeGreaterThan(2);
  });

  it('is not waited for longer than it asks, or than there is time', async () => {
    const { store } = await openS3(proxy.address);
    proxy.faults = () => ({ kind: 'status', status: 503, headers: { 'retry-after': '3600' } });
    const begin = performance.now();
    expect(await failure(store.get('a'))).toMatchObject({ code: 'store-unreachable' });
    expect(performance.now() - begin).toBeLessThan(1500);
  });

  it('a slow answer is an answer', async () => {
    const { store, told } = await openS3(proxy.address);
    proxy.faults = () => ({ kind: 'slow', milliseconds: 100 });
    await store.put('a', text('x'));
    expect((await store.get('a'))?.content).toEqual(text('x'));
    expect(told).toEqual([]);
  });
});

describe('a store that refuses', () => {
  it.each([
    [403, 'AccessDenied', 'store-denied', /permissions/],
    [403, 'SignatureDoesNotMatch', 'store-denied', /AWS_SECRET_ACCESS_KEY/],
    [403, 'RequestTimeTooSkewed', 'store-denied', /clock/],
    [400, 'ExpiredToken', 'store-denied', /AWS_SESSION_TOKEN/],
    [401, '', 'store-denied', /permissions/],
    [404, 'NoSuchBucket', 'store-missing', /AWS_ENDPOINT_URL/],
    [404, '', 'store-missing', /AWS_ENDPOINT_URL/],
    [301, 'PermanentRedirect', 'store-refused', /AWS_REGION to eu-west-1/],
    [400, 'AuthorizationHeaderMalformed', 'store-refused', /AWS_REGION/],
    [418, '', 'store-refused', /speaks S3/],
  ] as const)('with %i %s is not asked again: %s', async (status, code, ours, hint) => {
    const { store, told } = await openS3(proxy.address);
    const body =
      code === ''
        ? '<html>no'
        : `<Error><Code>${code}</Code><Message>said ${SECRETS.AWS_SECRET_ACCESS_KEY}</Message></Error>`;
    proxy.faults = () => ({ kind: 'status', status, body, headers: { 'x-amz-bucket-region': 'eu-west-1' } });
    const before = proxy.count;
    for (const use of [() => store.get('a'), () => store.put('a', text('x')), () => store.delete('a')]) {
      const error = await failure(use());
      expect(error).toMatchObject({ code: ours, hint: expect.stringMatching(hint) });
      for (const secret of Object.values(SECRETS)) expect(everythingOf(error)).not.toContain(secret);
    }
    expect(proxy.count).toBe(before + 3);
    expect(told).toEqual([]);
  });

  it('that is no store of S3 is told', async () => {
    const { store } = await openS3(proxy.address);
    proxy.faults = () => ({ kind: 'status', status: 200, body: '<html>welcome</html>' });
    for (const use of [
      () => store.get('a'),
      () => store.put('a', text('x')),
      async () => {
        for await (const _ of store.list('')) expect.unreachable();
      },
    ])
      expect(await failure(use())).toMatchObject({ code: 'store-refused' });
  });
});

describe('whatever a server answers', () => {
  const answer = fc.record({
    kind: fc.constant('status' as const),
    status: fc.oneof(fc.constantFrom(200, 204, 206, 304, 404, 409, 412, 416), fc.integer({ min: 200, max: 599 })),
    body: fc.oneof(
      fc.constantFrom('', 'x', '<Error><Code>NoSuchKey</Code></Error>', '<ListBucketResult/>', '<html>', '{}'),
      fc.string({ maxLength: 30 }),
    ),
    headers: fc.dictionary(
      fc.constantFrom('etag', 'content-range', 'retry-after', 'x-amz-bucket-region', 'location'),
      fc.oneof(
        fc.constantFrom('"a"', 'bytes 0-0/1', 'bytes 0-9/10', 'bytes */0', '9'),
        fc.string({ unit: fc.constantFrom(...'ab19-/"*') }),
      ),
    ),
  });

  it('is a result or an error of ours', async () => {
    const { store } = await openS3(proxy.address, { patience: { total: 20 } });
    const path = join(folder, 'any');
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 4 }), async (answers) => {
        let at = 0;
        proxy.faults = () => answers[at++ % answers.length];
        for (const use of [
          () => store.get('a'),
          () => store.get('a', { start: 3, end: 9 }),
          () => store.stat('a'),
          () => store.put('a', text('x')),
          () => store.delete('a'),
          () => store.download('a', path),
          async () => {
            for await (const { key } of store.list('')) expect(key).not.toBe('');
          },
        ]) {
          const error = await use().then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error !== undefined) expect(error).toBeInstanceOf(NeurodexError);
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

describe('what breaks on its way', () => {
  const content = randomBytes(PIECE_BYTES * 2 + 5);

  it('is fetched again, piece by piece', async () => {
    const { store } = await openS3(proxy.address, PATIENT);
    await store.put('a', content.subarray(0, PART_BYTES));
    const faults: Fault[] = [{ kind: 'truncated' }, { kind: 'shortened' }, { kind: 'reset' }, { kind: 'truncated' }];
    proxy.faults = ({ method }) => (method === 'GET' ? faults.shift() : undefined);
    const path = join(folder, 'broken');
    expect((await store.download('a', path))?.bytes).toBe(PART_BYTES);
    expect(content.subarray(0, PART_BYTES).equals(await readFile(path))).toBe(true);
    expect(faults).toEqual([]);
  });

  it('is sent again', async () => {
    const { store } = await openS3(proxy.address, PATIENT);
    const path = join(folder, 'sent');
    await writeFile(path, content);
    const faults: Fault[] = [
      { kind: 'wrong request' },
      { kind: 'lost' },
      { kind: 'reset' },
      { kind: 'status', status: 500 },
    ];
    proxy.faults = ({ method }) => (method === 'PUT' ? faults.shift() : undefined);
    await store.put('a', { file: path });
    expect(tiny.objects.get('p/a')?.content.equals(content)).toBe(true);
    expect([faults, tiny.uploads.size]).toEqual([[], 0]);
  });

  it('an end of an upload whose answer was lost is found', async () => {
    const { store } = await openS3(proxy.address, PATIENT);
    let lost = 0;
    proxy.faults = ({ method, path }) =>
      method === 'POST' && path.includes('uploadId') && lost++ === 0 ? { kind: 'lost' } : undefined;
    const put = await store.put('a', content);
    expect(put).toEqual({ written: true, etag: (await store.stat('a'))?.etag });
    expect(lost).toBeGreaterThan(1);
  });

  it('an upload that fails is given up on the server too', async () => {
    const { store } = await openS3(proxy.address);
    proxy.faults = ({ path }) => (path.includes('partNumber=2') ? { kind: 'status', status: 403 } : undefined);
    expect(await failure(store.put('a', content))).toMatchObject({ code: 'store-denied' });
    expect([tiny.uploads.size, tiny.objects.size]).toEqual([0, 0]);
  });

  it('wrong bytes of an object that is named by its digest are never handed out', async () => {
    const { store } = await openS3(proxy.address);
    const object = await putContent(store, text('the content'));
    proxy.faults = ({ method }) => (method === 'GET' ? { kind: 'wrong bytes' } : undefined);
    expect(await failure(getContent(store, object))).toMatchObject({ code: 'object-damaged' });
    const path = join(folder, 'wrong');
    expect(await failure(downloadContent(store, object, path))).toMatchObject({ code: 'object-damaged' });
    expect(await readdir(folder)).not.toContain('wrong');
  });

  it('an object that is replaced while it is read is read from the start', async () => {
    const { store } = await openS3(proxy.address, PATIENT);
    const [one, two] = [Buffer.alloc(PIECE_BYTES + 9, 1), Buffer.alloc(PIECE_BYTES + 3, 2)];
    await store.put('a', one);
    let reads = 0;
    proxy.faults = () => {
      if (reads++ === 1) tiny.objects.set('p/a', { content: two, etag: '"two"', meta: {} });
      return undefined;
    };
    const found = await store.get('a');
    expect(found?.etag).toBe('two');
    expect(two.equals(found?.content ?? new Uint8Array())).toBe(true);
  });
});

describe('a put under a condition whose answer is lost', () => {
  it('is told as written where it was', async () => {
    const { store } = await openS3(proxy.address);
    expect(await store.put('warm', text('x'), { condition: 'absent' })).toMatchObject({ written: true });
    firstFail({ kind: 'lost' });
    const put = await store.put('a', text('x'), { condition: 'absent' });
    expect(put).toEqual({ written: true, etag: (await store.stat('a'))?.etag });
    await store.put('a', text('y'), { condition: { etag: (put as { etag: string }).etag } });
    firstFail({ kind: 'lost' });
    const { etag } = (await store.stat('a')) ?? { etag: '' };
    firstFail({ kind: 'lost' });
    expect(await store.put('a', text('z'), { condition: { etag } })).toMatchObject({ written: true });
    expect((await store.get('a'))?.content).toEqual(text('z'));
  });

  it('is told as not written where another writer was first, even with the same bytes', async () => {
    const { store } = await openS3(proxy.address);
    await store.put('warm', text('x'), { condition: 'absent' });
    await store.put('a', text('x'));
    firstFail({ kind: 'lost' });
    expect(await store.put('a', text('x'), { condition: 'absent' })).toEqual({ written: false });
  });
});

describe('a signal', () => {
  it('ends a wait, an attempt and an upload as interrupted', async () => {
    const begin = performance.now();
    for (const fault of [{ kind: 'hang' }, { kind: 'status', status: 503 }] as const) {
      const stop = new AbortController();
      const { store } = await openS3(proxy.address, {
        signal: stop.signal,
        patience: { total: 60_000, attempt: 60_000, stall: 60_000, firstWait: 60_000, longestWait: 60_000 },
      });
      proxy.faults = () => fault;
      for (const use of [() => store.get('a'), () => store.put('a', Buffer.alloc(PART_BYTES + 1))]) {
        setTimeout(() => stop.abort(), 50);
        expect(await failure(use())).toMatchObject({ code: 'interrupted' });
      }
    }
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
