import { connect } from 'node:net';
import { defined } from '@neurodex/core';
import { headOf, type Target } from './attack-client.ts';

/** Clients which stop in the middle: each holds a connection for as long as the server lets it. */

interface Stall {
  /** Sent at once. */
  readonly begin: string;
  /** Sent every second. */
  readonly drip?: string;
  /** Nothing of the answers is read. */
  readonly deaf?: true;
}

const kept = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
const body = { 'Content-Type': 'image/png' };

const STALLS: Readonly<Record<string, Stall>> = {
  'says nothing': { begin: '' },
  'stops in the header': { begin: 'POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\n' },
  'drips its header': { begin: 'GET / HTTP/1.1\r\n', drip: 'X: y\r\n' },
  'stops before the body': { begin: headOf('POST', '/v1/search', { ...body, 'Content-Length': 16 * 2 ** 20 }) },
  'drips its body': { begin: headOf('POST', '/v1/search', { ...body, 'Content-Length': 16 * 2 ** 20 }), drip: 'xxxx' },
  'drips chunks': {
    begin: headOf('POST', '/v1/search', { ...body, 'Transfer-Encoding': 'chunked' }),
    drip: '1\r\nx\r\n',
  },
  'drips a refused body': {
    begin: headOf('POST', '/nowhere', { ...body, 'Content-Length': 2 ** 30 }),
    drip: 'x'.repeat(100),
  },
  'never reads': { begin: kept('/v1/indexes/random/pictures?limit=500').repeat(16), drip: '\r\n', deaf: true },
  'never reads, many small': { begin: kept('/v1/indexes').repeat(2000), drip: '\r\n', deaf: true },
  'stays after its answer': { begin: kept('/healthz') },
  'sends empty lines': { begin: kept('/healthz'), drip: '\r\n' },
  'begins another request': { begin: `${kept('/healthz')}GET / HTTP/1.1\r\nHost`, drip: 'x' },
};

export class Stalls {
  /** Longest time that a connection of each kind was held, in seconds. */
  readonly longest: Record<string, number> = {};
  readonly closed: Record<string, number> = {};
  private readonly target: Target;
  private readonly count: number;
  private readonly open = new Map<() => void, { kind: string; since: number }>();
  private stopping = false;
  private next = 0;

  /** @param count connections that are held at one time */
  constructor(target: Target, count: number) {
    this.target = target;
    this.count = count;
  }

  start(): void {
    for (let i = 0; i < this.count; i++) this.stall();
  }

  /** Connections that the server has not ended yet are counted with the time that they have had. */
  stop(): void {
    this.stopping = true;
    for (const [end, { kind, since }] of this.open) {
      this.note(kind, since);
      end();
    }
  }

  private note(kind: string, since: number): void {
    this.longest[kind] = Math.max(this.longest[kind] ?? 0, (performance.now() - since) / 1000);
  }

  private stall(): void {
    const kinds = Object.entries(STALLS);
    const [kind, { begin, drip, deaf }] = defined(kinds[this.next++ % kinds.length], 'the kind of a stall');
    const since = performance.now();
    const socket = connect({ ...this.target, allowHalfOpen: true });
    if (deaf) socket.pause();
    else socket.resume();
    const timer = setInterval(() => {
      // Who never reads sees no end either, but what it writes is refused.
      if (socket.writable) socket.write(drip ?? '');
    }, 1000);
    const end = (): void => void socket.destroy();
    this.open.set(end, { kind, since });
    socket.on('error', () => {});
    // A server that has said its last word is done with the client, whether or not the client is.
    socket.on('end', end);
    socket.on('close', () => {
      clearInterval(timer);
      this.open.delete(end);
      if (this.stopping) return;
      this.note(kind, since);
      this.closed[kind] = (this.closed[kind] ?? 0) + 1;
      setTimeout(() => !this.stopping && this.stall(), 100);
    });
    if (begin !== '') socket.write(begin, 'latin1');
  }
}
