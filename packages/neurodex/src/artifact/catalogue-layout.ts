import { pictureBytes } from '@neurodex/datasets/picture';
import type { CatalogueManifest } from './catalogue-manifest.ts';

export const MANIFEST_FILE = 'catalogue.json';
export const FORMAT = 'neurodex-catalogue';
export const VERSION = 5;
/** Without columns of metadata a catalogue is what it was before there were any, and has that version. */
export const PLAIN_VERSION = 4;

/** The version of a catalogue of such parts: a program that knows no metadata still reads one without any. */
export const versionOf = (parts: CatalogueManifest['parts']): CatalogueManifest['version'] =>
  parts.some(({ metadata }) => metadata === true) ? VERSION : PLAIN_VERSION;

/** The manifest as its file holds it. */
export const manifestText = (manifest: CatalogueManifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** A column of a catalogue beside its table: the bytes of each row lie one after another. */
export type CatalogueColumn = 'pixels' | 'embeddings' | 'states';

/** Bytes of each row, of the columns that the catalogue has. */
export function columnBytes({
  size,
  embeddings,
  states,
}: Pick<CatalogueManifest, 'size' | 'embeddings' | 'states'>): Partial<Record<CatalogueColumn, number>> {
  const { BYTES_PER_ELEMENT } = Float32Array;
  return {
    pixels: pictureBytes(size),
    ...(embeddings === undefined
      ? {}
      : { embeddings: (1 + embeddings.views) * embeddings.tokens * embeddings.channels * BYTES_PER_ELEMENT }),
    ...(states === undefined ? {} : { states: states.width * BYTES_PER_ELEMENT }),
  };
}

export const COLUMNS: readonly CatalogueColumn[] = ['pixels', 'embeddings', 'states'];
