import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { Access } from './access.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import { route } from './api/routes.ts';
import type { AnyReply, Asked, Handler, Handlers } from './handler.ts';
import { draining } from './handlers.ts';
import { parsePath, parseQuery } from './parse-parameters.ts';
import type { receiver } from './receive.ts';
import type { Refuse } from './refuse.ts';

export interface RouteServices {
  readonly access: Access;
  readonly receive: ReturnType<typeof receiver>;
  readonly refuse: Refuse;
  readonly isDraining: () => boolean;
}

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A route of the API over HTTP: its parameters are parsed, its handler answers, and other methods are refused. */
export function addRoute<Name extends RouteName>(
  http: FastifyInstance,
  name: Name,
  table: Handlers,
  { access, receive, refuse, isDraining }: RouteServices,
): void {
  const { method, path } = PATHS[name];
  const url = path.replace(/\{(\w+)\}/g, ':$1');
  const handle: Handler<Name> = table[name];
  const config = { counted: name };
  http.route<{ Params: Record<string, string> }>({
    method,
    url,
    config,
    onRequest: async (request) => {
      if (route(name).open !== true) access.checkToken(request.headers);
      if (name === 'search' && isDraining()) throw draining();
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
  http.route({
    method: METHODS.filter((other) => other !== method && !(method === 'GET' && other === 'HEAD')),
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
