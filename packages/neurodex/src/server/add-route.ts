import type { FastifyInstance, HTTPMethods, RouteOptions } from 'fastify';
import type { Access } from './access.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import type { Route } from './api/route.ts';
import { ROUTE_NAMES, route } from './api/routes.ts';
import { draining } from './draining.ts';
import type { AnyReply, Asked, Handler, Handlers } from './handler.ts';
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
  const declared = route(name);
  const handle: Handler<Name> = table[name];
  const options: Omit<RouteOptions, 'url'> = {
    method,
    config: { counted: name },
    onRequest: async (request) => {
      if (declared.writes) access.checkWriting(request.headers);
      else if (declared.open !== true) access.checkToken(request.headers);
      if ((declared.searches || declared.writes) && isDraining()) throw draining();
    },
    handler: async (request, reply) => {
      const asked: Asked<Name> = {
        path: parsePath(name, request.params as Record<string, string>),
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
  };
  for (const url of urlsOf(path, declared)) http.route({ ...options, url });
}

/** Refuses the methods that no route has at a path. */
export function refuseOtherMethods(http: FastifyInstance, path: string, refuse: Refuse): void {
  const names = ROUTE_NAMES.filter((name) => PATHS[name].path === path);
  const methods = names.map((name) => PATHS[name].method);
  const allowed: string[] = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const options: Omit<RouteOptions, 'url'> = {
    method: METHODS.filter((other) => !allowed.includes(other)),
    config: names[0] === undefined ? {} : { counted: names[0] },
    onRequest: async (request) => {
      const hint = `use ${methods.join(' or ')}`;
      throw new ApiError('method-not-allowed', `${request.method} is not done here`, { hint });
    },
    errorHandler: (error, _request, reply) => void refuse(error, reply.header('allow', allowed.join(', '))),
    handler: () => {},
  };
  const slash = names.some((name) => route(name).slash);
  for (const url of urlsOf(path, slash ? { slash } : {})) http.route({ ...options, url });
}

/** Where a route is found, as Fastify writes it. */
function urlsOf(path: string, { slash }: Pick<Route, 'slash'>): string[] {
  const url = path.replace(/\{(\w+)\}/g, ':$1');
  return slash ? [url, `${url}/`] : [url];
}
