import { join } from 'node:path';
import { readThumbnails } from '../packages/neurodex/src/artifact/catalogue-store.ts';
import { CATALOGUE_FOLDER } from '../packages/neurodex/src/artifact/manifest.ts';
import type { Index } from '../packages/neurodex/src/systems/open-index.ts';

/** How many different pictures are asked. */
export const UPLOADS = 256;
/** Answers to each. */
export const ANSWERS = 10;

/** The files that clients send: the test queries of an index as it keeps them, PNG. */
export async function uploadsOf({ folder, store }: Index): Promise<Buffer[]> {
  const rows = store.queries('test').map(({ row }) => row);
  const files = await readThumbnails(join(folder, CATALOGUE_FOLDER), rows.slice(0, UPLOADS));
  return files.map((png) => Buffer.from(png));
}
