/** A folder and the pictures below it. */
export interface FolderNode {
  readonly name: string;
  /** Relative to the source; '' for the source itself. */
  readonly path: string;
  /** Paths of the pictures that lie in it, not in a folder below. */
  readonly files: string[];
  readonly folders: Map<string, FolderNode>;
}

const node = (name: string, path: string): FolderNode => ({ name, path, files: [], folders: new Map() });

/** @param files and folders: paths relative to the source, '/' between folders */
export function folderTree(files: readonly string[], folders: readonly string[] = []): FolderNode {
  const root = node('', '');
  const at = (path: string): FolderNode => {
    let here = root;
    for (const name of path === '' ? [] : path.split('/')) {
      let next = here.folders.get(name);
      if (next === undefined) {
        next = node(name, here.path === '' ? name : `${here.path}/${name}`);
        here.folders.set(name, next);
      }
      here = next;
    }
    return here;
  };
  for (const folder of folders) at(folder);
  for (const file of files) at(file.slice(0, Math.max(0, file.lastIndexOf('/')))).files.push(file);
  return root;
}

/** Every picture in and below a folder. */
export const picturesBelow = (folder: FolderNode): string[] => [
  ...folder.files,
  ...[...folder.folders.values()].flatMap(picturesBelow),
];

export const holdsPictures = (folder: FolderNode): boolean =>
  folder.files.length > 0 || [...folder.folders.values()].some(holdsPictures);

/** The folders directly below that hold pictures, at any depth. */
export const foldersWithPictures = (folder: FolderNode): FolderNode[] =>
  [...folder.folders.values()].filter(holdsPictures);
