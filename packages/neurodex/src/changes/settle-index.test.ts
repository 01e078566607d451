import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArtifact } from '../artifact/index-artifact.ts';
import { addPictures } from './add-pictures.ts';
import { ChangingIndexes, digestsIn, fresh } from './changing.fixture.ts';
import { driftOf } from './drift.ts';
import { settleIndex } from './settle-index.ts';

let indexes: ChangingIndexes;
beforeAll(async () => {
  indexes = await ChangingIndexes.create(['dsi', 'pixels']);
}, 120_000);
afterAll(() => indexes.remove());

async function grown(count: number): Promise<string> {
  const folder = indexes.copy();
  const writer = await indexes.open(folder);
  await addPictures(
    writer,
    Array.from({ length: count }, (_, i) => fresh(i)),
  );
  await writer.close();
  return folder;
}

const rowsOf = async (folder: string) => {
  const artifact = await openArtifact(folder);
  const drift = await driftOf(artifact);
  await artifact.close();
  return { rows: artifact.store.rows, manifest: artifact.store.manifest, index: artifact.manifest, drift };
};

describe('an index that is settled', () => {
  it('keeps its pictures and ids, in few parts and leaves that are not too large', async () => {
    const folder = await grown(60);
    const before = await rowsOf(folder);
    const { parts, changes } = await settleIndex(folder, indexes.runtime);
    const after = await rowsOf(folder);
    expect(parts).toEqual([before.manifest.parts.length, 1]);
    expect(readdirSync(join(folder, 'catalogue')).filter((name) => name.endsWith('.parquet'))).toHaveLength(1);
    const bare = ({ rows }: typeof after) => rows.map(({ id, path, labels, role }) => ({ id, path, labels, role }));
    expect(bare(after)).toEqual(bare(before));
    expect(changes).toMatchObject({ revision: 2, added: 60, removed: 0 });
    const renamed = after.rows.filter(({ cluster }, i) => cluster !== before.rows[i]?.cluster).length;
    expect(changes.renamed).toBe((before.index.changes?.renamed ?? 0) + renamed);
    const sizes = new Map<string, number>();
    for (const { cluster } of after.rows) if (cluster !== undefined) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(after.manifest.clusters?.leafSize ?? 0);
    expect(after.manifest).toMatchObject({ learnedIds: before.manifest.learnedIds, builtIds: before.rows.length });
    expect(after.drift).toMatchObject({ added: 0, divided: 0 });
  });

  it('is the same however it came to its pictures, and when it is settled again', async () => {
    const folder = await grown(9);
    const other = indexes.copy();
    const writer = await indexes.open(other);
    for (let i = 0; i < 9; i++) await addPictures(writer, [fresh(i)]);
    await writer.close();
    await settleIndex(folder, indexes.runtime);
    await settleIndex(other, indexes.runtime);
    const settled = digestsIn(folder);
    expect(digestsIn(other)).toEqual(settled);
    await settleIndex(folder, indexes.runtime);
    expect(digestsIn(folder)).toEqual(settled);
  });
});

describe('the drift of an index', () => {
  it('is what was added, what has outgrown its leaf, and what the beam misses', async () => {
    const fresh = await rowsOf(indexes.copy());
    expect(fresh.drift).toMatchObject({ added: 0, divided: 0 });
    const { drift } = await rowsOf(await grown(150));
    expect(drift).toMatchObject({ added: 150, built: fresh.drift?.built });
    expect(drift?.divided).toBeGreaterThan(0);
    expect(drift?.recall).toBeGreaterThan(0);
    expect(drift?.recall).toBeLessThanOrEqual(1);
    expect(drift?.settle).toBeTypeOf('string');
  });
});
