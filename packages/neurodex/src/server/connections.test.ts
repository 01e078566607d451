import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Connections, endWith } from './connections.ts';

const LARGE = Buffer.alloc(32 * 2 ** 20);
const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

let server: Server;
let connections: Connections;
const sockets: Socket[] = [];

/** A server of one large answer and one small, whose patience is over in a fraction of a second. */
async function serve(options: { most?: number; writeSeconds?: number } = {}): Promise<void> {
  server = createServer();
  connections = new Connections(server, {
    idleSeconds: 0.5,
    writeSeconds: options.writeSeconds ?? 0.3,
    slowest: 2 ** 30,
  });
  server.on('request', (request, response) => {
    const body = request.url === '/large' ? LARGE : Buffer.from('small');
    if (request.url === '/never') return;
    connections.limitWriting(response, body.length);
    response.end(body);
  });
  if (options.most !== undefined) server.maxConnections = options.most;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(bytes: string): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  sockets.push(socket);
  return socket;
}
const openOnServer = (): Promise<number> =>
  new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await pause(20);
};

describe('a connection', () => {
  it('whose client never reads is broken off', async () => {
    await serve();
    const socket = open(GET('/large'));
    socket.pause();
    await until(() => connections.underWay === 1);
    await until(async () => (await openOnServer()) === 0);
    // The response is told of the end of its socket a moment after the server stops counting it.
    await until(() => connections.underWay === 0);
  });

  it('whose client reads gets the whole of a large answer', async () => {
    // The reader is of this process, which may have to wait for its turn.
    await serve({ writeSeconds: 20 });
    const socket = open(GET('/large'));
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await until(() => bytes > LARGE.length);
  });

  it('that is idle is ended, and empty lines are no life', async () => {
    await serve();
    const socket = open(GET('/small'));
    socket.resume();
    const timer = setInterval(() => socket.writable && socket.write('\r\n'), 50);
    await until(async () => (await openOnServer()) === 1);
    await until(async () => (await openOnServer()) === 0);
    clearInterval(timer);
  });

  it('that waits for an answer is not idle', async () => {
    await serve();
    open(GET('/never'));
    await until(() => connections.underWay === 1);
    await pause(2200);
    expect(await openOnServer()).toBe(1);
  });

  it('that ends takes all its requests with it, those too whose answers wait behind another', async () => {
    await serve();
    const ended: string[] = [];
    server.prependListener('request', (request) => {
      setImmediate(() => connections.exchange(request)?.onEnd(() => ended.push(request.url ?? '')));
    });
    const socket = open(GET('/never') + GET('/small') + GET('/small?2'));
    await until(() => connections.underWay === 3);
    await pause(20);
    socket.destroy();
    await until(() => ended.length === 3);
    expect(ended.sort()).toEqual(['/never', '/small', '/small?2']);
    expect(connections.underWay).toBe(0);
  });

  it('that is idle gives way when there are too many', async () => {
    await serve({ most: 2 });
    for (const _ of [1, 2]) open(GET('/small')).resume();
    await until(async () => (await openOnServer()) === 2);
    await until(() => connections.underWay === 0);
    await until(async () => {
      let answer = '';
      const socket = open(GET('/small'));
      socket.on('data', (chunk) => {
        answer += String(chunk);
      });
      await new Promise((resolve) => {
        socket.once('close', resolve).once('data', resolve);
      });
      return answer.includes('small');
    });
  });

  it('ends after last words, whether or not its client does', async () => {
    await serve();
    server.on('clientError', (_, socket) => endWith(socket as Socket, 'HTTP/1.1 400 Bad Request\r\n\r\n'));
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => {});
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.write('nonsense\r\n\r\n');
    await until(() => answer.startsWith('HTTP/1.1 400'));
    await until(async () => (await openOnServer()) === 0);
  });
});
