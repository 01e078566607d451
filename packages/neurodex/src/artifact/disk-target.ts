import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromFileSystem } from '@neurodex/core';
import { HashedFile, makeFolder, renamePath } from '@neurodex/core/storage';
import { writeManifest } from './catalogue-manifest.ts';
import { type CatalogueLayout, CatalogueWriter, type PartLimits } from './catalogue-writer.ts';
import type { CatalogueTarget } from './part-writer.ts';
import type { VectorColumns } from './table-schema.ts';
import { TableWriter } from './table-writer.ts';

/** A folder on the disk, which is there. Its methods throw NeurodexError `disk-full`, `output-unwritable`. */
export const diskTarget = (folder: string): CatalogueTarget => ({
  async create(name) {
    const path = join(folder, name);
    await rm(path, { force: true });
    return await HashedFile.create(path);
  },
  async rename(from, to) {
    const path = join(folder, to);
    await renamePath(join(folder, from), path).catch((error: unknown) => {
      throw fromFileSystem(error, path);
    });
  },
  describe: (manifest) => writeManifest(folder, manifest),
});

/** A catalogue on the disk, in a folder that is made where it is not there. @throws NeurodexError `disk-full`, `output-unwritable` */
export async function catalogueIn(
  folder: string,
  layout: CatalogueLayout,
  limits?: PartLimits,
  sync?: boolean,
): Promise<CatalogueWriter> {
  await makeFolder(folder);
  return new CatalogueWriter(diskTarget(folder), layout, limits, sync);
}

/** A table on the disk. @throws NeurodexError `output-unwritable`, `disk-full`; an Error when the file is there already */
export const tableAt = async (path: string, vectors?: VectorColumns, metadata?: boolean): Promise<TableWriter> =>
  new TableWriter(await HashedFile.create(path), vectors, metadata);
