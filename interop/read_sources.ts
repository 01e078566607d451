import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { silentReporter } from '@neurodex/core';
import { csvRecords, declarationOf, NO_RULES, recogniseDataset } from '@neurodex/datasets';
import { z } from 'zod';

/**
 * Neurodex reads the folders, shards and tables that `make_sources.py` made, recognised by their layout: the class names and captions of
 * every picture, told apart by its SHA-256, must be what `datasets`, `pycocotools` and `webdataset` read, and every field of every table what Python's
 * `csv` reads.
 *
 *     tsx interop/read_sources.ts FOLDER
 */
const expectedSchema = z.object({
  pictures: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ labels: z.array(z.string()), captions: z.array(z.string()), key: z.string().optional() }),
    ),
  ),
  tables: z.record(z.string(), z.array(z.array(z.string()))),
});

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: tsx interop/read_sources.ts FOLDER');
const { pictures, tables } = expectedSchema.parse(JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));
const wrong: string[] = [];
const differ = (what: string, found: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(found, expected)) {
    wrong.push(`${what}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  }
};

let count = 0;
for (const [name, expected] of Object.entries(pictures)) {
  const source = join(folder, name);
  const dataset = await declarationOf((await recogniseDataset(source)) ?? 'folder').open({
    source,
    rules: NO_RULES,
    seed: 0,
    cache: join(folder, 'cache'),
    environment: {},
    downloads: () => {
      throw new Error('nothing is to be downloaded');
    },
    reporter: silentReporter,
  });
  for (const { path, labels, captions = [], read } of dataset.pictures) {
    const sha256 = createHash('sha256')
      .update(await read())
      .digest('hex');
    const { key, ...facts } = expected[sha256] ?? { labels: ['is not there'], captions: [] };
    differ(`${name}, ${path}`, { labels, captions }, facts);
    if (key !== undefined) differ(`${name}, the key of ${path}`, path.replace(/^[^/]*\/|\.png$/g, ''), key);
  }
  differ(`${name}: pictures`, dataset.pictures.length, Object.keys(expected).length);
  count += dataset.pictures.length;
}
for (const [name, expected] of Object.entries(tables)) {
  const found: (readonly string[])[] = [];
  for await (const record of csvRecords(join(folder, 'tables', name))) {
    found.push('fields' in record ? record.fields : [record.reason]);
  }
  differ(name, found, expected);
}
for (const line of wrong.slice(0, 20)) console.error(line);
console.log(
  `${Object.keys(pictures).length} sources with ${count} pictures, ${Object.keys(tables).length} tables: ${wrong.length} differences`,
);
process.exitCode = wrong.length > 0 || count === 0 ? 1 : 0;
