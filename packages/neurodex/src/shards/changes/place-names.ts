import { defined } from '@neurodex/core';
import { inOrder } from '@neurodex/core/storage';
import { contentKey, getContent } from '@neurodex/objects';
import type { IndexArtifact } from '../../artifact/index-artifact.ts';
import { type Fingerprints, mayHave, readFingerprints, type Sought } from '../fingerprints.ts';
import type { Unit } from './picture-numbers.ts';
import type { ShardPlace } from './shard-place.ts';

/** Records that are read at a time. */
const TOGETHER = 16;

/** A picture of a place. */
export interface FoundPicture {
  readonly unit: Unit;
  readonly id: number;
  readonly path: string;
  /** Of its file. */
  readonly sha256: string;
}

/**
 * Looks for pictures by their paths or files among all shards, and among the queries and pictures of the sample. Shards that cannot
 * have them, by their fingerprints, are not opened.
 * @returns what is found of each that is wanted, in shards first
 * @throws NeurodexError `object-*`, `store-*`, `index-damaged`
 */
export async function findPictures(place: ShardPlace, wanted: readonly Sought[]): Promise<FoundPicture[][]> {
  const found = wanted.map((): FoundPicture[] => []);
  if (wanted.length === 0) return found;
  const shards = [...place.router.shards.keys()];
  let shard = 0;
  for await (const prints of inOrder(shards, TOGETHER, (each) => fingerprintsAt(place, each))) {
    const possible = wanted.flatMap((each, i) => (mayHave(prints, each) ? [i] : []));
    await look(place, shard++, possible, wanted, found);
  }
  await look(place, 'sample', [...wanted.keys()], wanted, found);
  return found;
}

async function fingerprintsAt(place: ShardPlace, shard: number): Promise<Fingerprints> {
  const { fingerprints, pictures } = await place.record(shard);
  const name = `${place.store.place}/${contentKey(fingerprints.sha256)}`;
  return readFingerprints(await getContent(place.store, fingerprints), pictures, name);
}

/** @param possible places of those that may be there */
async function look(
  place: ShardPlace,
  unit: Unit,
  possible: readonly number[],
  wanted: readonly Sought[],
  found: FoundPicture[][],
): Promise<void> {
  if (possible.length === 0) return;
  const known = await place.reading(unit, registerOf);
  for (const i of possible) {
    const { paths, files } = wanted[i] ?? {};
    const own = new Map<number, FoundPicture>();
    for (const each of [known.byPath.get(paths ?? ''), known.byFile.get(files ?? '')]) {
      if (each !== undefined) own.set(each.id, { unit, ...each });
    }
    found[i]?.push(...own.values());
  }
}

async function registerOf({ store }: IndexArtifact) {
  const digests = await store.digests();
  const pictures = store.rows.map(({ id, path, row }) => ({
    ...{ id, path },
    sha256: defined(digests[row], 'the digest of a picture'),
  }));
  return {
    byPath: new Map(pictures.map((picture) => [picture.path, picture])),
    byFile: new Map(pictures.map((picture) => [picture.sha256, picture])),
  };
}
