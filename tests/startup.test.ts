import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodePng } from '@neurodex/datasets/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex } from '../packages/neurodex/src/server/served.fixture.ts';

/*
 * How long a command takes to begin depends on the machine; how many files it loads for that does not. Each costs a part of a
 * millisecond, and an HTTP client as much as a search.
 */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
let root = '';
let index = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'neurodex-startup-'));
  index = await makeIndex(root, 'shapes', { written: true });
  const hooks = `import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(join(root, 'loaded'))}, url + '\\n');
  return await next(url, context);
}`;
  writeFileSync(join(root, 'hooks.mjs'), hooks);
  const hooksUrl = JSON.stringify(pathToFileURL(join(root, 'hooks.mjs')).href);
  const register = `import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
register(${hooksUrl});
process.on('exit', () => {
  const required = Object.keys(createRequire(import.meta.url).cache);
  appendFileSync(${JSON.stringify(join(root, 'loaded'))}, required.map((file) => pathToFileURL(file) + '\\n').join(''));
});`;
  writeFileSync(join(root, 'register.mjs'), register);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Files that a command imports or requires. */
function loadedBy(...args: readonly string[]): string[] {
  writeFileSync(join(root, 'loaded'), '');
  const register = pathToFileURL(join(root, 'register.mjs')).href;
  execFileSync(process.execPath, ['--import', register, bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const urls = readFileSync(join(root, 'loaded'), 'utf8').split('\n');
  return [...new Set(urls.filter((url) => url.startsWith('file:')))];
}

const LATER = /node_modules\/(undici|fastify|piscina|tar|yauzl|linkedom|@observablehq|@modelcontextprotocol|bullmq)\//;

describe('a command loads few files', () => {
  it('to say its version, and neither a decoder of pictures nor a runtime for networks', () => {
    const files = loadedBy('--version');
    expect(files.length).toBeGreaterThan(5);
    expect(files.length).toBeLessThanOrEqual(60);
    expect(files.filter((url) => LATER.test(url) || /node_modules\/(sharp|onnxruntime-node)\//.test(url))).toEqual([]);
  });

  it('to search a picture, and no server, HTTP client or archive reader', () => {
    const files = loadedBy('search', index, join(root, 'pictures of shapes', 'class 2', '2-1.png'));
    expect(files.some((url) => /node_modules\/onnxruntime-node\//.test(url))).toBe(true);
    expect(files.length).toBeLessThanOrEqual(130);
    expect(files.filter((url) => LATER.test(url))).toEqual([]);
  });

  it('to search a tiny picture, and no libvips', () => {
    const tiny = join(root, 'tiny.png');
    writeFileSync(tiny, encodePng(new Uint8Array(3 * 16 * 16).fill(90), 16, 16, 3));
    expect(loadedBy('search', index, tiny).filter((url) => /node_modules\/sharp\//.test(url))).toEqual([]);
  });
});
