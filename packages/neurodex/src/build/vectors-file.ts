import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '@neurodex/core/storage';
import type { BuildFolders } from './build-options.ts';
import type { CatalogueVectors } from './draft.ts';

/** What is known of a column of vectors beside its numbers. */
export type VectorFacts = Pick<CatalogueVectors, 'length' | 'producer'>;

/** Writes a column of vectors for the stages that follow. */
export async function writeVectors(
  folders: BuildFolders,
  name: string,
  vectors: CatalogueVectors,
): Promise<VectorFacts> {
  const { values, length, producer } = vectors;
  await writeFileAtomically(
    join(folders.work, name),
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return { length, producer };
}

export async function readVectors(folders: BuildFolders, name: string, facts: VectorFacts): Promise<CatalogueVectors> {
  const bytes = await readFile(join(folders.work, name));
  return { ...facts, values: new Float32Array(new Uint8Array(bytes).buffer) };
}
