import { join } from 'node:path';
import { CheckedFile, damaged } from '@neurodex/core/storage';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { isSha256 } from './catalogue-files.ts';
import { type CatalogueColumn, type CataloguePart, columnBytes } from './catalogue-manifest.ts';
import type { CatalogueLayout } from './catalogue-writer.ts';
import { metadataAt } from './metadata-columns.ts';
import type { CatalogueRow } from './part-writer.ts';
import { readable } from './readable.ts';
import { TableReader } from './table.ts';

/**
 * All of a part, to be written anew.
 * @param pictures what is known of its rows
 * @throws NeurodexError `index-missing`, `index-damaged`
 */
export async function readPart(
  folder: string,
  part: CataloguePart,
  layout: CatalogueLayout,
  pictures: readonly StoredPicture[],
): Promise<CatalogueRow[]> {
  const table = new CheckedFile(join(folder, part.pictures.file), part.pictures);
  const { path } = table;
  const vectors = Object.keys(layout.vectors ?? {});
  const reader = new TableReader(table, part.rows, layout.vectors ?? {}, part.metadata);
  const thumbnails = await readable(path, () => reader.thumbnails(0, part.rows));
  const digests = await readable(path, () => reader.digests());
  const metadata = await readable(path, () => reader.metadata());
  const columns = await Promise.all(
    vectors.map(async (name) => [name, await readable(path, () => reader.vectors(name))] as const),
  );
  const widths = columnBytes(layout);
  const files = new Map<CatalogueColumn, Promise<ArrayBuffer>>();
  const whole = (name: CatalogueColumn): Promise<ArrayBuffer> => {
    const listed = part[name];
    if (listed === undefined) throw damaged(folder, `lists no ${name} of a part`);
    const reading = files.get(name) ?? new CheckedFile(join(folder, listed.file), listed).slice(0);
    files.set(name, reading);
    return reading;
  };
  return pictures.map(({ row: _, ...picture }, at): CatalogueRow => {
    const thumbnail = thumbnails[at];
    const sha256 = digests[at];
    if (!(thumbnail instanceof Uint8Array && isSha256(sha256)))
      throw damaged(path, `does not hold what it should of ${picture.path}`);
    const own = columns.flatMap(([name, values]) => {
      const vector = values[at];
      return vector === null || vector === undefined
        ? []
        : [[name, Float32Array.from(vector as ArrayLike<number>)] as const];
    });
    return {
      ...picture,
      thumbnail,
      sha256,
      ...(part.metadata === true ? { metadata: metadataAt(metadata, at) } : {}),
      ...(own.length === 0 ? {} : { vectors: Object.fromEntries(own) }),
      async column(name) {
        const bytes = widths[name] ?? 0;
        return new Uint8Array(await whole(name), at * bytes, bytes);
      },
    };
  });
}
