import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from './access.ts';
import type { RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import { type BasePath, lacksSlash, targetParts, UNDECODABLE } from './base-path.ts';
import type { Connections, Exchange } from './connections.ts';
import type { Host } from './host.ts';
import { LONGEST_ADDRESS } from './http-server.ts';
import { lingering } from './linger.ts';
import type { Metrics } from './metrics.ts';
import { isIncomplete } from './receive.ts';
import { NO_PAGE, SECURITY_HEADERS } from './security-headers.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request is counted as. */
    counted?: RouteName | 'page';
  }
}

export interface HookServices {
  readonly access: Access;
  readonly host: Host;
  readonly connections: Connections;
  readonly metrics: Metrics;
  readonly basePath: BasePath;
  readonly isDraining: () => boolean;
}

/** What happens to every request, before its route and behind it. */
export function addHooks(http: FastifyInstance, services: HookServices): void {
  const { connections, metrics, host } = services;
  const leave = new WeakMap<FastifyRequest, () => void>();
  http.addHook('onRequest', (request, reply) => {
    leave.set(request, host.enter());
    return begin(request, reply, services);
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
  http.addHook('onResponse', async (request, reply) => {
    leave.get(request)?.();
    const { routeOptions, method } = request;
    metrics.answered(routeOptions.config?.counted ?? 'none', method, reply.statusCode, reply.elapsedTime / 1000);
  });
}

/** @throws ApiError what no route is asked for */
async function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  { access, connections, basePath, isDraining }: HookServices,
): Promise<FastifyReply | undefined> {
  reply.headers({ ...SECURITY_HEADERS, 'content-security-policy': NO_PAGE });
  if (isDraining()) reply.header('connection', 'close');
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
  if (!lacksSlash(request.originalUrl, basePath)) return undefined;
  const [, query] = request.originalUrl.split('?', 2);
  return reply.redirect(`${basePath}/${query === undefined ? '' : `?${query}`}`, 308);
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
