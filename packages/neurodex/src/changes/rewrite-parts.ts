import { defined } from '@neurodex/core';
import type { CatalogueManifest, CataloguePart } from '../artifact/catalogue-manifest.ts';
import { groupBytesOf, PART_LIMITS, partColumns } from '../artifact/catalogue-writer.ts';
import { diskTarget } from '../artifact/disk-target.ts';
import { readPart } from '../artifact/part-rows.ts';
import { type CatalogueRow, PartWriter } from '../artifact/part-writer.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { type Block, blocksOf } from './tail-blocks.ts';

/** A catalogue and what is to become of it. Pictures are in the order of their ids. */
export interface Rewriting {
  /** Of the catalogue. */
  readonly folder: string;
  readonly manifest: CatalogueManifest;
  /** The pictures that the manifest lists. */
  readonly before: readonly StoredPicture[];
  /** The pictures that are to be there. */
  readonly after: readonly StoredPicture[];
  /** Ids of pictures of which something else is known than before. */
  readonly changed: ReadonlySet<number>;
  /** Rows that are at hand, by id: those of new pictures, and any others. */
  readonly rows: ReadonlyMap<number, CatalogueRow>;
}

/**
 * Writes the parts of a catalogue that are not there yet, beside those that are: parts from the build stay as they were cut,
 * without the pictures that are gone; pictures that were added lie in blocks (`blocksOf`).
 * @returns the parts of the new catalogue @throws NeurodexError `index-damaged`, `disk-full`, `output-unwritable`
 */
export async function rewriteParts(rewriting: Rewriting): Promise<CataloguePart[]> {
  const { manifest, after } = rewriting;
  const { builtIds } = manifest;
  const end = (after.at(-1)?.id ?? -1) + 1;
  const ranges: Block[] = [
    ...manifest.parts.filter(({ first }) => first < builtIds).map(({ first, last }) => ({ first, end: last + 1 })),
    ...blocksOf(builtIds, end),
  ];
  const parts: CataloguePart[] = [];
  const source = new RowSource(rewriting);
  for (const { first, end: behind } of ranges) {
    const pictures = after.slice(placeOf(after, first), placeOf(after, behind));
    if (pictures.length === 0) continue;
    parts.push(asItWas(pictures, rewriting) ?? (await writePart(pictures, source, rewriting)));
  }
  return parts;
}

/** The part that holds these pictures already, and no others. */
function asItWas(pictures: readonly StoredPicture[], { manifest, changed }: Rewriting): CataloguePart | undefined {
  const part = manifest.parts.find(({ first }) => first === pictures[0]?.id);
  const same = part?.last === pictures.at(-1)?.id && part?.rows === pictures.length;
  // Ids only grow: as many pictures between the same two ids are the same pictures.
  return same && !pictures.some(({ id }) => changed.has(id)) ? part : undefined;
}

async function writePart(
  pictures: readonly StoredPicture[],
  source: RowSource,
  { folder, manifest }: Rewriting,
): Promise<CataloguePart> {
  const writer = await PartWriter.create(diskTarget(folder), partColumns(manifest));
  try {
    let group: CatalogueRow[] = [];
    let bytes = 0;
    for (const picture of pictures) {
      const row = await source.row(picture);
      bytes += groupBytesOf(row);
      if (group.length > 0 && bytes > PART_LIMITS.groupBytes) {
        await writer.writeRowGroup(group);
        [group, bytes] = [[], groupBytesOf(row)];
      }
      group.push(row);
    }
    await writer.writeRowGroup(group);
    return await writer.finish(true);
  } finally {
    await writer.close();
  }
}

/** Rows of pictures, from the parts that they are in. The part that was read last is kept. */
class RowSource {
  private readonly rewriting: Rewriting;
  private read: { readonly part: CataloguePart; readonly rows: ReadonlyMap<number, CatalogueRow> } | undefined;

  constructor(rewriting: Rewriting) {
    this.rewriting = rewriting;
  }

  async row({ row: _, ...picture }: StoredPicture): Promise<CatalogueRow> {
    const { rows } = this.rewriting;
    return { ...(rows.get(picture.id) ?? (await this.stored(picture.id))), ...picture };
  }

  private async stored(id: number): Promise<CatalogueRow> {
    const { folder, manifest, before } = this.rewriting;
    const part = defined(
      manifest.parts.find(({ first, last }) => first <= id && id <= last),
      'the part of a picture',
    );
    if (this.read?.part !== part) {
      const pictures = before.slice(placeOf(before, part.first), placeOf(before, part.last + 1));
      const rows = await readPart(folder, part, manifest, pictures);
      this.read = { part, rows: new Map(rows.map((row) => [row.id, row])) };
    }
    return defined(this.read.rows.get(id), 'a picture of a part');
  }
}

/** Where the first picture stands whose id is not below `id`. */
export function placeOf(pictures: readonly { readonly id: number }[], id: number): number {
  let low = 0;
  let high = pictures.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pictures[middle]?.id ?? NaN) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
