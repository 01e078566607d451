import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueColumn, CatalogueManifest } from './catalogue-manifest.ts';

/** Where a file of a catalogue lies: one of the parts that its manifest lists. @param at which part, from 0 */
export function partFile(catalogue: string, column: CatalogueColumn | 'pictures', at = 0): string {
  const manifest = JSON.parse(readFileSync(join(catalogue, 'catalogue.json'), 'utf8')) as CatalogueManifest;
  const listed = manifest.parts[at]?.[column];
  if (listed === undefined) throw new RangeError(`${catalogue} has no ${column} of part ${at}`);
  return join(catalogue, listed.file);
}
