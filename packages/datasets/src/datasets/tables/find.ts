import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { leftoverReason } from '../leftovers.ts';
import { folderKind } from '../split-names.ts';

/** Folders in folders that are looked into. */
const DEEPEST = 2;

/** What lies in a folder: names, in order. */
export interface FolderEntries {
  /** Of folders. */
  readonly folders: readonly string[];
  /** Of everything else. */
  readonly files: readonly string[];
}

/**
 * What lies in a source, listed once for all that look for their files in it: a folder may hold a million pictures.
 * @example
 * ```ts
 * import { SourceFolder } from '@neurodex/datasets';
 *
 * const { folders, files } = await new SourceFolder('photos').entries('');
 * console.log(folders.join(), files.length); // → bird,cat,dog 0
 * ```
 */
export class SourceFolder {
  /** Of the source. */
  readonly path: string;
  private readonly known = new Map<string, Promise<FolderEntries>>();

  constructor(path: string) {
    this.path = path;
  }

  /** The folders and the other files in a folder, relative to the source; none where it cannot be read, or is a file. */
  entries(folder: string): Promise<FolderEntries> {
    const known = this.known.get(folder) ?? this.list(folder);
    this.known.set(folder, known);
    return known;
  }

  private async list(folder: string): Promise<FolderEntries> {
    const entries = await readdir(join(this.path, folder), { withFileTypes: true }).catch(() => []);
    const folders: string[] = [];
    const files: string[] = [];
    for (const entry of entries) (entry.isDirectory() ? folders : files).push(entry.name);
    return { folders: folders.sort(), files: files.sort() };
  }

  /**
   * Where files that describe pictures may be: at the top, and in folders of splits (`train`), of pictures (`images`), of annotations, and in
   * one that is around everything. '' for the top; the nearest first.
   */
  async likelyFolders(deepest = DEEPEST): Promise<string[]> {
    const found = [''];
    let level = [''];
    for (let depth = 0; depth < deepest && level.length > 0; depth++) {
      const next: string[] = [];
      for (const folder of level) {
        const { folders, files } = await this.entries(folder);
        const kept = folders.filter((name) => leftoverReason(name) === undefined);
        const around = kept.length === 1 && files.length === 0;
        const likely = kept.filter((name) => around || folderKind(name).kind !== 'class');
        for (const name of likely) next.push(folder === '' ? name : `${folder}/${name}`);
      }
      for (const folder of next) found.push(folder);
      level = next;
    }
    return found;
  }

  /** The files in the likely folders whose names fit, relative to the source, sorted within their folders. */
  async likelyFiles(fits: (name: string) => boolean, deepest = DEEPEST): Promise<string[]> {
    const found: string[] = [];
    for (const folder of await this.likelyFolders(deepest)) {
      for (const name of (await this.entries(folder)).files) {
        if (fits(name)) found.push(folder === '' ? name : `${folder}/${name}`);
      }
    }
    return found;
  }
}
