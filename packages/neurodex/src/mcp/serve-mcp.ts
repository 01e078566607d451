import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { NeurodexError } from '@neurodex/core';
import { isLoopback } from '../server/access.ts';
import { checkAddress } from '../server/start-server.ts';
import { mcpServers } from './create-server.ts';
import { listenForMcp, type McpHttpOptions } from './http.ts';
import { MESSAGE_BYTES } from './message-bytes.ts';
import { type McpServices, type McpSettings, openServices } from './services.ts';

/** How clients reach the tools: a process's own input and output, or HTTP. */
export type McpTransport =
  | { readonly kind: 'stdio'; readonly input?: Readable; readonly output?: Writable }
  | ({
      readonly kind: 'http';
      /** Whether it may be open to everybody: without a token on an address that other machines reach. */
      readonly open: boolean;
      /** Told where it listens. */
      readonly onListening?: (address: string) => void;
    } & McpHttpOptions);

export interface ServeMcpOptions extends Omit<McpSettings, 'isLocal'> {
  readonly transport: McpTransport;
  /** Given when the server shall stop. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Offers searches as tools of the Model Context Protocol, until the signal, or until the client closes its end.
 * @throws NeurodexError of the indexes, `address-unavailable`, `usage`, `server-failed` when what computes answers keeps ending
 */
export async function serveMcp({ transport, signal, ...settings }: ServeMcpOptions): Promise<void> {
  if (transport.kind === 'http') await checkHttp(transport, settings.allowChanges);
  const services = await openServices({ ...settings, isLocal: transport.kind === 'stdio' });
  try {
    const serving = transport.kind === 'stdio' ? overStdio(services, transport) : await overHttp(services, transport);
    try {
      const failure = await Promise.race([stopped(signal), serving.ended, services.failure]);
      if (failure !== undefined) throw failure;
    } finally {
      await serving.close();
    }
  } finally {
    await services.close();
  }
}

interface Served {
  /** Resolves when the client has gone. */
  readonly ended: Promise<undefined>;
  close(): Promise<void>;
}

function overStdio(
  services: McpServices,
  { input = process.stdin, output = process.stdout }: Extract<McpTransport, { kind: 'stdio' }>,
): Served {
  const { reporter } = services;
  const ended = new Promise<undefined>((resolve) => {
    for (const event of ['end', 'close', 'error']) input.once(event, () => resolve(undefined));
    // A client that no longer reads is gone.
    for (const event of ['close', 'error']) output.once(event, () => resolve(undefined));
  });
  const handle = serveStdio(mcpServers(services), {
    transport: new StdioServerTransport(input, output, { maxBufferSize: MESSAGE_BYTES }),
    onerror: (error) => reporter.warn(`a message could not be answered: ${error.message}`),
  });
  reporter.info(`${plural(services.ids.length)} as tools on standard input and output`);
  return { ended, close: () => handle.close() };
}

async function overHttp(
  services: McpServices,
  { onListening, ...options }: Extract<McpTransport, { kind: 'http' }>,
): Promise<Served> {
  const listener = await listenForMcp(services, options);
  services.reporter.info(`${plural(services.ids.length)} as tools at ${listener.address}`);
  onListening?.(listener.address);
  return { ended: new Promise(() => {}), close: () => listener.close() };
}

const plural = (count: number): string => (count === 1 ? 'the index is served' : `${count} indexes are served`);

/** @throws NeurodexError `usage`, `address-unavailable` */
async function checkHttp(transport: Extract<McpTransport, { kind: 'http' }>, allowChanges: boolean): Promise<void> {
  const { host, token, open } = transport;
  if (token === undefined && !open && !isLoopback(host)) {
    throw new NeurodexError('usage', `at ${host} other machines could reach the tools, and there is no token`, {
      hint: 'name one with --token TEXT, listen on 127.0.0.1, or open it to everybody with --no-token',
      details: { host },
    });
  }
  if (token === undefined && allowChanges) {
    throw new NeurodexError('usage', 'over HTTP every program of this machine could change the indexes', {
      hint: 'name a token with --token TEXT, or leave --allow-changes out',
    });
  }
  await checkAddress(transport);
}

const stopped = (signal: AbortSignal | undefined): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve(undefined);
    signal?.addEventListener('abort', () => resolve(undefined), { once: true });
  });
