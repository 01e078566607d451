import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

/** What `npm run build` left for the server. */
const built = new URL('../../neurodex/web/', import.meta.url);
/** Of each page: its scripts and styles together, gzipped. */
const BUDGET = 300_000;

/** Files that a page fetches before it can be used: those it names, and those that they import at once. */
function filesOf(page: string): Set<string> {
  const files = new Set<string>();
  const waiting = [
    ...readFileSync(new URL(page, built), 'utf8').matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g),
  ].map(([, file]) => file as string);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const imports = readFileSync(new URL(file, built), 'utf8').matchAll(
      /(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g,
    );
    waiting.push(...[...imports].map(([, name]) => `assets/${name}`));
    // A thread of the page.
    const threads = readFileSync(new URL(file, built), 'utf8').matchAll(
      /["'`](?:\.\/|assets\/)?(worker-[\w-]+\.js)["'`]/g,
    );
    waiting.push(...[...threads].map(([, name]) => `assets/${name}`));
  }
  return files;
}

describe.each(['index.html', 'static.html', 'indexing.html'])('%s', (page) => {
  const files = filesOf(page);

  it('is smaller than 300 kB, gzipped', () => {
    const sizes = [...files].map((file) => gzipSync(readFileSync(new URL(file, built))).length);
    expect(files.size).toBeGreaterThan(2);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(BUDGET);
  });

  it('holds nothing of the server', () => {
    for (const file of files) {
      expect(readFileSync(new URL(file, built), 'utf8'), file).not.toMatch(
        /node:fs|fastify|ZodObject|\bBuffer\.(from|alloc|concat|compare|byteLength)/,
      );
    }
  });
});

it('the pages are where the package takes them from', () => {
  expect(readdirSync(fileURLToPath(built))).toEqual(
    expect.arrayContaining(['assets', 'index.html', 'indexing.html', 'static.html']),
  );
});
