import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { decodePicture, decodeWhole } from '@neurodex/datasets/image';

/** Decodes every picture of the matrix, as it is and as a square: read_picture_matrix.ts FOLDER OUT */
const SIZE = 32;
const [folder = '', out = ''] = process.argv.slice(2);
await mkdir(out, { recursive: true });
const cases: { file: string }[] = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8'));
const results = [];
for (const { file } of cases) {
  const bytes = await readFile(join(folder, file));
  const options = { name: file, maxPixels: 1_000_000 };
  try {
    const { width, height, pixels } = await decodeWhole(bytes, options);
    const square = await decodePicture(bytes, { ...options, size: SIZE });
    await writeFile(join(out, `${file}.whole`), pixels);
    await writeFile(join(out, `${file}.square`), square.pixels);
    results.push({ file, width, height, size: SIZE });
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error);
    results.push({ file, refused, code: error instanceof NeurodexError ? error.code : '' });
  }
}
await writeFile(join(out, 'results.json'), JSON.stringify(results));
console.log(`decoded ${results.filter((result) => !('refused' in result)).length} of ${results.length} pictures`);
