import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of one request. */
export type Fault =
  /** Answered by the proxy, and never told to the server. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /** The connection breaks before the server hears of it. */
  | { readonly kind: 'reset' }
  /** The server does it, and its answer is lost. */
  | { readonly kind: 'lost' }
  /** The answer breaks off in the middle of its body. */
  | { readonly kind: 'truncated' }
  /** The answer ends in its middle, and says that it is as long as that. */
  | { readonly kind: 'shortened' }
  /** One bit of the body of the answer is another. */
  | { readonly kind: 'wrong bytes' }
  /** One bit of the body of the request is another when it reaches the server. */
  | { readonly kind: 'wrong request' }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** The answer comes after so many milliseconds. */
  | { readonly kind: 'slow'; readonly milliseconds: number };

/** @param count of the requests before this one */
export type Faults = (request: { readonly method: string; readonly path: string }, count: number) => Fault | undefined;

/** A proxy in front of a server of S3, over HTTP, that fails as it is told. */
export class FaultyProxy {
  faults: Faults = () => undefined;
  /** Requests so far. */
  count = 0;
  private readonly server: Server;
  private readonly upstream: URL;

  private constructor(upstream: string) {
    this.upstream = new URL(upstream);
    this.server = createServer((request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(upstream: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(upstream);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { method = 'GET', url = '/' } = request;
    const fault = this.faults({ method, path: url }, this.count++);
    const body = await bytesOf(request);
    if (fault?.kind === 'reset') return request.socket.destroy();
    if (fault?.kind === 'hang') return undefined;
    if (fault?.kind === 'status') return response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    const answer = await this.ask(request, fault?.kind === 'wrong request' ? flipped(body) : body);
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    if (fault?.kind === 'lost') return request.socket.destroy();
    const { headers, statusCode = 502 } = answer;
    const content = fault?.kind === 'wrong bytes' ? flipped(answer.body) : answer.body;
    const half = content.subarray(0, content.length >> 1);
    if (fault?.kind === 'shortened')
      return response.writeHead(statusCode, { ...headers, 'content-length': String(half.length) }).end(half);
    if (fault?.kind !== 'truncated')
      return response.writeHead(statusCode, headers).end(method === 'HEAD' ? undefined : content);
    return response.writeHead(statusCode, headers).write(half, () => request.socket.destroy());
  }

  private async ask({ method, url, headers }: IncomingMessage, body: Buffer) {
    const { hostname, port } = this.upstream;
    // The signature is of the host that was asked.
    const sent = forward({ hostname, port, method, path: url, headers, agent: false });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject).end(body);
    });
    const { connection: _, 'transfer-encoding': __, ...kept } = answer.headers;
    return { statusCode: answer.statusCode, headers: kept, body: await bytesOf(answer) };
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
