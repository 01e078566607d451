import type { FastifyInstance } from 'fastify';
import { matches } from './images.ts';
import type { PageFile } from './pages.ts';
import { PAGE_POLICY } from './security-headers.ts';

const config = { counted: 'page' } as const;

/** The pages over HTTP; a line that says where the API is, where they were not built. */
export function addPages(http: FastifyInstance, pages: ReadonlyMap<string, PageFile>): void {
  for (const [url, page] of pages) {
    http.get(url, { config }, async (request, reply) => {
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
  http.get('/', { config }, async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('Neurodex. The API is described in /openapi.json\n'),
  );
}
