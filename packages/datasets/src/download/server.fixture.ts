import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How an answer goes wrong. Each is used up by one request. */
export type Mishap =
  /** Another status, with its headers and no body. */
  | { readonly status: number; readonly headers?: Record<string, string> }
  /** The connection is cut after so many bytes of the body. */
  | { readonly cutAfter: number }
  /** Nothing more comes after so many bytes. */
  | { readonly stallAfter: number }
  /** The body ends after so many bytes, whatever was announced; without any length where `chunked`. */
  | { readonly endAfter: number; readonly chunked?: boolean };

export interface Served {
  readonly body: Uint8Array;
  /** Of the content by default; null: none is sent. */
  readonly etag?: string | null;
  readonly lastModified?: string;
  /** Whether it answers Range with 206. */
  readonly ranges?: boolean;
  /** Whether If-Range is looked at. */
  readonly ifRange?: boolean;
  /** Sent for every request. */
  readonly redirect?: string;
  /** `X-Linked-ETag` of the redirect. */
  readonly linkedTag?: string;
  /** The token that it asks for; another gets 401, none gets 401. */
  readonly token?: string;
  /** 403 for the token of an account without access. */
  readonly refused?: string;
  /** Milliseconds between pieces of 1 KB. */
  readonly slow?: number;
}

export interface Seen {
  readonly url: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

const digest = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

/** A web server with files, of which it can be told how to fail. */
export class TestServer {
  readonly files = new Map<string, Served>();
  readonly seen: Seen[] = [];
  /** Bytes of bodies that were handed out. */
  bytesSent = 0;
  private readonly server: Server;
  private readonly mishaps = new Map<string, Mishap[]>();

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<TestServer> {
    const server = createServer((request, response) => {
      test.answer(request, response).catch(() => response.destroy());
    });
    const test = new TestServer(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return test;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @returns its URL */
  serve(path: string, body: Uint8Array | string, how: Omit<Served, 'body'> = {}): string {
    this.files.set(path, { body: typeof body === 'string' ? Buffer.from(body) : body, ...how });
    return this.origin + path;
  }

  /** The next requests for `path` go wrong, one after another. */
  fail(path: string, ...mishaps: Mishap[]): void {
    this.mishaps.set(path, [...(this.mishaps.get(path) ?? []), ...mishaps]);
  }

  /** The Range headers that were sent for `path`; '' for a request without. */
  rangesOf(path: string): string[] {
    return this.seen.filter((request) => request.path === path).map((request) => request.headers.range ?? '');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const path = decodeURIComponent(url.startsWith('http') ? new URL(url).pathname : (url.split('?')[0] ?? ''));
    this.seen.push({ url, path, headers: request.headers });
    const served = this.files.get(path);
    const mishap = this.mishaps.get(path)?.shift();
    if (mishap !== undefined && 'status' in mishap) return void response.writeHead(mishap.status, mishap.headers).end();
    if (served === undefined) return void response.writeHead(404).end('no such file');
    const { authorization } = request.headers;
    if (served.refused !== undefined && authorization === `Bearer ${served.refused}`) {
      return void response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
    }
    if (served.token !== undefined && authorization !== `Bearer ${served.token}`) {
      return void response.writeHead(401, { 'x-error-message': 'Access is restricted' }).end();
    }
    if (served.redirect !== undefined) {
      const tag = served.linkedTag === undefined ? {} : { 'x-linked-etag': served.linkedTag };
      return void response.writeHead(302, { location: served.redirect, ...tag }).end();
    }
    await this.send(served, mishap, request, response);
  }

  private async send(
    served: Served,
    mishap: Mishap | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { body, ranges = true, ifRange = true, lastModified } = served;
    const etag = served.etag === undefined ? `"${digest(body).slice(0, 16)}"` : served.etag;
    const headers: Record<string, string | number> = {
      ...(etag === null ? {} : { etag }),
      ...(lastModified === undefined ? {} : { 'last-modified': lastModified }),
      ...(ranges ? { 'accept-ranges': 'bytes' } : {}),
    };
    const condition = request.headers['if-range'];
    const applies = !ifRange || condition === undefined || condition === etag || condition === lastModified;
    const [, first, last] = (ranges && applies && /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')) || [];
    let [status, start, end] = [200, 0, body.length];
    if (first !== undefined && last !== undefined) {
      status = 206;
      start = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
      end = first === '' || last === '' ? body.length : Math.min(body.length, Number(last) + 1);
      if (start >= end) return void response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
      headers['content-range'] = `bytes ${start}-${end - 1}/${body.length}`;
    }
    const part = body.subarray(start, end);
    const unsized = mishap !== undefined && 'endAfter' in mishap && mishap.chunked;
    if (!unsized) headers['content-length'] = part.length;
    response.writeHead(status, headers);
    await this.write(part, served.slow, mishap, response);
  }

  private async write(
    part: Uint8Array,
    slow: number | undefined,
    mishap: Mishap | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const stop = !mishap
      ? part.length
      : 'cutAfter' in mishap
        ? mishap.cutAfter
        : 'stallAfter' in mishap
          ? mishap.stallAfter
          : 'endAfter' in mishap
            ? mishap.endAfter
            : part.length;
    const piece = slow === undefined ? 1 << 16 : 1 << 10;
    for (let at = 0; at < Math.min(stop, part.length); at += piece) {
      if (response.destroyed) return;
      const bytes = part.subarray(at, Math.min(stop, at + piece));
      await new Promise<void>((done) => response.write(bytes, () => done()));
      this.bytesSent += bytes.length;
      if (slow !== undefined) await new Promise((done) => setTimeout(done, slow));
    }
    if (mishap !== undefined && 'cutAfter' in mishap) response.destroy();
    else if (mishap === undefined || !('stallAfter' in mishap)) {
      // end() would complain of a length that does not fit.
      if (stop < part.length && !(mishap && 'chunked' in mishap)) response.socket?.end();
      else response.end();
    }
  }
}
