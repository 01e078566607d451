import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a proxy does with the requests for a shard. */
export type Treatment = 'pass' | 'hang' | 'fail';

/** Stands before a server of shards, and lets requests through, hang or fail. */
export class ShardProxy {
  /** Of each shard that was asked. */
  readonly asked: number[] = [];
  treat: (shard: number) => Treatment = () => 'pass';
  private readonly server: Server;
  private readonly target: string;

  private constructor(target: string) {
    this.target = target;
    this.server = createServer((incoming, response) => this.pass(incoming, response));
  }

  static async before(target: string): Promise<ShardProxy> {
    const proxy = new ShardProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(incoming: IncomingMessage, response: ServerResponse): void {
    const shard = Number(/shards\/(\d+)/.exec(incoming.url ?? '')?.[1]);
    this.asked.push(shard);
    const treatment = this.treat(shard);
    if (treatment === 'hang') return;
    if (treatment === 'fail') {
      response.writeHead(500).end();
      return;
    }
    const { method = 'GET', url = '/' } = incoming;
    const headers = { ...incoming.headers, host: '127.0.0.1' };
    const outgoing = request(`${this.target}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  }
}
