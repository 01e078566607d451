import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HEADER_SECONDS, KEEP_ALIVE_SECONDS, LINGER_SECONDS, PIPELINED, SLOWEST, WRITE_SECONDS } from './limits.ts';

/** A request until it is answered or its connection ends. */
export interface Exchange {
  /** Requests of this connection that have no answer yet, with this one. */
  readonly unanswered: number;
  /** Resolves when the requests before it have their answers: no more than one answer of a connection is in memory. */
  readonly turn: Promise<void>;
  /** Whether nobody waits for an answer any more. */
  isOver(): boolean;
  /** Calls back once, when it is over. */
  onEnd(callback: () => void): void;
}

interface Connection {
  /** What ends each, with its two sides. */
  readonly exchanges: Map<() => void, { readonly request: IncomingMessage; readonly response: ServerResponse }>;
  /** Resolves when the last request that came is over. */
  tail: Promise<void>;
  /** That `onBytes` was told of. */
  counted: number;
  /** When the last answer was sent, or the connection was made; on the clock of `performance.now`. */
  idleSince: number;
}

export interface Patience {
  readonly idleSeconds: number;
  readonly writeSeconds: number;
  /** Bytes a second. */
  readonly slowest: number;
}

const PATIENCE: Patience = {
  idleSeconds: KEEP_ALIVE_SECONDS + HEADER_SECONDS,
  writeSeconds: WRITE_SECONDS,
  slowest: SLOWEST,
};
/** Milliseconds between two looks at idle connections. */
const LOOK = 1000;

/**
 * The connections of a server. None is held by a client that does nothing: not by one that never reads, which Node waits for without
 * end, nor by one that sends empty lines between requests, which Node takes for life.
 */
export class Connections {
  private readonly open = new Map<Socket, Connection>();
  private readonly ofRequest = new WeakMap<IncomingMessage, Exchange>();
  private readonly patience: Patience;
  private readonly onBytes: (bytes: number) => void;

  /** @param onBytes told of what went over a connection, in both directions, when a request is over */
  constructor(server: Server, patience: Patience = PATIENCE, onBytes: (bytes: number) => void = () => {}) {
    this.patience = patience;
    this.onBytes = onBytes;
    server.on('connection', (socket: Socket) => this.add(socket));
    // Before the application's own listener.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.begin(request, response),
    );
    // Whoever waits for nothing gives way to whoever comes next.
    server.on('drop', () => server.closeIdleConnections());
    const timer = setInterval(() => this.look(), LOOK);
    timer.unref();
    server.once('close', () => clearInterval(timer));
  }

  /** Requests that have no answer yet. */
  get underWay(): number {
    let sum = 0;
    for (const { exchanges } of this.open.values()) sum += exchanges.size;
    return sum;
  }

  /** Undefined for a request that came by no connection, as tests have them, or behind too many others of its connection. */
  exchange(request: IncomingMessage): Exchange | undefined {
    return this.ofRequest.get(request);
  }

  /** Whether a client has more requests under way on one connection than it may. */
  isFlooded(request: IncomingMessage): boolean {
    return (this.exchange(request)?.unanswered ?? 0) > PIPELINED;
  }

  /**
   * Whether bytes that are no request may be answered: not where the answer would be taken for that of another request of the
   * connection, which waits for its own.
   */
  canRefuse(socket: Socket): boolean {
    const exchanges = [...(this.open.get(socket)?.exchanges.values() ?? [])];
    return (
      exchanges.length <= 1 && exchanges.every(({ request, response }) => !request.complete && !response.headersSent)
    );
  }

  /** Breaks a connection off if an answer of so many bytes takes longer to be read than it may. */
  limitWriting(response: ServerResponse, bytes: number): void {
    const begin = (): void => {
      const seconds = this.patience.writeSeconds + bytes / this.patience.slowest;
      const late = setTimeout(() => response.socket?.destroy(), 1000 * seconds);
      const done = (): void => clearTimeout(late);
      response.once('finish', done).once('close', done);
    };
    // An answer behind others of the same connection waits for them first.
    if (response.socket === null) response.once('socket', begin);
    else begin();
  }

  private add(socket: Socket): void {
    const connection: Connection = {
      exchanges: new Map(),
      tail: Promise.resolve(),
      counted: 0,
      idleSince: performance.now(),
    };
    this.open.set(socket, connection);
    socket.once('close', () => {
      this.open.delete(socket);
      // Answers that wait behind others hear nothing of it from Node.
      for (const end of [...connection.exchanges.keys()]) end();
    });
  }

  private begin(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.open.get(request.socket);
    // One more than it may have is still answered, with a refusal that ends the connection; the rest is not looked at.
    if (connection === undefined || connection.exchanges.size > PIPELINED) return;
    const callbacks: (() => void)[] = [];
    const end = (): void => {
      if (!connection.exchanges.delete(end)) return;
      connection.idleSince = performance.now();
      const bytes = request.socket.bytesRead + request.socket.bytesWritten;
      this.onBytes(bytes - connection.counted);
      connection.counted = bytes;
      for (const callback of callbacks) callback();
    };
    connection.exchanges.set(end, { request, response });
    response.once('close', end);
    const turn = connection.tail;
    connection.tail = new Promise((resolve) => callbacks.push(resolve));
    this.ofRequest.set(request, {
      turn,
      isOver: () => !connection.exchanges.has(end),
      unanswered: connection.exchanges.size,
      onEnd: (callback) => void (connection.exchanges.has(end) ? callbacks.push(callback) : callback()),
    });
  }

  private look(): void {
    const now = performance.now();
    for (const [socket, { exchanges, idleSince }] of this.open) {
      if (exchanges.size === 0 && now - idleSince > 1000 * this.patience.idleSeconds) socket.destroy();
    }
  }
}

/** Says its last words on a connection, and ends it whether or not the client does. */
export function endWith(socket: Socket, answer: string): void {
  const late = setTimeout(() => socket.destroy(), 1000 * LINGER_SECONDS);
  socket.once('close', () => clearTimeout(late));
  socket.end(answer);
}
