import { createServer, type ServerOptions } from 'node:http';
import { type FastifyInstance, fastify } from 'fastify';
import { ApiError } from './api/problems.ts';
import { type BasePath, routedAddress } from './base-path.ts';
import { Collector } from './collector.ts';
import { Connections, endWith } from './connections.ts';
import { HEADER_SECONDS, KEEP_ALIVE_SECONDS, type Limits } from './limits.ts';
import { rawAnswer } from './refusals.ts';
import type { Refuse } from './refuse.ts';

/** Characters of an address at most. */
export const LONGEST_ADDRESS = 4000;

export interface HttpServerOptions {
  readonly limits: Pick<Limits, 'requestSeconds' | 'connections'>;
  readonly basePath: BasePath;
  readonly refuse: Refuse;
  /** Whether no search is under way. */
  readonly isIdle: () => boolean;
  /** Told to whoever asks at an address where there is nothing. */
  readonly whereElse?: string;
}

export interface HttpServer {
  readonly http: FastifyInstance;
  readonly connections: Connections;
}

/** A server without routes: its connections have limits, it reads no body by itself, and it refuses whatever it is asked. */
export function httpServer({
  limits,
  basePath,
  refuse,
  isIdle,
  whereElse = 'GET /openapi.json lists what there is',
}: HttpServerOptions): HttpServer {
  const http = fastify({
    logger: false,
    serverFactory: (handle) =>
      // Behind what a flooded connection was refused with there is nothing to answer.
      createServer(nodeSettings(limits), (request, response) => {
        if (connections.exchange(request) !== undefined) handle(request, response);
      }),
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_ADDRESS },
    rewriteUrl: ({ url = '/' }) => routedAddress(url, basePath),
    clientErrorHandler: (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      if (socket.writable && connections.canRefuse(socket)) endWith(socket, rawAnswer(error.code));
      else socket.destroy(error);
    },
    frameworkErrors: (error, _request, reply) => void refuse(error, reply),
  });
  const { server } = http;
  server.maxConnections = limits.connections;
  const collector = new Collector(isIdle);
  server.once('close', () => collector.stop());
  const connections: Connections = new Connections(server, undefined, (bytes) => collector.moved(bytes));
  // A client that asks whether to send its body hears it from whoever reads it.
  for (const expects of ['checkContinue', 'checkExpectation'])
    server.on(expects, (request, response) => server.emit('request', request, response));
  refuseEverything(http, refuse, whereElse);
  return { http, connections };
}

const nodeSettings = ({ requestSeconds }: Pick<Limits, 'requestSeconds'>): ServerOptions => ({
  // Bodies have limits of their own (receive.ts): Node's would cut a body off without an answer that says why.
  requestTimeout: 0,
  headersTimeout: 1000 * Math.min(HEADER_SECONDS, requestSeconds),
  keepAliveTimeout: 1000 * KEEP_ALIVE_SECONDS,
  connectionsCheckingInterval: 1000,
  requireHostHeader: false,
});

function refuseEverything(http: FastifyInstance, refuse: Refuse, whereElse: string): void {
  // No body is read before the handler of its route asks for it, and nothing reads what no route wants.
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('*', (_request, _body, done) => done(null));
  http.setErrorHandler((error, _request, reply) => refuse(error, reply));
  http.setNotFoundHandler((_request, reply) =>
    refuse(new ApiError('not-found', 'there is nothing at this address', { hint: whereElse }), reply),
  );
}
