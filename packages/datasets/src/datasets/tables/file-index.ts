import type { Problem } from '../labels.ts';
import { type SplitPart, splitPartOf } from '../split-names.ts';

/** Where a name is looked for. */
export interface Place {
  /** The folder that names are relative to; '' for the source itself. */
  readonly folder: string;
  /** The split that the table is of, by its name: names without a folder are looked for in the folders of that split. */
  readonly part?: SplitPart | undefined;
}

export type Found = { readonly path: string } | (Problem & { readonly group: string });

/** One key for names that only differ in case, or in how their letters are composed. */
const keyOf = (name: string): string => name.normalize('NFC').toLowerCase();
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const stemOf = (path: string): string => {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path;
};
const join = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);

/** An address of the web in place of a path. */
export const isAddress = (value: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(value);

/** Of label-studio: `/data/local-files/?d=folder/a.jpg`. */
const LOCAL_FILES = /^.*\/local-files\/\?d=/;
/** Its uploads are renamed: `1a2b3c4d-cat.jpg`. */
const UPLOADED = /^[0-9a-f]{8}-(?=.)/;

/** The parts of a name, '/' or '\' between folders; undefined when it leads out of the folder that it is relative to. */
function partsOf(name: string): string[] | undefined {
  const parts: string[] = [];
  for (const part of name.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.pop() === undefined) return undefined;
    if (part !== '..') parts.push(part);
  }
  return parts;
}

/**
 * The picture files of a source, found by the names that tables and annotations give them: a path, with or without the folders
 * around it, the name of the file, or its name without the ending.
 */
export class FileIndex {
  private readonly files: readonly string[];
  private byName: Map<string, string | string[]> | undefined;
  private byStem: Map<string, string | string[]> | undefined;
  private readonly parts = new Map<string, SplitPart | undefined>();
  private presentParts: Set<SplitPart> | undefined;

  /** @param files relative paths, '/' between folders */
  constructor(files: readonly string[]) {
    this.files = files;
  }

  /** The file that a name stands for. A path below folders is never taken for a file in another folder. */
  find(value: string, { folder, part }: Place): Found {
    const name = value.trim();
    if (isAddress(name)) {
      return { reason: `${name} is an address, not a path`, group: 'its picture is an address, not a path' };
    }
    const local = LOCAL_FILES.test(name) ? decoded(name.replace(LOCAL_FILES, '')) : name;
    const isAbsolute = /^([/\\]|[a-z]:)/i.test(local);
    const parts = partsOf(isAbsolute ? local.replace(/^[a-z]:/i, '') : join(folder, local));
    if (parts === undefined) {
      return { reason: `${name} is not below the source`, group: 'its picture is not below the source' };
    }
    const last = parts.at(-1);
    if (last === undefined) return { reason: 'it names no file', group: 'it names no file' };
    const below = partsOf(local) ?? parts;
    const exact = this.exactly(parts.join('/')) ?? this.exactly(below.join('/'));
    if (exact !== undefined) return { path: exact };
    const found = this.looked(below, isAbsolute, part);
    if (found.length === 1 && found[0] !== undefined) return { path: found[0] };
    if (found.length > 1) {
      return {
        reason: `${name} may be ${found[0]} or ${found[1]}`,
        group: 'several files have the name of its picture',
      };
    }
    return { reason: `there is no file ${name}`, group: 'its picture does not exist' };
  }

  private exactly(path: string): string | undefined {
    const called = this.called(baseOf(path));
    if (called.includes(path)) return path;
    const wanted = keyOf(path);
    const alike = called.filter((file) => keyOf(file) === wanted);
    return alike.length === 1 ? alike[0] : undefined;
  }

  /** Files that end in the name, or, of a name from another machine, in as much of it as possible. */
  private looked(below: readonly string[], isAbsolute: boolean, part: SplitPart | undefined): string[] {
    const last = below.at(-1) ?? '';
    const named = this.called(last);
    const candidates = named.length > 0 ? named : this.calledWithout(last);
    if (candidates.length === 0) return UPLOADED.test(last) ? this.uploaded(last) : [];
    if (below.length === 1) return this.ofPart(candidates, part);
    const stems = named.length === 0;
    const matches = (from: number): string[] => {
      const wanted = `/${keyOf(below.slice(from).join('/'))}`;
      return candidates.filter((file) => `/${keyOf(stems ? stemOf(file) : file)}`.endsWith(wanted));
    };
    for (let from = 0; from < (isAbsolute ? below.length : 1); from++) {
      const found = matches(from);
      if (found.length > 0) return found;
    }
    // The folder that the name begins with is not here, and its file is: `images/a.jpg` for `a.jpg`.
    return this.withoutFolders(below, candidates, stems);
  }

  private withoutFolders(below: readonly string[], candidates: readonly string[], stems: boolean): string[] {
    for (let from = 1; from < below.length; from++) {
      const wanted = keyOf(below.slice(from).join('/'));
      const found = candidates.filter((file) => keyOf(stems ? stemOf(file) : file) === wanted);
      if (found.length > 0) return found;
    }
    return [];
  }

  private uploaded(last: string): string[] {
    const original = last.replace(UPLOADED, '');
    return this.called(original);
  }

  private ofPart(candidates: string[], part: SplitPart | undefined): string[] {
    if (part === undefined || !this.hasPart(part)) return candidates;
    return candidates.filter((file) => this.partsAbove(file).includes(part));
  }

  private hasPart(part: SplitPart): boolean {
    this.presentParts ??= new Set(this.files.flatMap((file) => this.partsAbove(file)));
    return this.presentParts.has(part);
  }

  private partsAbove(file: string): SplitPart[] {
    const found: SplitPart[] = [];
    for (const name of file.split('/').slice(0, -1)) {
      if (!this.parts.has(name)) this.parts.set(name, splitPartOf(name));
      const part = this.parts.get(name);
      if (part !== undefined) found.push(part);
    }
    return found;
  }

  private called(name: string): string[] {
    this.byName ??= indexed(this.files, baseOf);
    return listOf(this.byName.get(keyOf(name)));
  }

  private calledWithout(name: string): string[] {
    this.byStem ??= indexed(this.files, (path) => stemOf(baseOf(path)));
    return listOf(this.byStem.get(keyOf(name)));
  }
}

/** Most keys have one file: a list for each would be half of the memory. */
function indexed(files: readonly string[], of: (path: string) => string): Map<string, string | string[]> {
  const index = new Map<string, string | string[]>();
  for (const file of files) {
    const key = keyOf(of(file));
    const known = index.get(key);
    if (known === undefined) index.set(key, file);
    else if (typeof known === 'string') index.set(key, [known, file]);
    else known.push(file);
  }
  return index;
}

const listOf = (found: string | string[] | undefined): string[] =>
  found === undefined ? [] : typeof found === 'string' ? [found] : found;

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
