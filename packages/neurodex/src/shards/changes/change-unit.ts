import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import { openArtifact } from '../../artifact/index-artifact.ts';
import type { DescribedPicture } from '../../changes/describe-pictures.ts';
import { IndexWriter } from '../../changes/index-writer.ts';
import { clusterPath } from '../../identifiers/semantic.ts';
import { catalogueStates } from '../catalogue-states.ts';
import { cellsOf } from '../cells.ts';
import { fingerprintsOf, writeFingerprints } from '../fingerprints.ts';
import { filesIn } from '../folder-files.ts';
import type { RouterRecord, ShardFile } from '../records.ts';
import { type ShardCells, writeCells } from '../router-file.ts';
import type { ShardFolders } from '../shard-folders.ts';
import { digestOf, type MadeObject, madeOf } from './made-objects.ts';

/** What is to become of a shard, or of the index of the sample. */
export interface UnitChange {
  readonly add: readonly DescribedPicture[];
  /** Ids. */
  readonly remove: readonly number[];
}

/** What it is then. Its files lie in a folder until `release`. */
export interface ChangedUnit {
  readonly files: readonly ShardFile[];
  /** Catalogue pictures. */
  readonly pictures: number;
  /** Of the pictures that were added, in the order given. */
  readonly added: readonly { readonly id: number; readonly identifier: string }[];
  readonly counts: Omit<RouterRecord['changes'], 'revision'>;
  /** What a router and a search of names know of it. */
  readonly cells: ShardCells;
  readonly cellsObject: MadeObject;
  readonly fingerprints: MadeObject;
  /** What the store does not have yet, but for those two. */
  readonly objects: readonly MadeObject[];
  release(): Promise<void>;
}

export interface ChangeUnitOptions {
  readonly folders: ShardFolders;
  /** As messages name it. */
  readonly name: string;
  /** As it is. */
  readonly files: readonly ShardFile[];
  readonly change: UnitChange;
  /** D */
  readonly width: number;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
}

/**
 * Changes one index, in a folder beside the store, which stays as it is.
 * @throws NeurodexError `index-fixed` where no catalogue picture would be left, `picture-unknown`; `object-*`, `disk-full`
 */
export async function changeUnit(options: ChangeUnitOptions): Promise<ChangedUnit> {
  const { folders, files, change, runtime, reporter } = options;
  const { folder, release } = await folders.folder(files);
  try {
    const writer = await IndexWriter.open(folder, runtime, { reporter });
    let made: Pick<ChangedUnit, 'added' | 'counts'>;
    try {
      const before = writer.changes;
      const { ids, changes } = await writer.change(change);
      made = {
        added: ids.map((id) => ({ id, identifier: writer.pictures.picture(id)?.identifier ?? '' })),
        counts: {
          added: changes.added - before.added,
          removed: changes.removed - before.removed,
          learned: changes.learned - before.learned,
          renamed: changes.renamed - before.renamed,
        },
      };
    } finally {
      await writer.close();
    }
    return { ...made, ...(await descriptionOf(folder, options)), release };
  } catch (error) {
    await release();
    throw error instanceof NeurodexError && error.code === 'index-fixed' ? emptied(options.name) : error;
  }
}

const emptied = (name: string): NeurodexError =>
  new NeurodexError('index-fixed', `${name} would be left without a catalogue picture`, {
    hint: 'nothing was removed: leave one picture there, or plan again without these',
    details: { place: name },
  });

async function descriptionOf(
  folder: string,
  { files: before, width }: ChangeUnitOptions,
): Promise<Omit<ChangedUnit, 'added' | 'counts' | 'release'>> {
  const artifact = await openArtifact(folder);
  try {
    const { store } = artifact;
    const files = await filesIn(artifact);
    const known = new Set(before.map(({ sha256 }) => sha256));
    const states = catalogueStates(store, width);
    const branching = store.manifest.clusters?.branching ?? 0;
    const paths = store.catalogue.map(({ cluster }) => clusterPath(cluster ?? '', branching) ?? []);
    const cells = cellsOf(paths, states, width);
    const digests = await store.digests();
    const prints = fingerprintsOf(
      store.catalogue.map(({ path }) => path),
      store.catalogue.map(({ row }) => defined(digests[row], 'the digest of a picture')),
    );
    return {
      files,
      pictures: store.catalogue.length,
      cells,
      cellsObject: madeOf(writeCells(cells)),
      fingerprints: madeOf(writeFingerprints(prints)),
      objects: files
        .filter(({ sha256 }) => !known.has(sha256))
        .map(({ file, ...digest }) => ({ ...digestOf(digest), content: { file: join(folder, file) } })),
    };
  } finally {
    await artifact.close();
  }
}
