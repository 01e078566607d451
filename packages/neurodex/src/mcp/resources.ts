import { type McpServer, ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server';
import { ApiError } from '../server/api/problems.ts';
import { viewed } from './image-content.ts';
import { answering, type McpServices } from './services.ts';

/** Pictures and indexes under addresses of their own, for clients that attach resources: neurodex://INDEX/pictures/NUMBER. */
export function registerResources(server: McpServer, services: McpServices): void {
  const { host } = services;
  for (const id of services.ids) {
    const uri = `neurodex://${id}`;
    const about = {
      title: `The index ${id}`,
      description: 'What it is and what it was made from',
      mimeType: 'application/json',
    };
    server.registerResource(id, uri, about, async () => ({
      contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(host.index(id).details) }],
    }));
  }
  const template = new ResourceTemplate('neurodex://{index}/pictures/{picture}', { list: undefined });
  const about = { title: 'A picture of an index', description: 'As it is stored, by the number in its id' };
  server.registerResource('picture', template, about, async ({ href }, { index, picture }, { mcpReq }) =>
    answering(services, mcpReq.signal, async () => {
      const { image } = await host.pictureIn(String(index), String(picture)).catch((error: unknown) => {
        throw error instanceof ApiError && error.status === 404 ? new ResourceNotFoundError(href) : error;
      });
      const { bytes, mimeType } = await viewed(await image());
      return { contents: [{ uri: href, mimeType, blob: Buffer.from(bytes).toString('base64') }] };
    }),
  );
}
