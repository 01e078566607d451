import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Where the build of the pages leaves them, whether this file is compiled or a source that tests run. */
export const PAGES_FOLDER = fileURLToPath(new URL('../../web/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
/** The build puts a digest into the names of what is in this folder. */
const HASHED = /^\/assets\//;

export interface PageFile {
  readonly body: Buffer;
  /** Undefined where it is no smaller. */
  readonly gzipped: Buffer | undefined;
  readonly type: string;
  readonly tag: string;
  readonly immutable: boolean;
}

/**
 * The pages, by their paths. They are read once, so that no path of a request ever reaches the file system. Empty where
 * they were not built.
 */
export async function readPages(folder: string = PAGES_FOLDER): Promise<ReadonlyMap<string, PageFile>> {
  const pages = new Map<string, PageFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${file.slice(join(folder, '/').length).split(/[\\/]/).join('/')}`;
    pages.set(path, await pageOf(await readFile(file), type, HASHED.test(path)));
  }
  const index = pages.get('/index.html');
  if (index !== undefined) pages.set('/', index);
  return pages;
}

async function pageOf(body: Buffer, type: string, immutable: boolean): Promise<PageFile> {
  const gzipped = await promisify(gzip)(body, { level: 9 });
  return {
    body,
    gzipped: gzipped.length < body.length ? gzipped : undefined,
    type,
    tag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`,
    immutable,
  };
}
