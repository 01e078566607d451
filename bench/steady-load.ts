import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { defined } from '@neurodex/core';
import { childrenOf, cpuSecondsOf, processesMissing } from './processes.ts';
import type { Server } from './serve-load.ts';
import { percentile } from './statistics.ts';

/** Seconds of load before the clock starts. At first all requests are sent together, and no answers come. */
const RAMP = 1;

/** What came of a load, while the clock ran. */
export interface SteadyLoad {
  readonly answers: number;
  /** Answers per second. */
  readonly rate: number;
  /** Milliseconds that half of the searches took at most, and 99 of 100. */
  readonly p50: number;
  readonly p99: number;
  /** Processor seconds of this process, which sends the requests. */
  readonly clientSeconds: number;
  /** Of all processes of the server; undefined where they cannot be looked at. */
  readonly serverSeconds: number | undefined;
}

/** Tells when it sends and when it has its answer, and gets the next request. */
interface Exchange {
  /** Undefined when enough was asked. */
  next(): Buffer | undefined;
  answered(milliseconds: number): void;
}

const EMPTY = Buffer.alloc(0);

/** Bytes behind the header of an answer. @throws Error for anything but 200 with a Content-Length */
function bodyLength(header: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(header)?.[1];
  if (!header.startsWith('HTTP/1.1 200 ') || length === undefined) {
    throw new Error(`the server answered ${JSON.stringify(header.slice(0, 200))}`);
  }
  return Number(length);
}

/** One connection that is kept open, with one request at a time. Resolves when there is no next one. */
function converse(address: URL, { next, answered }: Exchange): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let head: Buffer = EMPTY;
    /** Bytes of the answer that are still to come; undefined until its header is there. */
    let left: number | undefined;
    const send = (): void => {
      const request = next();
      if (request === undefined) {
        resolve();
        socket.destroy();
        return;
      }
      sent = performance.now();
      socket.write(request);
    };
    const hear = (bytes: Buffer): void => {
      let body = bytes.length;
      if (left === undefined) {
        head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        left = bodyLength(head.toString('latin1', 0, end));
        body = head.length - end - 4;
        head = EMPTY;
      }
      left -= body;
      if (left < 0) throw new Error('the server sent more than it announced');
      if (left > 0) return;
      left = undefined;
      answered(performance.now() - sent);
      send();
    };
    const fail = (error: Error): void => {
      reject(error);
      socket.destroy();
    };
    const socket: Socket = connect({ host: address.hostname, port: Number(address.port), noDelay: true }, send);
    socket.on('data', (bytes) => {
      try {
        hear(bytes);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('error', fail).on('end', () => fail(new Error('the server ended a connection')));
  });
}

/** The bytes of a search with a picture, with its header. */
function requestOf(address: URL, picture: Buffer, k: number): Buffer {
  const header = [
    `POST /v1/search?system=dsi&k=${k} HTTP/1.1`,
    `host: ${address.host}`,
    'content-type: image/png',
    `content-length: ${picture.length}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${header}\r\n\r\n`, 'latin1'), picture]);
}

/** Of a process and those that it has started. */
function processorSeconds(pid: number): number | undefined {
  if (processesMissing() !== undefined) return undefined;
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + (cpuSecondsOf(each) ?? 0), 0);
}

/**
 * Searches over a number of connections, each sending the next when it has its answer. The requests are written before, and of
 * an answer only its status and length are read: the client takes the processor from the server, and should take little.
 * @throws Error for any answer but 200, and for a connection that ends
 */
export async function steadyLoad(
  { address: at, pid }: Server,
  connections: number,
  seconds: number,
  { pictures, k }: { readonly pictures: readonly Buffer[]; readonly k: number },
): Promise<SteadyLoad> {
  const address = new URL(at);
  const requests = pictures.map((picture) => requestOf(address, picture, k));
  let [asked, over] = [0, false];
  const times: number[] = [];
  const exchange: Exchange = {
    next: () => (over ? undefined : defined(requests[asked++ % requests.length], 'a request')),
    answered: (milliseconds) => void times.push(milliseconds),
  };
  const conversations = Promise.all(Array.from({ length: connections }, () => converse(address, exchange)));
  await Promise.race([pause(1000 * RAMP), conversations]);
  times.length = 0;
  const [began, server, client] = [performance.now(), processorSeconds(pid), process.cpuUsage()];
  // Without an answer there is nothing to measure yet: a machine may be busy with other work.
  do await Promise.race([pause(1000 * seconds), conversations]);
  while (times.length === 0);
  const [took, { user, system }] = [(performance.now() - began) / 1000, process.cpuUsage(client)];
  const serverAfter = processorSeconds(pid);
  const measured = times.slice();
  over = true;
  await conversations;
  return {
    answers: measured.length,
    rate: measured.length / took,
    p50: percentile(measured, 0.5),
    p99: percentile(measured, 0.99),
    clientSeconds: (user + system) / 1e6,
    serverSeconds: server === undefined || serverAfter === undefined ? undefined : serverAfter - server,
  };
}
