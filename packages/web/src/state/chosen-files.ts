import { formatByName, kindOfLeftover, leftoverReason, notAPicture, withLivePhotos } from '@neurodex/datasets/skipped';
import type { ChosenFile, LeftOut } from '../indexer.ts';

/** Files as they are chosen: those that are pictures by name, and the others. */
export interface Chosen {
  readonly pictures: readonly ChosenFile[];
  readonly skipped: readonly LeftOut[];
  /** Of the folder; null where there is none or several. */
  readonly folder: string | null;
}

interface FileAtPath {
  /** With / between folders; from the folder that was chosen on, where it is one. */
  readonly path: string;
  readonly file: File;
}

/** What was dropped: files, and what of it cannot be read. */
interface Dropped {
  readonly files: readonly FileAtPath[];
  readonly unreadable: readonly LeftOut[];
}

/** Pictures by their types and names; the folder that a picture lies in is its label. Other files are skipped for the reasons of `neurodex index`. */
export function chosenFrom(files: readonly FileAtPath[], unreadable: readonly LeftOut[] = []): Chosen {
  const folder = folderOf(files);
  const below = (path: string): string =>
    folder !== null && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
  const skipped = new Map(unreadable.map((each) => [each.path, { ...each, path: below(each.path) }]));
  const own: ChosenFile[] = [];
  for (const { path: whole, file } of files) {
    const path = below(whole);
    const left = leftoverIn(path) ?? (isPicture(file) ? undefined : notAPicture(path));
    if (left === undefined)
      own.push({ path, labels: [path.split('/').at(-2) ?? ''].filter((label) => label !== ''), file });
    else skipped.set(left.path, left);
  }
  const isLabelled = own.every(({ labels }) => labels.length > 0);
  return {
    // Where some pictures lie beside the folders, folders are no classes.
    pictures: withOwnNames(isLabelled ? own : own.map((each) => ({ ...each, labels: [] }))),
    skipped: withLivePhotos(
      [...skipped.values()].sort(byPath),
      own.map(({ path }) => path),
    ),
    folder,
  };
}

/** As `neurodex index` lists them. */
const byPath = (a: LeftOut, b: LeftOut): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** The folder around all pictures, or around all files where none is a picture. */
function folderOf(files: readonly FileAtPath[]): string | null {
  const pictures = files.filter(({ file }) => isPicture(file));
  const roots = new Set(
    (pictures.length > 0 ? pictures : files).map(({ path }) => path.slice(0, path.indexOf('/') + 1)),
  );
  const [root = ''] = roots;
  return roots.size === 1 && root !== '' ? root.slice(0, -1) : null;
}

const isPicture = ({ name, type }: File): boolean => type.startsWith('image/') || formatByName(name) !== null;

/** What lies in a folder that a system or a tool left is skipped with it: the folder is named once. */
function leftoverIn(path: string): LeftOut | undefined {
  const parts = path.split('/');
  for (const [at, name] of parts.entries()) {
    const reason = leftoverReason(name);
    if (reason === undefined) continue;
    const group = `${reason} (${kindOfLeftover(name)})`;
    return { path: parts.slice(0, at + 1).join('/'), reason, group, expected: true };
  }
  return undefined;
}

/** Files of one name, which come from several folders that were not told, are numbered. */
function withOwnNames(files: readonly ChosenFile[]): ChosenFile[] {
  const seen = new Map<string, number>();
  return files.map((each) => {
    const times = (seen.get(each.path) ?? 0) + 1;
    seen.set(each.path, times);
    return times === 1 ? each : { ...each, path: `${each.path} (${times})` };
  });
}

/** Of an input that takes folders. */
export const fromInput = (files: Iterable<File>): FileAtPath[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** Files and folders that were dropped, with all that is in them. What cannot be read is told, and stops nothing. */
export async function fromDrop(items: DataTransferItemList): Promise<Dropped> {
  // The list is empty once anything is awaited.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const unreadable: LeftOut[] = [];
  const files = (await Promise.all(entries.map((entry) => filesOf(entry, unreadable)))).flat();
  return { files, unreadable };
}

async function filesOf(entry: FileSystemEntry, unreadable: LeftOut[]): Promise<FileAtPath[]> {
  const path = entry.fullPath.replace(/^\//, '');
  try {
    if (isFile(entry)) {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
      return [{ path, file }];
    }
    if (!isDirectory(entry)) return [];
    const reader = entry.createReader();
    const found: FileAtPath[] = [];
    for (;;) {
      // A reader gives some entries at a time.
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return found;
      for (const each of some) found.push(...(await filesOf(each, unreadable)));
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    unreadable.push({ path, reason: `${entry.isDirectory ? 'folder' : 'file'} cannot be read: ${why}` });
    return [];
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
