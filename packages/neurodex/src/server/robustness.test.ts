import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { Random } from '@neurodex/autograd';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problem, searchResponse } from './api/schemas.ts';
import { parseAnswer, send, sendBytes } from './raw-http.fixture.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** What strangers may send: whatever it is, it gets a proper answer and leaves nothing behind. */

let root = '';
let server: Serving;
const faults: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-robust-'));
  const index = await makeIndex(root, 'shapes');
  server = await serveForTest([index], {
    faults,
    limits: { bodyBytes: 200_000, maxPixels: 4_000_000, requestSeconds: 1 },
  });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

/** A PNG of one colour that says it has any size: little to send, much to decode. */
function bomb(width: number, height: number, rows = height): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc(Math.min(rows * (width + 1), 2 ** 24)));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="http://127.0.0.1:1/x"/></svg>';

/** Real files of every kind, and things that look like some. */
async function seeds(): Promise<Buffer[]> {
  const picture = sharp(await circle(0, 3));
  const encoded = await Promise.all([
    picture.clone().png().toBuffer(),
    picture.clone().png({ progressive: true }).toBuffer(),
    picture.clone().jpeg().toBuffer(),
    picture.clone().jpeg({ progressive: true }).toBuffer(),
    picture.clone().webp().toBuffer(),
    picture.clone().webp({ lossless: true }).toBuffer(),
    picture.clone().gif().toBuffer(),
    picture.clone().tiff().toBuffer(),
    picture.clone().avif({ effort: 0 }).toBuffer(),
  ]);
  const [png = Buffer.alloc(0), , jpeg = Buffer.alloc(0), , , , gif = Buffer.alloc(0)] = encoded;
  const polyglots = [
    // A JPEG that goes on as a page, a GIF that is a script, a PNG with an archive behind it, one in the other.
    Buffer.concat([jpeg, Buffer.from('<html><script>alert(1)</script>')]),
    Buffer.concat([Buffer.from('GIF89a/*'), gif.subarray(8), Buffer.from('*/=1;alert(1)')]),
    Buffer.concat([png, Buffer.from('PK\x03\x04'), Buffer.alloc(60)]),
    Buffer.concat([png.subarray(0, 40), jpeg]),
    Buffer.concat([Buffer.from('\xff\xd8\xff\xe0', 'latin1'), png]),
    Buffer.from('%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>'),
    Buffer.from(SVG),
    Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${SVG}`),
    Buffer.from('RIFF\xff\xff\xff\xffWEBPVP8X', 'latin1'),
  ];
  const bombs = [
    bomb(60_000, 60_000, 1),
    bomb(1_999, 2_000),
    bomb(2 ** 31 - 1, 1, 1),
    bomb(1, 2 ** 31 - 1, 1),
    bomb(0, 0),
  ];
  return [...encoded, ...polyglots, ...bombs];
}

/** Cut short, overwritten, repeated, or noise altogether. */
function damaged(random: Random, files: readonly Buffer[], i: number): Uint8Array {
  const number = (below: number): number => random.integer(below);
  const file = files[i % files.length] as Buffer;
  const noise = new Uint8Array(1 + number(2000));
  random.fillBytes(noise);
  switch (number(6)) {
    case 0:
      return noise;
    case 1:
      return file.subarray(0, number(file.length + 1));
    case 2: {
      const out = Buffer.from(file);
      for (let n = 1 + number(8); n > 0; n--) out[number(out.length)] = number(256);
      return out;
    }
    case 3: {
      // Lengths and sizes are in the first bytes.
      const out = Buffer.from(file);
      for (let n = 1 + number(4); n > 0; n--)
        out[number(Math.min(64, out.length))] = [0, 1, 0x7f, 0x80, 0xff][number(5)] as number;
      return out;
    }
    case 4: {
      const at = number(file.length);
      return Buffer.concat([file.subarray(0, at), noise.subarray(0, 50), file.subarray(at)]);
    }
    default:
      return file;
  }
}

const TYPES = [
  'image/png',
  'image/jpeg',
  'image/svg+xml',
  'application/octet-stream',
  'multipart/form-data; boundary=b',
];

const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;

describe('uploads', () => {
  it('of a thousand damaged, disguised and hostile files are all answered, and leave nothing behind', async () => {
    const random = Random.seeded(20);
    const files = await seeds();
    const statuses = new Map<number, number>();
    const one = async (i: number): Promise<void> => {
      const contents = damaged(random, files, i);
      const type = TYPES[Math.floor(random.uniform() * TYPES.length)] as string;
      const form = type.startsWith('multipart') && random.uniform() < 0.8;
      const body = form
        ? Buffer.concat([
            Buffer.from('--b\r\nContent-Disposition: form-data; name="picture"; filename="../../x.png"\r\n\r\n'),
            contents,
            Buffer.from(random.uniform() < 0.8 ? '\r\n--b--\r\n' : '\r\n--'),
          ])
        : contents;
      const {
        status,
        body: answer,
        headers,
      } = await send(server.address, {
        path: '/v1/search?system=dsi&k=1',
        headers: { 'content-type': type },
        body,
      });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const told = JSON.parse(answer.toString());
      if (status === 200) {
        searchResponse.parse(told);
        return;
      }
      expect([400, 422], answer.toString()).toContain(status);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(problem.parse(told).status).toBe(status);
      expect(answer.toString()).not.toMatch(/node_modules|\/work|\/tmp|\.ts:|\bat /);
    };
    const many = async (from: number, to: number): Promise<void> => {
      let next = from;
      const lane = async (): Promise<void> => {
        while (next < to) await one(next++);
      };
      await Promise.all(Array.from({ length: 8 }, lane));
    };
    await many(0, 200);
    const [filesBefore, memoryBefore] = [await openFiles(), process.memoryUsage().rss];
    await many(200, 1000);
    // Sockets of the last answers are still closing.
    await pause(100);
    expect(await openFiles()).toBeLessThanOrEqual(filesBefore + 5);
    expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(150e6);
    expect(statuses.get(200)).toBeGreaterThan(100);
    expect(statuses.get(422)).toBeGreaterThan(300);
    expect(faults).toEqual([]);
    expect((await send(server.address, { path: '/readyz' })).status).toBe(200);
  }, 60_000);

  it('that would be large when decoded are refused by their header', async () => {
    const { status, body } = await send(server.address, {
      path: '/v1/search',
      headers: { 'content-type': 'image/png' },
      body: bomb(60_000, 60_000, 1),
    });
    expect(status).toBe(422);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'picture-too-large', hint: 'scale it down' });
  });

  it('that are too large are refused before they are read', async () => {
    const head =
      'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nConnection: close\r\nContent-Length: 999999999\r\n\r\n';
    const { status, body } = parseAnswer(await sendBytes(server.address, head));
    expect([status, JSON.parse(body).code]).toEqual([413, 'body-too-large']);
  });

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['image/', 415],
    ['image/*', 415],
    ['multipart/form-data', 400],
    ['application/json; charset=utf-16', 400],
    ['', 415],
    ['\u00ff', 415],
  ])('of the type %j are answered with %i', async (type, status) => {
    const answer = await send(server.address, { path: '/v1/search', headers: { 'content-type': type }, body: 'hello' });
    expect([answer.status, JSON.parse(answer.body.toString()).status]).toEqual([status, status]);
  });

  it('in compressed form are not unpacked', async () => {
    const answer = await send(server.address, {
      path: '/v1/search',
      headers: { 'content-type': 'image/png', 'content-encoding': 'gzip' },
      body: deflateSync(await circle(0, 1)),
    });
    expect(answer.status).toBe(422);
  });

  it.each([
    [
      'two files',
      '--b\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="picture"; filename="b"\r\n\r\ny\r\n--b--\r\n',
    ],
    ['a field', '--b\r\nContent-Disposition: form-data; name="picture"\r\n\r\nx\r\n--b--\r\n'],
    ['another name', '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'],
    ['nothing', '--b--\r\n'],
    ['no end', '--b\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nx'],
    ['no beginning', 'x'],
    ['an endless head', `--b\r\n${'X: y\r\n'.repeat(1000)}`],
    [
      'a prototype',
      '--b\r\nContent-Disposition: form-data; name="__proto__"; filename="constructor"\r\n\r\nx\r\n--b--\r\n',
    ],
  ])('of forms with %s are malformed', async (_, body) => {
    const answer = await send(server.address, {
      path: '/v1/search',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body,
    });
    expect(answer.status, answer.body.toString()).toBe(400);
    expect(problem.parse(JSON.parse(answer.body.toString())).code).toBe('body-malformed');
  });

  it.each([
    '{"picture":"../../etc/passwd"}',
    '{"picture":"shapes.-1"}',
    '{"picture":"shapes.1e3"}',
    '{"picture":"http://127.0.0.1/x.png"}',
    '{"__proto__":{"picture":"shapes.0"}}',
    '[]',
    'null',
    '{"picture":"shapes.0","url":"http://127.0.0.1/"}',
    '\u0000',
    '{"picture":["shapes.0"]}',
  ])('that name %s are malformed, and nothing is fetched', async (body) => {
    const answer = await send(server.address, {
      path: '/v1/search',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
  });
});

describe('addresses', () => {
  it.each([
    '/v1/pictures/../../../../etc/passwd',
    '/v1/pictures/..%2f..%2f..%2fetc%2fpasswd',
    '/v1/pictures/%2e%2e/%2e%2e/index.json',
    '/v1/pictures/shapes.0/../../index.json',
    '/v1/pictures/shapes%00.0',
    '/v1/pictures/shapes.0%00',
    '/v1/pictures/shapes.01',
    '/v1/pictures/shapes.0.0',
    '/v1/pictures/%c0%ae%c0%ae',
    '/v1/indexes/__proto__',
    '/v1/indexes/constructor/pictures',
    '/v1/indexes/..%5c..%5cx/report',
    '//etc/passwd',
    '/.git/config',
    '/index.json',
    '/catalogue/catalogue.json',
    `/v1/indexes/${'x'.repeat(5000)}`,
    '/v1/indexes/%',
    '/v1/indexes/%ff',
  ])('%s lead nowhere', async (path) => {
    const { status, headers, body } = await send(server.address, { path });
    expect([400, 404, 414]).toContain(status);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    const told = problem.parse(JSON.parse(body.toString()));
    expect(told.status).toBe(status);
    expect(body.toString()).not.toContain('root:');
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('take no %s', async (method) => {
    const { status, headers } = await send(server.address, { method, path: '/v1/search' });
    expect([404, 405]).toContain(status);
    if (status === 405) expect(headers.allow).toBe('POST');
  });
});

describe('bytes that are no request', () => {
  it.each([
    ['nonsense', 'hello\r\n\r\n', 400],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 400],
    ['a header with a line feed', 'GET /healthz HTTP/1.1\r\nHost: a\nX: y\rz: 1\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
    ],
    [
      'a length and chunks',
      'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n', 400],
    ['a header without end', `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, 431],
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ])('(%s) are refused in the same form', async (_, bytes, status) => {
    const answer = parseAnswer(await sendBytes(server.address, bytes));
    expect(answer.status).toBe(status);
    if (answer.body !== '') expect(problem.parse(JSON.parse(answer.body)).status).toBe(status);
  });

  it('cannot write headers of answers', async () => {
    const evil = 'x%0d%0aSet-Cookie:%20a=b';
    for (const path of [
      `/v1/indexes/${evil}`,
      `/v1/pictures/${evil}`,
      `/v1/indexes/shapes/pictures?label=${evil}`,
      `/${evil}`,
    ]) {
      const { headers, status } = await send(server.address, { path });
      expect(headers['set-cookie'], path).toBeUndefined();
      expect([200, 400, 404]).toContain(status);
    }
  });

  it('that come too slowly are waited for no longer than a request may take', async () => {
    const before = await openFiles();
    const started = performance.now();
    const slow = Array.from({ length: 20 }, (_, i) =>
      sendBytes(server.address, 'POST /v1/search HTTP/1.1\r\nHost: localhost\r\n', {
        more: Array.from({ length: 200 }, () => `X-${i}: y\r\n`),
        pause: 50,
      }),
    );
    await pause(200);
    // Who is quick is served meanwhile.
    expect((await send(server.address, { path: '/v1/indexes' })).status).toBe(200);
    for (const answer of await Promise.all(slow)) expect(parseAnswer(answer).status).toBe(408);
    expect(performance.now() - started).toBeGreaterThan(900);
    await pause(50);
    expect(await openFiles()).toBeLessThanOrEqual(before + 3);
  });

  it('on more connections than there may be are not taken', async () => {
    const few = await serveForTest([join(root, 'shapes')], { limits: { connections: 2 } });
    const idle = [1, 2].map(() => sendBytes(few.address, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'));
    await pause(100);
    await expect(send(few.address, { path: '/healthz' })).rejects.toThrow();
    await few.stop();
    await Promise.all(idle);
  });
});
