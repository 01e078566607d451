import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Access, accessPolicy } from '../server/access.ts';
import { ApiError } from '../server/api/problems.ts';
import type { Connections } from '../server/connections.ts';
import { draining } from '../server/draining.ts';
import { addHooks } from '../server/hooks.ts';
import { httpServer } from '../server/http-server.ts';
import { announcesBody, receive } from '../server/receive.ts';
import { refuser } from '../server/refuse.ts';
import { mcpServers } from './create-server.ts';
import { MESSAGE_BYTES } from './message-bytes.ts';
import type { McpServices } from './services.ts';

/** Where the protocol is spoken. */
export const MCP_PATH = '/mcp';

export interface McpHttpOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  /** Other names of this machine. */
  readonly allowHosts: readonly string[];
}

export interface McpListener {
  /** http://127.0.0.1:8081/mcp */
  readonly address: string;
  close(): Promise<void>;
}

/** Streamable HTTP, with the access, the limits and the refusals of `serve`. */
export async function listenForMcp(
  services: McpServices,
  { host: address, port, token, allowHosts }: McpHttpOptions,
): Promise<McpListener> {
  const { limits, host, metrics, admission, onFault } = services;
  let stopping = false;
  const isDraining = (): boolean => stopping;
  const { http, connections } = httpServer({
    ...{ limits, basePath: '', refuse: refuser(onFault), isIdle: () => admission.underWay === 0 },
    whereElse: `clients of the Model Context Protocol speak at ${MCP_PATH}`,
  });
  const access: Access = accessPolicy({ address, token, cors: [], allowHosts });
  addHooks(http, { access, host, connections, metrics, basePath: '', isDraining });
  const handler = createMcpHandler(mcpServers(services), {
    maxRequestBodySize: MESSAGE_BYTES,
    onerror: (error) => services.reporter.warn(`a message could not be answered: ${error.message}`),
  });
  http.route({
    method: ['GET', 'POST', 'DELETE'],
    url: MCP_PATH,
    onRequest: async (request) => {
      access.checkToken(request.headers);
      if (stopping) throw draining();
      if (request.method === 'POST') return;
      throw new ApiError('method-not-allowed', `${request.method} is not done here: the server keeps no sessions`, {
        hint: 'send messages by POST',
      });
    },
    errorHandler: (error, _request, reply) => {
      const isOther = error instanceof ApiError && error.code === 'method-not-allowed';
      return refuser(onFault)(error, isOther ? reply.header('allow', 'POST') : reply);
    },
    handler: async (request, reply) => answer(handler, request, reply, { services, connections }),
  });
  const bound = await http.listen({ host: address, port });
  return {
    address: `${bound}${MCP_PATH}`,
    async close() {
      stopping = true;
      await handler.close();
      const closed = http.close();
      http.server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchanged {
  readonly services: McpServices;
  readonly connections: Connections;
}

async function answer(
  { fetch }: McpHttpHandler,
  request: FastifyRequest,
  reply: FastifyReply,
  { services, connections }: Exchanged,
): Promise<FastifyReply> {
  const body = await bodyOf(request, services, connections);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, [value].flat().join(', ')]],
  );
  // Who it is for has been checked; the handler looks at the path alone.
  const asked = new Request(`http://localhost${MCP_PATH}`, { method: 'POST', headers, body, signal: gone.signal });
  const response = await fetch(asked);
  const given = Object.fromEntries(response.headers);
  if (response.body === null || !given['content-type']?.startsWith('text/event-stream')) {
    return reply
      .code(response.status)
      .headers(given)
      .send(Buffer.from(await response.arrayBuffer()));
  }
  // A stream lasts as long as its call: the time that an answer may take to be read is no measure for it.
  reply.hijack();
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...given })) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(response.status);
  await pipeline(Readable.fromWeb(response.body), reply.raw).catch(() => gone.abort());
  return reply;
}

/** @throws ApiError `body-too-large`, `busy`, `request-timeout` */
async function bodyOf(
  { raw }: FastifyRequest,
  { admission, limits }: McpServices,
  connections: Connections,
): Promise<Buffer<ArrayBuffer>> {
  const { 'content-length': length } = raw.headers;
  admission.check(length === undefined ? undefined : Number(length), MESSAGE_BYTES);
  const held = admission.hold();
  const exchange = connections.exchange(raw);
  if (exchange === undefined) held.free();
  else exchange.onEnd(held.free);
  const read = announcesBody(raw)
    ? await receive(raw, { most: MESSAGE_BYTES, seconds: limits.requestSeconds, held })
    : Buffer.alloc(0);
  return Buffer.from(read);
}
