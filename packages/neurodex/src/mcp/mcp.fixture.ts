import {
  type CallToolResult,
  Client,
  InMemoryTransport,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { silentReporter } from '@neurodex/core';
import { DEFAULT_LIMITS, type Limits } from '../server/limits.ts';
import { mcpServers } from './create-server.ts';
import { listenForMcp } from './http.ts';
import { type McpServices, type McpSettings, openServices } from './services.ts';

/** Servers in this process, and clients of them. */

/** The versions of the protocol, by what a client asks for first. */
export const ERAS = ['legacy', 'auto'] as const;
export type Era = (typeof ERAS)[number];

export const clientOf = (era: Era): Client =>
  new Client({ name: 'tests', version: '1' }, { versionNegotiation: { mode: era } });

export const openForTest = (
  indexes: readonly string[],
  { limits, ...options }: Partial<Omit<McpSettings, 'limits'>> & { readonly limits?: Partial<Limits> } = {},
): Promise<McpServices> =>
  openServices({
    ...{ indexes, limits: { ...DEFAULT_LIMITS, ...limits }, device: 'cpu', reporter: silentReporter },
    ...{ allowChanges: false, isLocal: true },
    ...options,
  });

/** A client of services that have the files of this machine. */
export async function connected(services: McpServices): Promise<Client> {
  const [own, other] = InMemoryTransport.createLinkedPair();
  const server = mcpServers(services)();
  const client = clientOf('legacy');
  await Promise.all([server.connect(own), client.connect(other)]);
  return client;
}

export const listening = (services: McpServices, token?: string, allowHosts: readonly string[] = []) =>
  listenForMcp(services, { host: '127.0.0.1', port: 0, token, allowHosts });

export async function overHttp(address: string, era: Era, token?: string): Promise<Client> {
  const client = clientOf(era);
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(address), { requestInit: { headers } }));
  return client;
}

/** What is in a result. */
export const textOf = ({ content: [first] }: CallToolResult): string => (first?.type === 'text' ? first.text : '');
export const images = ({ content }: CallToolResult) => content.filter((block) => block.type === 'image');
export interface Found {
  readonly index: string;
  readonly system: string;
  readonly answers: readonly {
    readonly rank: number;
    readonly score: number;
    readonly picture: { readonly id: string; readonly name: string };
  }[];
}
export const foundIn = ({ structuredContent }: CallToolResult): Found => structuredContent as unknown as Found;
