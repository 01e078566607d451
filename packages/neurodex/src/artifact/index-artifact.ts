import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { NeurodexError } from '@neurodex/core';
import { damaged } from '@neurodex/core/storage';
import type { Trie } from '../identifiers/trie.ts';
import type { Withholding } from '../pictures/withheld-captions.ts';
import { openPictures, type StoredPictures } from './catalogue-store.ts';
import { IndexFiles } from './index-files.ts';
import { CATALOGUE_FOLDER, type IndexManifest } from './manifest.ts';
import { type Network, readNetwork } from './network.ts';
import { trieOf } from './trie-of.ts';

/** One version of an index folder. Each part is read when it is first asked for, and once. */
export interface IndexArtifact {
  readonly folder: string;
  readonly manifest: IndexManifest;
  readonly files: IndexFiles;
  readonly store: StoredPictures;
  /** Which captions of its pictures it has not learned from. */
  readonly withholding: Withholding;
  /** Of the catalogue's identifiers; its leaves are rows. @throws NeurodexError `index-damaged` where two are equal */
  trie(): Trie;
  /** @throws NeurodexError `system-missing`, `index-damaged` */
  network(): Promise<Network>;
  /** The text of the run log; empty where there is none. @throws NeurodexError `index-damaged` */
  log(): Promise<string>;
  close(): Promise<void>;
}

export interface ArtifactOptions {
  /** Of the version that it must be, where somebody has opened it before (`IndexManifest.digest`). */
  readonly digest?: string | undefined;
  /** Name of the manifest within the folder; that of a complete index by default. */
  readonly manifest?: string | undefined;
  /** Another version of the index: what both have is not read again. */
  readonly before?: Pick<IndexArtifact, 'manifest' | 'store'> | undefined;
}

/** Times that an index is opened which changes while it is read. */
const TRIES = 5;

/**
 * Opens the folder of an index: its manifest, its pictures and the trie of their identifiers. Until it is closed it stays the
 * version that was opened, or says that it was replaced. One that changes at this moment is opened again.
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `index-replaced`
 */
export async function openArtifact(folder: string, options: ArtifactOptions = {}): Promise<IndexArtifact> {
  for (let tries = 1; ; tries++) {
    try {
      return await openVersion(folder, options);
    } catch (error) {
      const isReplaced = error instanceof NeurodexError && error.code === 'index-replaced';
      // Whoever wants one version is not given another.
      if (!isReplaced || options.digest !== undefined || tries === TRIES) throw error;
    }
  }
}

async function openVersion(
  folder: string,
  { digest, before, manifest: name }: ArtifactOptions,
): Promise<IndexArtifact> {
  const files = await IndexFiles.open(folder, digest, name);
  const { manifest } = files;
  let store: StoredPictures | undefined;
  try {
    const opened = await openPictures(join(folder, CATALOGUE_FOLDER), {
      ...files.options,
      // Another build may have names by other rules.
      before: before?.manifest.created === manifest.created ? before.store : undefined,
      listed: manifest.catalogue,
    });
    store = opened;
    // Threads that open another version answer searches of the one before: between two steps it is their turn.
    await setImmediate();
    if (opened.catalogue.length === 0) throw damaged(join(folder, CATALOGUE_FOLDER), 'holds no catalogue picture');
    let made: Trie | undefined;
    const trie = (): Trie => {
      made ??= trieOf(opened, manifest);
      return made;
    };
    // An index that a thread looks at for the first time is looked at as a whole.
    if (before === undefined) trie();
    let network: Promise<Network> | undefined;
    return {
      folder,
      manifest,
      files,
      store: opened,
      withholding: {
        share: manifest.config.text?.withheld ?? 0,
        seed: manifest.seed,
        learnedIds: opened.manifest.learnedIds,
      },
      trie,
      network() {
        network ??= readNetwork(files, opened, trie());
        return network;
      },
      log: async () => (manifest.log === undefined ? '' : new TextDecoder().decode(await files.read(manifest.log))),
      async close() {
        await opened.close();
        await files.close();
      },
    };
  } catch (error) {
    await store?.close();
    await files.close();
    throw error;
  }
}
