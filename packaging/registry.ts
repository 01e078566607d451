import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';

/** A packed package. */
export interface Packed {
  readonly name: string;
  readonly version: string;
  /** package.json */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** The tarball. */
  readonly file: string;
}

export interface Registry {
  /** Of `npm --registry`. */
  readonly address: string;
  /** Packages of others that were asked for. */
  readonly asked: ReadonlySet<string>;
  close(): Promise<void>;
}

/**
 * A registry that has some packages, as if they were published, and all those of another registry. Programs install from it as users do.
 * @param behind address of the other one
 */
export async function startRegistry(packed: readonly Packed[], behind: string): Promise<Registry> {
  const byName = new Map(packed.map((each) => [each.name, each]));
  const asked = new Set<string>();
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname).slice(1);
    const address = `http://${request.headers.host}`;
    answer(path, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
    async function answer(name: string, to: ServerResponse): Promise<void> {
      const own = byName.get(name);
      if (own !== undefined) return json(to, await packument(own, address));
      const tarball = packed.find((each) => name === `tarballs/${fileName(each)}`);
      if (tarball !== undefined) {
        to.writeHead(200, { 'content-type': 'application/octet-stream' }).end(await readFile(tarball.file));
        return;
      }
      asked.add(name);
      const { accept = 'application/json' } = request.headers;
      const found = await fetch(new URL(request.url?.slice(1) ?? '', behind), { headers: { accept } });
      const type = found.headers.get('content-type') ?? 'application/json';
      to.writeHead(found.status, { 'content-type': type }).end(Buffer.from(await found.arrayBuffer()));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the registry has no port');
  return {
    address: `http://127.0.0.1:${bound.port}/`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const fileName = ({ name, version }: Packed): string => `${name.replace('/', '-')}-${version}.tgz`;

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function packument(packed: Packed, address: string): Promise<object> {
  const { name, version, manifest, file } = packed;
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  const dist = { tarball: `${address}/tarballs/${fileName(packed)}`, integrity };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
}

/** The registry that npm is set to. */
export function registryBehind(): string {
  const behind = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  return behind.endsWith('/') ? behind : `${behind}/`;
}
