import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { defined } from '@neurodex/core';
import { afterEach, expect, test } from 'vitest';
import { type SteadyLoad, steadyLoad } from './steady-load.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** A load of two pictures over three connections, on a server in this process. */
async function loaded(answer: RequestListener): Promise<SteadyLoad> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const address = defined(server.address() ?? undefined, 'the address');
  if (typeof address === 'string') throw new Error('it listens on a port');
  const pictures = [Buffer.from('first'), Buffer.from('the second')];
  const at = { address: `http://127.0.0.1:${address.port}`, pid: process.pid, stop: async () => {} };
  return await steadyLoad(at, 3, 0.3, { pictures, k: 7 });
}

test('a steady load sends every picture in turn, and counts answers that arrive in pieces', async () => {
  const seen = new Map<string, number>();
  const load = await loaded(async (request, response) => {
    const body = await bodyOf(request);
    seen.set(
      `${request.method} ${request.url} ${body}`,
      (seen.get(`${request.method} ${request.url} ${body}`) ?? 0) + 1,
    );
    response.setHeader('content-length', 2000);
    response.write('x'.repeat(1000));
    setTimeout(() => response.end('y'.repeat(1000)), 5);
  });
  const [first = 0, second = 0] = ['first', 'the second'].map((body) =>
    seen.get(`POST /v1/search?system=dsi&k=7 ${body}`),
  );
  expect(seen.size).toBe(2);
  expect(Math.abs(first - second)).toBeLessThanOrEqual(3);
  expect(load.answers).toBeGreaterThan(0);
  // Those of the ramp are not counted.
  expect(load.answers).toBeLessThan(first + second);
  expect(load.p50).toBeGreaterThanOrEqual(4);
  expect(load.p99).toBeGreaterThanOrEqual(load.p50);
  expect(load.clientSeconds).toBeGreaterThan(0);
});

test('a steady load is given up at a refusal, and where a connection ends', async () => {
  await expect(loaded((_, response) => response.writeHead(503).end('busy'))).rejects.toThrow('HTTP/1.1 503');
  await expect(loaded((request) => request.socket.end())).rejects.toThrow('ended a connection');
});
