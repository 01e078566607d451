import { McpServer } from '@modelcontextprotocol/server';
import { VERSION } from '../version.ts';
import { registerResources } from './resources.ts';
import type { McpServices } from './services.ts';
import { registerTool, type Tool } from './tool.ts';
import { TOOLS } from './tools.ts';

/** What a client is told of the server as a whole. */
const instructions = ({ ids, isLocal, allowChanges }: McpServices): string =>
  [
    `Searches pictures by pictures and words in ${ids.length === 1 ? 'an index' : 'indexes'}: ${ids.join(', ')}.`,
    'Each answer has an id (<index>.<number>); view shows it larger, and it can be the query of another search.',
    'relevance of an answer is the estimated probability that it is relevant; nothingFound says that most likely nothing is.',
    isLocal
      ? 'Pictures are given as paths of this machine (file) or as base64 (image).'
      : 'Pictures are given as base64.',
    ...(allowChanges ? [] : ['The indexes cannot be changed here.']),
  ].join(' ');

/** Makes servers, each of one connection or of one request: all of them share the services, and what the tools are declared as. */
export function mcpServers(services: McpServices): () => McpServer {
  const offered = Object.entries<Tool>(TOOLS).filter(([, { changes }]) => !changes || services.allowChanges);
  const declared = offered.map(([name, tool]) => [name, tool.declare(services)] as const);
  return () => {
    const server = new McpServer(
      { name: 'neurodex', title: 'Neurodex', version: VERSION },
      { instructions: instructions(services) },
    );
    for (const [name, declaration] of declared) registerTool(server, name, declaration, services);
    registerResources(server, services);
    return server;
  };
}
