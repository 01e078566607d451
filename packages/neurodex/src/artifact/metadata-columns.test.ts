import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PictureMetadata } from '@neurodex/datasets';
import { parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metadataOf } from '../pictures/metadata-table.ts';
import { readManifest } from './catalogue-manifest.ts';
import { openPictures } from './catalogue-store.ts';

import { catalogueIn, tableAt } from './disk-target.ts';
import { METADATA_COLUMNS, metadataAt } from './metadata-columns.ts';
import { readPart } from './part-rows.ts';
import type { CatalogueRow } from './part-writer.ts';
import { TableReader } from './table.ts';

const SAID: readonly (PictureMetadata | undefined)[] = [
  {
    taken: Date.UTC(2024, 4, 6, 7, 8, 9, 125),
    takenOffset: -330,
    latitude: 48.8583701,
    longitude: -2.2944813,
    city: 'Zürich',
    state: 'Île-de-France',
    country: '日本',
    camera: 'NIKON D750',
    rating: -1,
    keywords: ['a', 'b c'],
  },
  undefined,
  { taken: Date.UTC(1850, 0, 1) },
  { keywords: ['a'], rating: 2.5 },
];
const row = (id: number, metadata: PictureMetadata | undefined): CatalogueRow => ({
  ...{ id, path: `${id}.png`, labels: [], role: 'catalogue', identifier: `${id}`, sha256: 'ab'.repeat(32) },
  thumbnail: Uint8Array.of(1),
  metadata,
  column: async () => new Uint8Array(12),
});
const ABOUT = { hasClasses: false, givenRoles: false, notices: [], skipped: [] };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-metadata-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(rows: readonly (PictureMetadata | undefined)[], metadata?: true) {
  const layout = { size: 2, ...(metadata === undefined ? {} : { metadata }) };
  const writer = await catalogueIn(folder, layout);
  for (const [id, said] of rows.entries()) await writer.append(row(id, said));
  return await writer.finish(ABOUT);
}

describe('the columns of what pictures say of themselves', () => {
  it('are read as they were written, null where nothing is known', async () => {
    const path = join(folder, 'a.parquet');
    const writer = await tableAt(path, {}, true);
    await writer.writeRowGroup(SAID.slice(0, 3).map((said, id) => row(id, said)));
    await writer.writeRowGroup(SAID.slice(3).map((said) => row(3, said)));
    await writer.finish();
    const bytes = await readFile(path);
    const file = {
      byteLength: bytes.length,
      slice: async (start: number, end?: number) => Uint8Array.from(bytes.subarray(start, end)).buffer,
    };
    const columns = await new TableReader(file, 4, {}, true).metadata();
    expect(SAID.map((_, at) => metadataAt(columns, at))).toEqual(SAID.map((said) => said ?? {}));
    expect(await new TableReader(file, 4, {}, true).rows()).toMatchObject({
      path: ['0.png', '1.png', '2.png', '3.png'],
    });
    const { schema } = parquetMetadata(Uint8Array.from(bytes).buffer);
    expect(schema.flatMap(({ name, logical_type }) => (name === 'taken' ? [logical_type] : []))).toEqual([
      { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MILLIS' },
    ]);
    // Without them it is another table.
    await expect(new TableReader(file, 4, {}).rows()).rejects.toThrow('other columns');
  });

  it('make a catalogue of another version, and are in memory when they are asked for', async () => {
    const manifest = await write(SAID, true);
    expect([manifest.version, manifest.metadata, manifest.parts[0]?.metadata]).toEqual([5, true, true]);
    const store = await openPictures(folder);
    const table = await store.metadata();
    expect(SAID.map((_, at) => table && metadataOf(table, at))).toEqual(SAID.map((said) => said ?? {}));
    expect(await store.metadata()).toBe(table);
    const part = manifest.parts[0];
    const rows = part === undefined ? [] : await readPart(folder, part, manifest, store.rows);
    expect(rows.map(({ metadata }) => metadata)).toEqual(SAID.map((said) => said ?? {}));
    await store.close();
  });

  it('are not there where no picture says anything: the catalogue is what it was before', async () => {
    const manifest = await write(SAID.map(() => undefined));
    expect([manifest.version, manifest.metadata, manifest.parts[0]?.metadata]).toEqual([4, undefined, undefined]);
    const store = await openPictures(folder);
    expect(await store.metadata()).toBeUndefined();
    await store.close();
    const path = join(folder, manifest.parts[0]?.pictures.file ?? '');
    const bytes = await readFile(path);
    const { schema } = parquetMetadata(Uint8Array.from(bytes).buffer);
    const names = new Set(schema.map(({ name }) => name));
    expect(METADATA_COLUMNS.filter((name) => names.has(name))).toEqual([]);
  });

  it('are of the version that the manifest says', async () => {
    const manifest = await write(SAID, true);
    const { writeManifest } = await import('./catalogue-manifest.ts');
    await writeManifest(folder, { ...manifest, version: 4 });
    await expect(readManifest(folder)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});
