import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@neurodex/core/storage';
import { contentKey, type ObjectStore } from '@neurodex/objects';
import { type CataloguePart, filesOfPart } from '../artifact/catalogue-manifest.ts';
import { type CatalogueLayout, groupBytesOf, PART_LIMITS, partColumns } from '../artifact/catalogue-writer.ts';
import { diskTarget } from '../artifact/disk-target.ts';
import { type CatalogueRow, PartWriter } from '../artifact/part-writer.ts';

/** A segment is full with so many pictures, or bytes of them in memory. */
const [MOST_PICTURES, MOST_BYTES] = [20_000, 256 << 20];

/** Pictures of all shards that come one after another in the source. What is known of them waits in memory until the segment is full. */
export class Segment {
  private readonly rows = new Map<number, CatalogueRow[]>();
  private bytes = 0;
  private count = 0;

  add(shard: number, row: CatalogueRow, bytes: number): void {
    const rows = this.rows.get(shard);
    if (rows === undefined) this.rows.set(shard, [row]);
    else rows.push(row);
    this.bytes += bytes;
    this.count++;
  }

  get isFull(): boolean {
    return this.count >= MOST_PICTURES || this.bytes >= MOST_BYTES;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /**
   * Puts the pictures of each shard into the store, as a part of its catalogue.
   * @param folder to work in @returns the part of each shard that has pictures
   * @throws NeurodexError `disk-full`, `output-unwritable`, `store-*`
   */
  async write(
    folder: string,
    layout: CatalogueLayout,
    store: ObjectStore,
  ): Promise<[shard: number, part: CataloguePart][]> {
    const parts: [number, CataloguePart][] = [];
    for (const [shard, rows] of [...this.rows].sort(([a], [b]) => a - b)) {
      parts.push([shard, await writePart(rows, folder, layout, store)]);
    }
    return parts;
  }
}

async function writePart(
  rows: readonly CatalogueRow[],
  folder: string,
  layout: CatalogueLayout,
  store: ObjectStore,
): Promise<CataloguePart> {
  await makeFolder(folder);
  const writer = await PartWriter.create(diskTarget(folder), partColumns(layout));
  let part: CataloguePart;
  try {
    let group: CatalogueRow[] = [];
    let bytes = 0;
    for (const row of rows) {
      const own = groupBytesOf(row);
      if (group.length > 0 && bytes + own > PART_LIMITS.groupBytes) {
        await writer.writeRowGroup(group);
        [group, bytes] = [[], 0];
      }
      group.push(row);
      bytes += own;
    }
    await writer.writeRowGroup(group);
    part = await writer.finish();
  } finally {
    await writer.close();
  }
  await putParts(folder, [part], store);
  for (const { file } of filesOfPart(part)) await rm(join(folder, file), { force: true });
  return part;
}

/** Puts the files of parts into the store, those that it does not have. */
export async function putParts(folder: string, parts: readonly CataloguePart[], store: ObjectStore): Promise<void> {
  for (const { file, bytes, sha256 } of parts.flatMap(filesOfPart)) {
    const key = contentKey(sha256);
    // Its digest was computed while it was written.
    if ((await store.stat(key))?.bytes !== bytes) await store.put(key, { file: join(folder, file) });
  }
}
