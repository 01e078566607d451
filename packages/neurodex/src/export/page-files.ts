import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import { z } from 'zod';

/** The pages, as `npm run build` puts them into the package. */
export const PAGES = fileURLToPath(new URL('../../web/', import.meta.url));
const MANIFEST = '.vite/manifest.json';
/** What pages refer to besides what the manifest knows of: these, and ONNX Runtime as it is published. */
const PUBLIC = ['icon.svg', 'theme.js'];
const ASSETS = 'assets';
const RUNTIME = /^onnxruntime-web-[\w.-]+$/;

/** For hosts that read them: threads need an isolated page, and files that are named by their content never change. */
export const HEADERS = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  X-Content-Type-Options: nosniff
/assets/*
  Cache-Control: public, max-age=31536000, immutable
`;

const files = z.array(z.string()).default([]);
/** The manifest of the built pages: what each file needs. */
const manifestSchema = z.record(
  z.string(),
  z.object({ file: z.string(), css: files, assets: files, imports: files, dynamicImports: files }),
);

/** Pages that need no server. */
export type StandalonePage = 'static.html' | 'indexing.html';

/**
 * The files of a page, as [where it is, where it goes]: of all pages, what this one can reach.
 * @throws NeurodexError `page-missing`
 */
export async function pageFiles(pages: string, page: StandalonePage): Promise<(readonly [from: string, to: string])[]> {
  let manifest: z.infer<typeof manifestSchema>;
  try {
    manifest = manifestSchema.parse(JSON.parse(await readFile(join(pages, MANIFEST), 'utf8')));
  } catch (error) {
    throw missing(pages, error);
  }
  const needed = new Set<string>();
  const reached = new Set<string>();
  const open: string[] = [page];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const chunk = manifest[name];
    if (chunk === undefined) throw missing(pages);
    for (const file of [chunk.file, ...chunk.css, ...chunk.assets]) needed.add(file);
    open.push(...chunk.imports, ...chunk.dynamicImports);
  }
  await addThreads(pages, needed);
  const runtime = (await readdir(join(pages, ASSETS))).filter((name) => RUNTIME.test(name));
  for (const name of runtime) {
    for (const file of await readdir(join(pages, ASSETS, name))) needed.add(`${ASSETS}/${name}/${file}`);
  }
  return [[page, 'index.html'], ...[...PUBLIC, ...needed].map((file) => [file, file] as const)];
}

/** A file of the built pages. @throws NeurodexError `page-missing` */
export const readPageFile = (pages: string, file: string): Promise<Uint8Array> =>
  readFile(join(pages, file)).catch((error: unknown) => {
    throw missing(pages, error);
  });

/** The manifest does not know what threads load: programs name those files in their text. */
async function addThreads(pages: string, needed: Set<string>): Promise<void> {
  const programs = (await readdir(join(pages, ASSETS))).filter((name) => name.endsWith('.js'));
  for (const file of needed) {
    if (!file.endsWith('.js')) continue;
    const text = new TextDecoder().decode(await readPageFile(pages, file));
    for (const name of programs) if (text.includes(name)) needed.add(`${ASSETS}/${name}`);
  }
}

const missing = (pages: string, cause?: unknown): NeurodexError =>
  new NeurodexError('page-missing', `the page is not in ${pages}`, {
    hint: 'install neurodex again; in a copy of its sources, run `npm run build`',
    details: { folder: pages },
    ...(cause === undefined ? {} : { cause }),
  });
