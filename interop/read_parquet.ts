import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openParquet } from '@neurodex/datasets';
import { z } from 'zod';

/**
 * Neurodex reads the Parquet files that `make_parquet.py` made: the class names, the captions and the SHA-256 of every
 * picture must be what `datasets` or pyarrow read in them.
 *
 *     tsx interop/read_parquet.ts FOLDER
 */
const row = z
  .strictObject({
    labels: z.array(z.string()).readonly(),
    captions: z.array(z.string()).readonly(),
    sha256: z.string(),
  })
  .readonly();
type Row = z.infer<typeof row>;

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: tsx interop/read_parquet.ts FOLDER');
const expected = z
  .record(z.string(), z.array(row))
  .parse(JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));
let rows = 0;
const wrong: string[] = [];
for (const [name, listed] of Object.entries(expected)) {
  const { pictures, skipped } = await openParquet(join(folder, name));
  const found: Row[] = [];
  for (const { labels, captions = [], read } of pictures) {
    const sha256 = createHash('sha256')
      .update(await read())
      .digest('hex');
    found.push({ labels, captions, sha256 });
  }
  const at = listed.findIndex((row, i) => !isDeepStrictEqual(row, found[i]));
  if (at >= 0) wrong.push(`${name}, row ${at}: ${JSON.stringify(found[at])}, expected ${JSON.stringify(listed[at])}`);
  if (found.length !== listed.length) wrong.push(`${name}: ${found.length} rows, expected ${listed.length}`);
  for (const { path, reason } of skipped) wrong.push(`${name}: ${path}: ${reason}`);
  rows += listed.length;
}
if (rows === 0) wrong.push(`${folder} lists no rows`);
for (const line of wrong) console.error(line);
console.log(`${Object.keys(expected).length} Parquet files, ${rows} rows: ${wrong.length} differences`);
process.exitCode = wrong.length > 0 ? 1 : 0;
