import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

export interface StaticHost {
  /** The folder's address, deep inside the host's. */
  readonly address: string;
  /** Paths that were asked for, from the folder on. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** The plainest host of static files: it knows types of files, and sends `headers` with each. */
export async function hostFolder(folder: string, headers: Readonly<Record<string, string>> = {}): Promise<StaticHost> {
  const base = '/some/where/';
  const asked: string[] = [];
  const server: Server = createServer(async ({ url = '/' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://host').pathname);
    const file = path.startsWith(base) ? path.slice(base.length) || 'index.html' : undefined;
    if (file !== undefined) asked.push(file);
    try {
      const content = await readFile(join(folder, normalize(`/${file ?? '\0'}`)));
      response.writeHead(200, { 'Content-Type': TYPES[extname(file ?? '')] ?? 'application/octet-stream', ...headers });
      response.end(content);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
