import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import type { FileDigest } from '@neurodex/core/storage';
import { type CheckedFile, type CheckedFileOptions, damaged, openListed, replaced } from '@neurodex/core/storage';
import { CATALOGUE_FILE, INDEX_FILE, type IndexManifest, listedIn, readIndexManifest } from './manifest.ts';

/** A file as a manifest lists it. */
type Listed = FileDigest & { readonly file: string };

/**
 * The files of one version of an index. They are opened now and read when they are asked for: another index may take the
 * folder's name in the meantime. What could not be kept open and was replaced is refused.
 */
export class IndexFiles {
  readonly folder: string;
  readonly manifest: IndexManifest;
  /** For files that lie deeper, which the catalogue lists. */
  readonly options: CheckedFileOptions;
  private readonly files: ReadonlyMap<string, CheckedFile>;

  private constructor(
    folder: string,
    manifest: IndexManifest,
    options: CheckedFileOptions,
    files: Map<string, CheckedFile>,
  ) {
    this.folder = folder;
    this.manifest = manifest;
    this.options = options;
    this.files = files;
  }

  /**
   * @param digest of the version that it must be, where somebody opened it before @param name of the file of the manifest
   * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `index-replaced`
   */
  static async open(folder: string, digest?: string, name: string = INDEX_FILE): Promise<IndexFiles> {
    const manifest = await readIndexManifest(folder, name);
    if (digest !== undefined && digest !== manifest.digest) throw replaced(folder);
    const options = { hold: true, replaced: () => ifReplaced(folder, name, manifest) };
    const files = new Map<string, CheckedFile>();
    try {
      for (const listed of listedIn(manifest)) {
        // The catalogue is opened by whoever reads its list of parts.
        if (listed.file === CATALOGUE_FILE) continue;
        files.set(listed.file, await openListed(join(folder, listed.file), listed, options));
      }
    } catch (error) {
      for (const file of files.values()) await file.close();
      throw error;
    }
    return new IndexFiles(folder, manifest, options, files);
  }

  /** All of a file that the manifest lists. @throws NeurodexError `index-damaged`, `index-unreadable`, `index-replaced` */
  async read({ file }: Pick<Listed, 'file'>): Promise<Uint8Array> {
    return new Uint8Array(await this.of(file).slice(0));
  }

  pathOf({ file }: Pick<Listed, 'file'>): string {
    return this.of(file).path;
  }

  async close(): Promise<void> {
    for (const file of this.files.values()) await file.close();
  }

  private of(name: string): CheckedFile {
    const file = this.files.get(name);
    if (file === undefined) throw new RangeError(`the index lists no ${name}`);
    if (file.byteLength > LARGEST) throw damaged(file.path, `is larger than can be read (${file.byteLength} bytes)`);
    return file;
  }
}

/** Whether the folder holds another version by now: only then is a file that differs no sign of damage. */
function ifReplaced(folder: string, name: string, { digest }: IndexManifest): NeurodexError | undefined {
  try {
    const found = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { digest?: unknown } | null;
    return found?.digest === digest ? undefined : replaced(folder);
  } catch {
    // In between two versions, or deleted.
    return undefined;
  }
}

/** Times that an index is read which changes while it is read. */
const TRIES = 5;

/**
 * Reads the files of an index of which none is kept open. It may change meanwhile: then what was read fails by what it finds or
 * misses, and the new version is read instead.
 * @throws NeurodexError as the reading does, of an index that stays as it is; `index-replaced` for one that changes every time
 */
export async function readOneVersion<T>(folder: string, read: (manifest: IndexManifest) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const manifest = await readIndexManifest(folder);
    try {
      return await read(manifest);
    } catch (error) {
      if (!(error instanceof NeurodexError)) throw error;
      if ((await readIndexManifest(folder)).digest === manifest.digest) throw error;
      if (tries === TRIES) throw replaced(folder);
    }
  }
}

/** Bytes of a file that is read at once, at most: the longest array of Node 20. */
const LARGEST = 2 ** 32;
