import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { Access } from './access.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import { ROUTE_NAMES, route } from './api/routes.ts';
import type { AnyReply, Asked, Handler, Handlers } from './handler.ts';
import { draining } from './handlers.ts';
import { parsePath, parseQuery } from './parse-parameters.ts';
import type { receiver } from './receive.ts';
import type { Refuse } from './refuse.ts';

export interface RouteServices {
  readonly access: Access;
  readonly receive: ReturnType<typeof receiver>;
  readonly isDraining: () => boolean;
}

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A route of the API over HTTP: its parameters are parsed, and its handler answers. */
export function addRoute<Name extends RouteName>(
  http: FastifyInstance,
  name: Name,
  table: Handlers,
  { access, receive, isDraining }: RouteServices,
): void {
  const { method, path } = PATHS[name];
  const url = urlOf(path);
  const declared = route(name);
  const handle: Handler<Name> = table[name];
  const config = { counted: name };
  http.route<{ Params: Record<string, string> }>({
    method,
    url,
    config,
    onRequest: async (request) => {
      if (declared.writes) access.checkWriting(request.headers);
      else if (declared.open !== true) access.checkToken(request.headers);
      if ((name === 'search' || declared.writes) && isDraining()) throw draining();
    },
    handler: async (request, reply) => {
      const asked: Asked<Name> = {
        path: parsePath(name, request.params),
        query: parseQuery(name, request.query),
        headers: request.headers,
        receive: (largest) => receive(request.raw, reply.raw, largest),
      };
      const answer: AnyReply = await handle(asked);
      reply
        .code(answer.status)
        .header('cache-control', 'no-store')
        .headers(answer.headers ?? {});
      if (answer.json !== undefined) return reply.type('application/json').send(JSON.stringify(answer.json));
      if (answer.body !== undefined) return reply.type(answer.type ?? '').send(answer.body);
      return reply.send();
    },
  });
}

/** Refuses the methods that no route has at a path. */
export function refuseOtherMethods(http: FastifyInstance, path: string, refuse: Refuse): void {
  const names = ROUTE_NAMES.filter((name) => PATHS[name].path === path);
  const methods = names.map((name) => PATHS[name].method);
  const allowed: string[] = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  http.route({
    method: METHODS.filter((other) => !allowed.includes(other)),
    url: urlOf(path),
    config: names[0] === undefined ? {} : { counted: names[0] },
    onRequest: async (request) => {
      const hint = `use ${methods.join(' or ')}`;
      throw new ApiError('method-not-allowed', `${request.method} is not done here`, { hint });
    },
    errorHandler: (error, _request, reply) => void refuse(error, reply.header('allow', allowed.join(', '))),
    handler: () => {},
  });
}

/** A path as Fastify writes it. */
const urlOf = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');
