import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NeurodexError } from '@neurodex/core';
import type { FileDigest } from '@neurodex/core/storage';
import { CheckedFile, type CheckedFileOptions, damaged, placeOfListed, replaced } from '@neurodex/core/storage';
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

  private constructor(folder: string, manifest: IndexManifest, places: ReadonlyMap<string, string>) {
    this.folder = folder;
    this.manifest = manifest;
    this.options = { hold: true, replaced: () => this.ifReplaced() };
    const files = new Map<string, CheckedFile>();
    this.files = files;
    try {
      for (const listed of listedIn(manifest)) {
        if (listed.file === CATALOGUE_FILE) continue;
        const path = places.get(listed.file) ?? join(folder, listed.file);
        files.set(listed.file, new CheckedFile(path, listed, this.options));
      }
    } catch (error) {
      for (const file of files.values()) void file.close();
      throw error;
    }
  }

  /**
   * @param digest of the version that it must be, where somebody opened it before
   * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `index-replaced`
   */
  static async open(folder: string, digest?: string): Promise<IndexFiles> {
    const manifest = await readIndexManifest(folder);
    if (digest !== undefined && digest !== manifest.digest) throw replaced(folder);
    const places = new Map<string, string>();
    for (const listed of listedIn(manifest)) {
      places.set(listed.file, await placeOfListed(join(folder, listed.file), listed));
    }
    return new IndexFiles(folder, manifest, places);
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

  /** Whether the folder holds another version by now: only then is a file that differs no sign of damage. */
  private ifReplaced(): NeurodexError | undefined {
    try {
      const found = JSON.parse(readFileSync(join(this.folder, INDEX_FILE), 'utf8')) as { digest?: unknown } | null;
      return found?.digest === this.manifest.digest ? undefined : replaced(this.folder);
    } catch {
      // In between two versions, or deleted.
      return undefined;
    }
  }
}

/** Bytes of a file that is read at once, at most: the longest array of Node 20. */
const LARGEST = 2 ** 32;
