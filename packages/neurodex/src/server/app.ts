import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import cors from '@fastify/cors';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, type HTTPMethods } from 'fastify';
import { hostCheck, isLoopback, siteCheck, tokenCheck } from './access.ts';
import type { Admission, Admitted } from './admission.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import { route } from './api/routes.ts';
import type { Asked, Handler, Handlers, Headers } from './handler.ts';
import { draining, handlers } from './handlers.ts';
import type { Host } from './host.ts';
import { Images, matches } from './images.ts';
import { HEADER_SECONDS, KEEP_ALIVE_SECONDS, type Limits } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { PageFile } from './pages.ts';
import { parsePath, parseQuery } from './parse-parameters.ts';
import { headersOf, internal, problemOf, rawAnswer, refusalOf } from './refusals.ts';
import type { ReportDesk } from './report-desk.ts';
import { Search } from './search.ts';
import { NO_PAGE, PAGE_POLICY, SECURITY_HEADERS } from './security-headers.ts';

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

declare module 'fastify' {
  interface FastifyRequest {
    admitted: Admitted | undefined;
    /** What it is counted as. */
    counted: RouteName | 'page' | 'none';
  }
}

/** The server over HTTP, as far as it is known before it listens. */
export async function createApp(options: AppOptions): Promise<App> {
  const { host, limits, reports, metrics, admission, token, pages } = options;
  let isDraining = false;
  /** Requests. */
  let underWay = 0;
  const http = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: 1000 * limits.requestSeconds,
    keepAliveTimeout: 1000 * KEEP_ALIVE_SECONDS,
    http: {
      headersTimeout: 1000 * Math.min(HEADER_SECONDS, limits.requestSeconds),
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
    },
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    clientErrorHandler: (error, socket) => refuseBytes(error, socket),
    frameworkErrors: (error, _request, reply) => void refuse(error, reply),
  });
  http.server.maxConnections = limits.connections;
  http.decorateRequest('admitted', undefined);
  http.decorateRequest('counted', 'none');

  const refuse = (error: unknown, reply: FastifyReply): FastifyReply => {
    const refusal = refusalOf(error);
    if (refusal === undefined) options.onFault(error);
    const told = refusal ?? internal();
    return reply
      .code(told.status)
      .headers({ ...headersOf(told), 'cache-control': 'no-store' })
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(told)));
  };

  http.addHook('onRequest', async (request, reply) => {
    underWay++;
    reply.raw.once('close', () => underWay--);
    reply.headers({ ...SECURITY_HEADERS, 'content-security-policy': NO_PAGE });
    if (isDraining) reply.header('connection', 'close');
    if (request.headers.host === undefined) throw new ApiError('request-malformed', 'the request has no Host header');
  });
  http.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.counted, request.method, reply.statusCode, reply.elapsedTime / 1000);
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

  // No body is parsed before its route's handler asks for it; what is no search has none.
  http.removeAllContentTypeParsers();
  const keep = (_request: FastifyRequest, body: Buffer, done: (error: null, body: Buffer) => void): void =>
    done(null, body);
  for (const type of ['application/octet-stream', 'application/json', 'multipart/form-data', /^image\/[\w.+-]+/]) {
    http.addContentTypeParser(type, { parseAs: 'buffer' }, keep);
  }
  http.setErrorHandler((error, _request, reply) => refuse(error, reply));
  http.setNotFoundHandler((_request, reply) =>
    refuse(
      new ApiError('not-found', 'there is nothing at this address', { hint: 'GET /openapi.json lists what there is' }),
      reply,
    ),
  );

  const checkToken = token === undefined ? undefined : tokenCheck(token);
  const checkHost = token === undefined && isLoopback(options.address) ? hostCheck(options.allowHosts) : undefined;
  const checkSite = siteCheck(options.cors);
  const table: Handlers = handlers({
    host,
    search: new Search(host, limits, options.decoders),
    images: new Images(host, token !== undefined),
    reports,
    metrics,
    isDraining: () => isDraining,
  });

  const add = <Name extends RouteName>(name: Name): void => {
    const { method, path } = PATHS[name];
    const url = path.replace(/\{(\w+)\}/g, ':$1');
    const handle = table[name] as Handler<Name>;
    http.route({
      method,
      url,
      onRequest: async (request, reply) => {
        request.counted = name;
        checkHost?.(request.headers);
        if (route(name).open !== true) checkToken?.(request.headers);
        if (name !== 'search') return;
        checkSite(request.headers);
        if (isDraining) throw draining();
        const admitted = admission.admit(lengthOf(request.headers));
        request.admitted = admitted;
        reply.raw.once('close', () => {
          admitted.gone = true;
          admitted.leave();
        });
      },
      handler: async (request, reply) => {
        const asked: Asked<Name> = {
          path: parsePath(name, request.params as Record<string, string>),
          query: parseQuery(name, request.query),
          headers: request.headers,
          body: request.body as Buffer | undefined,
          waiting: request.admitted ?? { deadline: Number.POSITIVE_INFINITY, gone: false },
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
      onRequest: async (request) => {
        request.counted = name;
        throw new ApiError('method-not-allowed', `${request.method} is not done here`, { hint: `use ${method}` });
      },
      errorHandler: (error, _request, reply) =>
        void refuse(error, reply.header('allow', method === 'GET' ? 'GET, HEAD' : method)),
      handler: () => {},
    });
  };
  for (const name of Object.keys(PATHS)) add(name as RouteName);
  addPages(http, pages, checkHost);

  return {
    http,
    async drain() {
      isDraining = true;
      const deadline = performance.now() + 1000 * limits.drainSeconds;
      const running = async (): Promise<void> => {
        while (underWay > 0 && performance.now() < deadline) await setTimeout(DRAIN_LOOK);
      };
      await running();
      const closed = http.close();
      // What was sent just before is still answered; connections that were opened for later would never end.
      await Promise.race([closed, setTimeout(DRAIN_GRACE)]);
      await running();
      http.server.closeAllConnections();
      await closed;
    },
  };

  function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    if (socket.writable) socket.end(rawAnswer(error.code));
    else socket.destroy(error);
  }
}

/** What every reply is, whichever route's. */
interface AnyReply {
  readonly status: number;
  readonly headers?: Headers;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly type?: string;
}

const lengthOf = ({ 'content-length': length }: IncomingHttpHeaders): number | undefined =>
  length === undefined ? undefined : Number(length);

function addPages(
  http: FastifyInstance,
  pages: ReadonlyMap<string, PageFile>,
  checkHost: ((headers: IncomingHttpHeaders) => void) | undefined,
): void {
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    request.counted = 'page';
    checkHost?.(request.headers);
  };
  for (const [url, page] of pages) {
    http.get(url, { onRequest }, async (request, reply) => {
      const { body, gzipped, type, tag, immutable } = page;
      const { 'if-none-match': known, 'accept-encoding': accepted = '' } = request.headers;
      reply.headers({
        'content-security-policy': PAGE_POLICY,
        'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        etag: tag,
        vary: 'Accept-Encoding',
      });
      if (matches(known, tag)) return reply.code(304).send();
      reply.type(type);
      if (gzipped === undefined || !/\bgzip\b/.test(String(accepted))) return reply.send(body);
      return reply.header('content-encoding', 'gzip').send(gzipped);
    });
  }
  if (pages.has('/')) return;
  http.get('/', { onRequest }, async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('Neurodex. The API is described in /openapi.json\n'),
  );
}
