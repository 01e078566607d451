import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { LOCK_FILE, type Lock, lockFile } from '@neurodex/core/storage';
import type { SourcePicture } from '@neurodex/datasets';
import { RUN_LOG } from '@neurodex/tracking';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { CATALOGUE_FOLDER, type ChangeCounts, type IndexManifest, readIndexManifest } from '../artifact/manifest.ts';
import type { CatalogueRow } from '../artifact/part-writer.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { CatalogueNames } from './catalogue-names.ts';
import { type DescribedPicture, PictureDescriber, type ReadPicture } from './describe-pictures.ts';
import { eraseTraces } from './erase-traces.ts';
import { type NewContents, publish, recover } from './publish.ts';
import { placeOf, rewriteParts } from './rewrite-parts.ts';

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
  private index: IndexManifest;
  private catalogue: CatalogueManifest;
  /** In the order of their ids. */
  private pictures: readonly StoredPicture[];
  /** Ids by the digest of the file, and by the path. */
  private readonly byDigest: Map<string, number>;
  private readonly byPath: Map<string, number>;
  private readonly digests: Map<number, string>;
  private readonly recent = new Map<number, CatalogueRow>();

  private constructor(
    lock: Lock,
    artifact: IndexArtifact,
    describer: PictureDescriber,
    names: CatalogueNames,
    digests: readonly string[],
  ) {
    const { folder, manifest, store } = artifact;
    this.lock = lock;
    this.folder = folder;
    this.describer = describer;
    this.names = names;
    this.index = manifest;
    this.catalogue = store.manifest;
    this.pictures = store.rows;
    this.digests = new Map(store.rows.map(({ id, row }) => [id, defined(digests[row], 'the digest of a picture')]));
    this.byDigest = new Map([...this.digests].map(([id, digest]) => [digest, id]));
    this.byPath = new Map(store.rows.map(({ path, id }) => [path, id]));
  }

  /**
   * @throws NeurodexError `run-locked` naming the process that changes it now; `index-fixed` for an index whose network knows its
   *   pictures by heart; `index-missing`, `index-damaged`
   */
  static async open(folder: string, runtime: Runtime, reporter: Reporter = silentReporter): Promise<IndexWriter> {
    await readIndexManifest(folder);
    const lock = await lockFile(join(folder, LOCK_FILE));
    let artifact: IndexArtifact | undefined;
    try {
      await recover(folder);
      artifact = await openArtifact(folder);
      const names = namesOf(artifact);
      const digests = await artifact.store.digests();
      const describer = await PictureDescriber.open(artifact, runtime, reporter);
      return new IndexWriter(lock, artifact, describer, names, digests);
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

  /** In the order of their ids. */
  get rows(): readonly StoredPicture[] {
    return this.pictures;
  }

  get changes(): ChangeCounts {
    const { nextId = this.catalogue.builtIds, ...counts } = this.index.changes ?? {};
    return { revision: 0, added: 0, removed: 0, learned: 0, renamed: 0, ...counts, nextId };
  }

  picture(id: number): StoredPicture | undefined {
    const found = this.pictures[placeOf(this.pictures, id)];
    return found?.id === id ? found : undefined;
  }

  /** The picture of a path. */
  named(path: string): StoredPicture | undefined {
    const id = this.byPath.get(path);
    return id === undefined ? undefined : this.picture(id);
  }

  /** The picture whose file has this digest. */
  withDigest(sha256: string): StoredPicture | undefined {
    const id = this.byDigest.get(sha256);
    return id === undefined ? undefined : this.picture(id);
  }

  digestOf(id: number): string | undefined {
    return this.digests.get(id);
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
    const gone = new Set(remove);
    const removed = remove.map((id) => this.picture(id) ?? unknown(`${id}`));
    const left = this.pictures.filter(({ role, id }) => role === 'catalogue' && !gone.has(id)).length + add.length;
    if (left === 0) throw emptied(this.folder);
    const counts = this.changes;
    const touched = new Set<string>();
    for (const { id, cluster } of removed) {
      if (cluster === undefined) continue;
      touched.add(cluster);
      this.names.remove(id, cluster);
    }
    const rows = new Map(this.recent);
    const added = add.map((picture, i) => {
      const id = counts.nextId + i;
      const cluster = this.names.place(id, picture.state ?? new Float32Array());
      touched.add(cluster);
      rows.set(id, rowOf(picture, id, cluster));
      return { id, cluster, ...factsOf(picture) };
    });
    const renamed = new Map(rename.map((each) => [each.id, each]));
    const kept = this.pictures
      .filter(({ id }) => !gone.has(id))
      .map((picture) => ({ ...picture, ...(renamed.get(picture.id) ?? {}) }));
    const { pictures, count } = withNames([...kept, ...added], await this.names.identifiers(touched), counts.nextId);
    const former = rename.map(({ id }) => this.picture(id) ?? unknown(`${id}`));
    const { facts, log } = await eraseTraces(
      this.folder,
      { index: this.index, catalogue: this.catalogue },
      [...removed, ...former].map(({ path }) => path),
    );
    const catalogue: CatalogueManifest = {
      ...facts.catalogue,
      rows: pictures.length,
      parts: await rewriteParts({
        folder: join(this.folder, CATALOGUE_FOLDER),
        manifest: this.catalogue,
        before: this.pictures,
        after: pictures,
        changed: new Set(renamed.keys()),
        rows,
      }),
    };
    const changes = {
      revision: counts.revision + 1,
      nextId: counts.nextId + add.length,
      added: counts.added + add.length,
      removed: counts.removed + remove.length,
      learned: counts.learned + remove.filter((id) => id < this.catalogue.learnedIds).length,
      renamed: counts.renamed + count,
    };
    await this.publish(catalogue, { ...facts.index, changes }, log === undefined ? {} : { [RUN_LOG]: log }, pictures);
    this.keep(rows);
    this.note(add, added, removed, former);
    for (const { id, path } of rename) this.byPath.set(path, id);
    return { version: this.index.digest, changes, ids: added.map(({ id }) => id) };
  }

  async close(): Promise<void> {
    await this.describer.close();
    await this.lock.release();
  }

  private async publish(
    catalogue: CatalogueManifest,
    facts: Parameters<typeof publish>[2],
    contents: NewContents,
    pictures: readonly StoredPicture[],
  ): Promise<void> {
    this.index = await publish(this.folder, catalogue, facts, contents);
    this.catalogue = catalogue;
    this.pictures = pictures;
  }

  private keep(rows: ReadonlyMap<number, CatalogueRow>): void {
    this.recent.clear();
    for (const [id, row] of [...rows].slice(-KEPT_ROWS)) this.recent.set(id, row);
  }

  /** Which files are in the index now, and under which names. */
  private note(
    add: readonly DescribedPicture[],
    added: readonly { readonly id: number }[],
    removed: readonly StoredPicture[],
    former: readonly StoredPicture[],
  ): void {
    for (const { path } of former) this.byPath.delete(path);
    for (const { id, path } of removed) {
      this.recent.delete(id);
      this.byPath.delete(path);
      const digest = this.digests.get(id) ?? '';
      this.digests.delete(id);
      if (this.byDigest.get(digest) !== id) continue;
      this.byDigest.delete(digest);
      // A copy of it may be left.
      for (const [other, own] of this.digests) if (own === digest) this.byDigest.set(digest, other);
    }
    for (const [i, { source, sha256 }] of add.entries()) {
      const { id } = defined(added[i], 'a picture that was added');
      this.byPath.set(source.path, id);
      this.byDigest.set(sha256, id);
      this.digests.set(id, sha256);
    }
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

/** What is known of a new picture beside its number. */
const factsOf = ({ source }: DescribedPicture) => ({
  path: source.path,
  labels: source.labels,
  ...(source.captions === undefined ? {} : { captions: source.captions }),
  ...(source.objects === undefined ? {} : { objects: source.objects }),
  role: 'catalogue' as const,
});

function rowOf(picture: DescribedPicture, id: number, cluster: string): CatalogueRow {
  const { pixels, thumbnail, sha256, state, vectors } = picture;
  const columns: Record<string, Uint8Array> = {
    pixels,
    ...(state === undefined ? {} : { states: new Uint8Array(state.buffer, state.byteOffset, state.byteLength) }),
  };
  return {
    id,
    cluster,
    ...factsOf(picture),
    thumbnail,
    sha256,
    vectors,
    column: async (name) => defined(columns[name], `the ${name} of a picture`),
  };
}

/** Pictures with their places and their identifiers. @returns also how many got another identifier than they had */
function withNames(
  pictures: readonly (Omit<StoredPicture, 'row'> & { readonly row?: number })[],
  identifiers: ReadonlyMap<number, string>,
  firstNew: number,
) {
  let count = 0;
  const named = pictures.map((picture, row): StoredPicture => {
    const identifier = identifiers.get(picture.id) ?? picture.identifier;
    if (identifier !== picture.identifier && picture.id < firstNew) count++;
    return { ...picture, row, ...(identifier === undefined ? {} : { identifier }) };
  });
  return { pictures: named, count };
}

function unknown(name: string): never {
  throw new NeurodexError('picture-unknown', `the index has no picture ${name}`, {
    hint: 'name a picture as a search or `neurodex inspect` shows it',
    details: { picture: name },
  });
}

const emptied = (folder: string) =>
  new NeurodexError('index-fixed', `${folder} would be left without a catalogue picture`, {
    hint: 'add others first; or delete the folder, if nothing of it is needed',
    details: { folder },
  });

/** An index whose identifiers are learned by heart. */
export const fixed = (folder: string, { config }: IndexManifest) =>
  new NeurodexError(
    'index-fixed',
    `${folder} cannot be changed: its network has learned the identifiers of its pictures by heart (plan ${planOf(config)})`,
    {
      hint: 'build it again with --preset default, whose memory is written: pictures can then come and go',
      details: { folder },
    },
  );

const planOf = (config: IndexManifest['config']): string => {
  const { training } = config as { readonly training?: { readonly plan?: unknown } };
  return typeof training?.plan === 'string' ? training.plan : 'joint';
};
