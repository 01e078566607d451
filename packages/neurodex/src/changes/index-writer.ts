import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { defined, type Reporter, silentReporter } from '@neurodex/core';
import { LOCK_FILE, type Lock, lockFile } from '@neurodex/core/storage';
import type { SourcePicture } from '@neurodex/datasets';
import { RUN_LOG } from '@neurodex/tracking';
import { type CatalogueManifest, versionOf } from '../artifact/catalogue-manifest.ts';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { CATALOGUE_FOLDER, type ChangeCounts, type IndexManifest, readIndexManifest } from '../artifact/manifest.ts';
import type { CatalogueRow } from '../artifact/part-writer.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { CatalogueNames } from './catalogue-names.ts';
import { type DescribedPicture, PictureDescriber, type ReadLimits, type ReadPicture } from './describe-pictures.ts';
import { eraseTraces } from './erase-traces.ts';
import { PictureRegister } from './picture-register.ts';
import { factsOf, rowOf, withNames } from './picture-rows.ts';
import { publish, recover } from './publish.ts';
import { emptied, fixed, unknown } from './refusals.ts';
import { rewriteParts } from './rewrite-parts.ts';

/** What a change made of an index. */
export interface Changed {
  /** The digest of the index now. */
  readonly version: string;
  readonly changes: ChangeCounts;
}

/** What is to become of an index, in one step: all of it, or nothing where the process is killed. */
export interface ChangeSet {
  readonly add?: readonly DescribedPicture[];
  /** Ids. */
  readonly remove?: readonly number[];
  /** Pictures that stay, under other names or labels. */
  readonly rename?: readonly { readonly id: number; readonly path: string; readonly labels: readonly string[] }[];
}

export interface WriterOptions {
  readonly reporter?: Reporter;
  /** Of the pictures that are added, where they are narrower than those of the index. */
  readonly limits?: ReadLimits;
}

/** Rows that are kept at hand: as many as are written anew again and again. */
const KEPT_ROWS = 512;

/**
 * Changes an index, one change at a time; who opens it afterwards finds the new version, and who has it open keeps the old one.
 * There is one writer at a time: it holds the lock of the folder until it is closed.
 */
export class IndexWriter {
  readonly folder: string;
  private readonly lock: Lock;
  private readonly describer: PictureDescriber;
  private readonly names: CatalogueNames;
  private readonly register: PictureRegister;
  private index: IndexManifest;
  private catalogue: CatalogueManifest;
  private readonly recent = new Map<number, CatalogueRow>();
  /** A change was begun and not completed: what is known here is not what is on the disk. */
  private isBroken = false;

  private constructor(
    lock: Lock,
    { folder, manifest, store }: IndexArtifact,
    describer: PictureDescriber,
    names: CatalogueNames,
    register: PictureRegister,
  ) {
    this.lock = lock;
    this.folder = folder;
    this.describer = describer;
    this.names = names;
    this.register = register;
    this.index = manifest;
    this.catalogue = store.manifest;
  }

  /**
   * @throws NeurodexError `run-locked` naming the process that changes it now; `index-fixed` for an index whose network knows its
   *   pictures by heart; `index-missing`, `index-damaged`
   */
  static async open(
    folder: string,
    runtime: Runtime,
    { reporter = silentReporter, limits = {} }: WriterOptions = {},
  ): Promise<IndexWriter> {
    await readIndexManifest(folder);
    const lock = await lockFile(join(folder, LOCK_FILE));
    let artifact: IndexArtifact | undefined;
    try {
      await recover(folder);
      artifact = await openArtifact(folder);
      const names = namesOf(artifact);
      await names.begin();
      const register = new PictureRegister(artifact.store.rows, await artifact.store.digests());
      const describer = await PictureDescriber.open(artifact, runtime, reporter, limits);
      return new IndexWriter(lock, artifact, describer, names, register);
    } catch (error) {
      await lock.release();
      throw error;
    } finally {
      // Nobody is to hold what is erased.
      await artifact?.close();
    }
  }

  /** Of the version that the index has now. */
  get manifest(): IndexManifest {
    return this.index;
  }

  /** The pictures of that version. */
  get pictures(): Omit<PictureRegister, 'replace'> {
    return this.register;
  }

  get changes(): ChangeCounts {
    const { nextId = this.catalogue.builtIds, ...counts } = this.index.changes ?? {};
    return { revision: 0, added: 0, removed: 0, learned: 0, renamed: 0, ...counts, nextId };
  }

  /** @throws NeurodexError `picture-*` */
  read(source: SourcePicture): Promise<ReadPicture> {
    return this.describer.read(source);
  }

  describe(pictures: readonly ReadPicture[]): Promise<DescribedPicture[]> {
    return this.describer.describe(pictures);
  }

  /**
   * Makes a new version of the index.
   * @returns the ids of the pictures that were added, in the order given
   * @throws NeurodexError `picture-unknown` for an id that is not there; `index-fixed` where no catalogue picture would be left;
   *   `disk-full`, `output-unwritable`: the index is then as it was, and this writer cannot go on
   */
  async change({ add = [], remove = [], rename = [] }: ChangeSet): Promise<Changed & { readonly ids: number[] }> {
    if (this.isBroken) throw new RangeError('a change of this writer has failed: open another one');
    const gone = new Set(remove);
    const removed = remove.map((id) => this.register.picture(id) ?? unknown(`${id}`));
    const former = rename.map(({ id }) => this.register.picture(id) ?? unknown(`${id}`));
    const left = this.register.rows.filter(({ role, id }) => role === 'catalogue' && !gone.has(id));
    if (left.length + add.length === 0) throw emptied(this.folder);
    const { nextId, ...counts } = this.changes;
    this.isBroken = true;
    const { touched, rows, added } = this.placed(removed, add, nextId);
    const renamed = new Map(rename.map((each) => [each.id, each]));
    const kept = this.register.rows
      .filter(({ id }) => !gone.has(id))
      .map((picture) => (renamed.has(picture.id) ? { ...picture, ...renamed.get(picture.id) } : picture));
    const { pictures, count } = withNames([...kept, ...added], await this.names.identifiers(touched), nextId);
    const { facts, log } = await eraseTraces(
      this.folder,
      { index: this.index, catalogue: this.catalogue },
      [...removed, ...former].map(({ path }) => path),
    );
    const hasMetadata =
      this.catalogue.metadata === true || add.some(({ described }) => described.metadata !== undefined);
    const columns = hasMetadata ? { metadata: true as const } : {};
    const parts = await rewriteParts({
      folder: join(this.folder, CATALOGUE_FOLDER),
      manifest: { ...this.catalogue, ...columns },
      before: this.register.rows,
      after: pictures,
      changed: new Set(renamed.keys()),
      rows,
    });
    const changes = {
      revision: counts.revision + 1,
      nextId: nextId + add.length,
      added: counts.added + add.length,
      removed: counts.removed + remove.length,
      learned: counts.learned + remove.filter((id) => id < this.catalogue.learnedIds).length,
      renamed: counts.renamed + count,
    };
    const catalogue: CatalogueManifest = {
      ...facts.catalogue,
      ...columns,
      version: versionOf(parts),
      rows: pictures.length,
      parts,
    };
    const contents = log === undefined ? {} : { [RUN_LOG]: log };
    this.index = await publish(this.folder, catalogue, { ...facts.index, changes }, contents);
    this.catalogue = catalogue;
    const digests = new Map(added.map(({ id }, i) => [id, defined(add[i], 'a new picture').sha256]));
    this.register.replace(pictures, [...removed, ...former], digests);
    this.keep(rows, gone);
    this.isBroken = false;
    return { version: this.index.digest, changes, ids: added.map(({ id }) => id) };
  }

  async close(): Promise<void> {
    await this.describer.close();
    await this.lock.release();
  }

  /** Takes pictures out of their clusters and puts new ones into theirs. @param firstId of the new ones */
  private placed(removed: readonly StoredPicture[], add: readonly DescribedPicture[], firstId: number) {
    const touched = new Set<string>();
    for (const { id, cluster } of removed) {
      if (cluster === undefined) continue;
      touched.add(cluster);
      this.names.remove(id, cluster);
    }
    const rows = new Map(this.recent);
    const added = add.map((picture, i) => {
      const id = firstId + i;
      const cluster = this.names.place(id, picture.state ?? new Float32Array());
      touched.add(cluster);
      rows.set(id, rowOf(picture, id, cluster));
      return { id, cluster, ...factsOf(picture) };
    });
    return { touched, rows, added };
  }

  private keep(rows: ReadonlyMap<number, CatalogueRow>, gone: ReadonlySet<number>): void {
    this.recent.clear();
    for (const [id, row] of [...rows].slice(-KEPT_ROWS)) if (!gone.has(id)) this.recent.set(id, row);
  }
}

/** @throws NeurodexError `index-fixed` */
function namesOf({ folder, manifest, store }: IndexArtifact): CatalogueNames {
  const { clusters, states } = store.manifest;
  if (clusters === undefined) throw fixed(folder, manifest);
  const width = states?.width ?? 0;
  const values = store.states() ?? new Float32Array();
  const names = new CatalogueNames(clusters, width);
  for (const { id, row, cluster } of store.catalogue) {
    names.add(id, cluster ?? '', values.subarray(row * width, (row + 1) * width));
  }
  return names;
}
