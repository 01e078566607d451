import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { ContentCache, openStore, putContent } from '@neurodex/objects';

const folder = mkdtempSync(join(tmpdir(), 'objects-'));
const place = process.argv[2] ?? join(folder, 'store');
const store = await openStore(place, { environment: process.env, reporter: silentReporter, create: true });

const words = await putContent(store, new TextEncoder().encode('red blue green'));
const cache = await ContentCache.open(join(folder, 'cache'), { maxBytes: 1e9 });
const opened = await cache.open(store, words);
console.log(words.key, await readFile(opened.path, 'utf8'));
await opened.release();

// A record that several writers count up: who comes second reads it again.
for (let written = false; !written; ) {
  const found = await store.get('records/runs');
  const runs = found === undefined ? 0 : Number(new TextDecoder().decode(found.content));
  const condition = found === undefined ? 'absent' : { etag: found.etag };
  const put = await store.put('records/runs', new TextEncoder().encode(`${runs + 1}`), { condition });
  written = put.written;
}
for await (const { key, bytes } of store.list('')) console.log(key, bytes);
