import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import cors from '@fastify/cors';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, type HTTPMethods } from 'fastify';
import { type Access, accessPolicy } from './access.ts';
import type { Admission } from './admission.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import { route } from './api/routes.ts';
import { type BasePath, lacksSlash, routedAddress, targetParts, UNDECODABLE } from './base-path.ts';
import { Collector } from './collector.ts';
import { Connections, type Exchange, endWith } from './connections.ts';
import type { Asked, Handler, Handlers, Headers } from './handler.ts';
import { draining, handlers } from './handlers.ts';
import type { Host } from './host.ts';
import { Images } from './images.ts';
import { HEADER_SECONDS, KEEP_ALIVE_SECONDS, type Limits } from './limits.ts';
import { lingering } from './linger.ts';
import type { Metrics } from './metrics.ts';
import { addPages } from './page-routes.ts';
import type { PageFile } from './pages.ts';
import { parsePath, parseQuery } from './parse-parameters.ts';
import { isIncomplete, receiver } from './receive.ts';
import { headersOf, internal, problemOf, rawAnswer, refusalOf } from './refusals.ts';
import type { ReportDesk } from './report-desk.ts';
import { Search } from './search.ts';
import { NO_PAGE, SECURITY_HEADERS } from './security-headers.ts';

export interface AppOptions {
  readonly host: Host;
  readonly limits: Limits;
  readonly reports: ReportDesk;
  readonly pages: ReadonlyMap<string, PageFile>;
  readonly metrics: Metrics;
  readonly admission: Admission;
  /** The address that it listens on. */
  readonly address: string;
  readonly token?: string | undefined;
  /** Origins whose pages may call it. */
  readonly cors: readonly string[];
  /** Other names of this machine. */
  readonly allowHosts: readonly string[];
  /** At the root of its host by default. */
  readonly basePath?: BasePath | undefined;
  /** Pictures that are decoded at one time. */
  readonly decoders: number;
  /** Told of faults of the server, which clients are not told of. */
  readonly onFault: (error: unknown) => void;
}

export interface App {
  readonly http: FastifyInstance;
  /**
   * No search is let in any more, and the server is not ready; those that are running are answered, for as long as the
   * limits say. Until then it listens, so that whoever asks hears why. Then it is closed.
   */
  drain(): Promise<void>;
}

/** Milliseconds between two looks at what is still running. */
const DRAIN_LOOK = 20;
/** Milliseconds in which requests that are on their way may arrive after the server has stopped to listen. */
const DRAIN_GRACE = 100;
/** Characters of an address at most. */
const LONGEST_ADDRESS = 4000;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request is counted as. */
    counted?: RouteName | 'page';
  }
}

/** The server over HTTP, as far as it is known before it listens. */
export async function createApp(options: AppOptions): Promise<App> {
  const { host, limits, reports, metrics, admission, token, basePath = '' } = options;
  let isDraining = false;
  const http = fastify({
    logger: false,
    serverFactory(handle) {
      const settings = {
        // Bodies have limits of their own (receive.ts): Node's would cut a body off without an answer that says why.
        requestTimeout: 0,
        headersTimeout: 1000 * Math.min(HEADER_SECONDS, limits.requestSeconds),
        keepAliveTimeout: 1000 * KEEP_ALIVE_SECONDS,
        connectionsCheckingInterval: 1000,
        requireHostHeader: false,
      };
      // Behind what a flooded connection was refused with there is nothing to answer.
      return createServer(settings, (request, response) => {
        if (connections.exchange(request) !== undefined) handle(request, response);
      });
    },
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
  const collector = new Collector(() => admission.underWay === 0);
  server.once('close', () => collector.stop());
  const connections: Connections = new Connections(server, undefined, (bytes) => collector.moved(bytes));
  // A client that asks whether to send its body hears it from whoever reads it.
  for (const expects of ['checkContinue', 'checkExpectation'])
    server.on(expects, (request, response) => server.emit('request', request, response));

  const refuse = (error: unknown, reply: FastifyReply): FastifyReply => {
    const refusal = refusalOf(error);
    if (refusal === undefined) options.onFault(error);
    const told = refusal ?? internal();
    return reply
      .code(told.status)
      .headers({ ...headersOf(told), 'cache-control': 'no-store' })
      .type('application/problem+json')
      .send(Buffer.from(JSON.stringify(problemOf(told))));
  };

  const access = accessPolicy(options);
  http.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, 'content-security-policy': NO_PAGE });
    if (isDraining) reply.header('connection', 'close');
    if (connections.isFlooded(request.raw)) {
      reply.header('connection', 'close');
      throw new ApiError('request-malformed', 'too many requests of this connection wait for their answers', {
        hint: 'read the answers before you ask more',
      });
    }
    access.check(headOf(request));
    await turnOf(connections.exchange(request.raw));
    if (request.url === UNDECODABLE) throw new ApiError('request-malformed', 'the address cannot be decoded');
    if (request.url.length > LONGEST_ADDRESS) throw new ApiError('address-too-long', 'the address is too long');
    if (!lacksSlash(request.originalUrl, basePath)) return;
    const [, query] = request.originalUrl.split('?', 2);
    return reply.redirect(`${basePath}/${query === undefined ? '' : `?${query}`}`, 308);
  });
  http.addHook('onSend', async (request, reply, payload: string | Uint8Array | null | undefined) => {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : (payload?.length ?? 0);
    connections.limitWriting(reply.raw, bytes);
    if (!isIncomplete(request.raw)) return payload;
    reply.header('connection', 'close');
    if (payload === null || payload === undefined) return payload;
    reply.header('content-length', bytes);
    return lingering(payload, request.raw);
  });
  http.addHook('onResponse', async ({ routeOptions, method }, reply) => {
    metrics.answered(routeOptions.config?.counted ?? 'none', method, reply.statusCode, reply.elapsedTime / 1000);
  });
  if (options.cors.length > 0) {
    await http.register(cors, {
      origin: [...options.cors],
      methods: ['GET', 'HEAD', 'POST'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedHeaders: ['retry-after', 'etag'],
      maxAge: 600,
    });
  }

  // No body is read before the handler of its route asks for it, and nothing reads what no route wants.
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('*', (_request, _body, done) => done(null));
  http.setErrorHandler((error, _request, reply) => refuse(error, reply));
  http.setNotFoundHandler((_request, reply) =>
    refuse(
      new ApiError('not-found', 'there is nothing at this address', { hint: 'GET /openapi.json lists what there is' }),
      reply,
    ),
  );

  const table: Handlers = handlers({
    host,
    search: new Search(host, limits, options.decoders),
    images: new Images(host, token !== undefined),
    reports,
    metrics,
    basePath,
    isDraining: () => isDraining,
  });
  const receive = receiver(admission, limits, connections);
  for (const name of Object.keys(PATHS) as RouteName[]) {
    addRoute(http, name, table, { access, receive, refuse, isDraining: () => isDraining });
  }
  addPages(http, options.pages);

  return {
    http,
    async drain() {
      isDraining = true;
      const deadline = performance.now() + 1000 * limits.drainSeconds;
      const running = async (): Promise<void> => {
        while (connections.underWay > 0 && performance.now() < deadline) await setTimeout(DRAIN_LOOK);
      };
      await running();
      const closed = http.close();
      // What was sent just before is still answered; connections that were opened for later would never end.
      await Promise.race([closed, setTimeout(DRAIN_GRACE)]);
      await running();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Waits for the requests of the same connection that came before. */
async function turnOf(exchange: Exchange | undefined): Promise<void> {
  await exchange?.turn;
  if (exchange?.isOver()) throw new ApiError('request-malformed', 'the connection ended before its answer');
}

const headOf = ({ raw, originalUrl }: FastifyRequest): Parameters<Access['check']>[0] => ({
  method: raw.method ?? '',
  httpVersion: raw.httpVersion,
  headers: raw.headers,
  rawHeaders: raw.rawHeaders ?? [],
  authority: targetParts(originalUrl).authority,
});

interface RouteServices {
  readonly access: Access;
  readonly receive: ReturnType<typeof receiver>;
  readonly refuse: (error: unknown, reply: FastifyReply) => FastifyReply;
  readonly isDraining: () => boolean;
}

function addRoute<Name extends RouteName>(
  http: FastifyInstance,
  name: Name,
  table: Handlers,
  { access, receive, refuse, isDraining }: RouteServices,
): void {
  const { method, path } = PATHS[name];
  const url = path.replace(/\{(\w+)\}/g, ':$1');
  const handle = table[name] as Handler<Name>;
  const config = { counted: name };
  http.route({
    method,
    url,
    config,
    onRequest: async (request) => {
      if (route(name).open !== true) access.checkToken(request.headers);
      if (name === 'search' && isDraining()) throw draining();
    },
    handler: async (request, reply) => {
      const asked: Asked<Name> = {
        path: parsePath(name, request.params as Record<string, string>),
        query: parseQuery(name, request.query),
        headers: request.headers,
        receive: (largest) => receive(request.raw, reply.raw, largest),
      };
      const answer = (await handle(asked)) as AnyReply;
      reply
        .code(answer.status)
        .header('cache-control', 'no-store')
        .headers(answer.headers ?? {});
      if (answer.json !== undefined) return reply.type('application/json').send(JSON.stringify(answer.json));
      if (answer.body !== undefined) return reply.type(answer.type ?? '').send(answer.body);
      return reply.send();
    },
  });
  http.route({
    method: (['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as HTTPMethods[]).filter(
      (other) => other !== method && !(method === 'GET' && other === 'HEAD'),
    ),
    url,
    config,
    onRequest: async (request) => {
      throw new ApiError('method-not-allowed', `${request.method} is not done here`, { hint: `use ${method}` });
    },
    errorHandler: (error, _request, reply) =>
      void refuse(error, reply.header('allow', method === 'GET' ? 'GET, HEAD' : method)),
    handler: () => {},
  });
}

/** What every reply is, whichever route's. */
interface AnyReply {
  readonly status: number;
  readonly headers?: Headers;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly type?: string;
}
