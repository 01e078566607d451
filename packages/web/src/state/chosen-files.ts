import type { ChosenFile } from '../indexer.ts';

/** Files as they are chosen: pictures, and how many others there were. */
export interface Chosen {
  readonly pictures: readonly ChosenFile[];
  readonly others: number;
  /** Of the folder; null where there is none or several. */
  readonly folder: string | null;
}

interface FileAtPath {
  /** With / between folders; from the folder that was chosen on, where it is one. */
  readonly path: string;
  readonly file: File;
}

const PICTURE = /\.(jpe?g|png|webp|gif|avif|bmp|heic|heif|tiff?|svg)$/i;

/** Pictures by their types and names; the folder that a picture lies in is its label. */
export function chosenFrom(files: readonly FileAtPath[]): Chosen {
  const isVisible = ({ path }: FileAtPath): boolean => !path.split('/').some((part) => part.startsWith('.'));
  const pictures = files.filter((each) => isVisible(each) && isPicture(each.file));
  const roots = new Set(pictures.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const [root = ''] = roots;
  const folder = roots.size === 1 && root !== '' ? root : null;
  const own = pictures.map(({ path, file }) => {
    const below = folder === null ? path : path.slice(folder.length + 1);
    const parent = below.split('/').at(-2);
    return { path: below, labels: parent === undefined ? [] : [parent], file };
  });
  const isLabelled = own.every(({ labels }) => labels.length > 0);
  return {
    // Where some pictures lie beside the folders, folders are no classes.
    pictures: withOwnNames(isLabelled ? own : own.map((each) => ({ ...each, labels: [] }))),
    others: files.length - pictures.length,
    folder,
  };
}

const isPicture = ({ name, type }: File): boolean => type.startsWith('image/') || (type === '' && PICTURE.test(name));

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

/** Files and folders that were dropped, with all that is in them. */
export async function fromDrop(items: DataTransferItemList): Promise<FileAtPath[]> {
  // The list is empty once anything is awaited.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<FileAtPath[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  if (!isDirectory(entry)) return [];
  const reader = entry.createReader();
  const found: FileAtPath[] = [];
  for (;;) {
    // A reader gives some entries at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const each of some) found.push(...(await filesOf(each)));
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
