import { join } from 'node:path';
import { listed, NeurodexError } from '@neurodex/core';
import { type LayoutNote, ROLES, type Role, type SkippedFile } from '../dataset.ts';
import { folderKind, splitPartOf, splitsOfOneStem } from '../split-names.ts';
import { roleNamed } from '../splits.ts';
import { type FolderNode, foldersWithPictures, folderTree, holdsPictures, picturesBelow } from './tree.ts';

/** A picture with what the folders around it say. */
export interface PlacedFile {
  readonly file: string;
  readonly label?: string;
  readonly role?: Role;
}

/** Every file once: placed or skipped. */
export interface FolderPlan {
  readonly placed: readonly PlacedFile[];
  readonly skipped: readonly SkippedFile[];
  readonly layout: readonly LayoutNote[];
}

const LEVEL_HINT = '--class-level says which folder is the class, and --labels folder takes whole paths';

/**
 * Which folder of each path is the class. Folders of splits (`train`, `Test`, `val2017`), folders that only hold others
 * (`images`, `part_2`) and folders around everything are looked through; the classes are the folders below them. Where
 * `catalogue`, `train` and `test` lie side by side they fix the roles. Pictures beside class folders are skipped.
 * @param files paths of pictures, relative to the source; `folders`: of all folders, those without pictures too
 * @throws NeurodexError `source-unusable` for roles that are incomplete
 */
export function planFolder(files: readonly string[], folders: readonly string[], source: string): FolderPlan {
  return new Planner(source).plan(folderTree(files, folders));
}

/**
 * The class is the folder at one level, whatever it is called; roles and splits are not looked for.
 * @param level from 1: the folder at the top; 0: no classes
 */
export function planByLevel(files: readonly string[], level: number): FolderPlan {
  const placed: PlacedFile[] = [];
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    const label = file.split('/').slice(0, -1)[level - 1];
    if (level === 0) placed.push({ file });
    else if (label === undefined) skipped.push({ path: file, reason: `not below ${level} folders (--class-level)` });
    else placed.push({ file, label });
  }
  return { placed, skipped, layout: [] };
}

/**
 * The label is the path of the folder that a picture lies in, or its first folder; roles and splits are not looked for. A picture that
 * lies in no folder has no label.
 */
export function planByPath(files: readonly string[], labels: 'folder' | 'top' | 'keywords' | 'none'): FolderPlan {
  const placed = files.map((file): PlacedFile => {
    const end = labels === 'top' ? file.indexOf('/') : labels === 'folder' ? file.lastIndexOf('/') : -1;
    return end < 0 ? { file } : { file, label: file.slice(0, end) };
  });
  return { placed, skipped: [], layout: [] };
}

class Planner {
  private readonly skipped: SkippedFile[] = [];
  private readonly layout: LayoutNote[] = [];
  private readonly source: string;
  /** Pictures that lie beside the folders in question. */
  private loose: string[] = [];

  constructor(source: string) {
    this.source = source;
  }

  plan(root: FolderNode): FolderPlan {
    let bases = [root];
    let roles: ReadonlyMap<FolderNode, Role> | undefined;
    for (;;) {
      const [only] = bases;
      if (roles === undefined && bases.length === 1 && only !== undefined) {
        roles = rolesIn(only, this.source);
        if (roles !== undefined) {
          this.leaveOut(
            picturesBelow(only).filter(notBelow([...roles.keys()])),
            `in none of the folders ${ROLES.join(', ')}, which give the roles here`,
          );
          bases = [...roles.keys()];
          continue;
        }
      }
      const next = this.through(bases);
      if (next === undefined) break;
      bases = next;
    }
    const placed = this.classesIn(bases);
    const withRoles = roles === undefined ? placed : this.withRoles(placed, [...roles]);
    return { placed: withRoles, skipped: this.skipped, layout: this.layout };
  }

  private withRoles(placed: readonly PlacedFile[], roles: readonly (readonly [FolderNode, Role])[]): PlacedFile[] {
    const found = placed.flatMap((each) => {
      const role = roles.find(([{ path }]) => each.file.startsWith(`${path}/`))?.[1];
      return role === undefined ? [] : [{ ...each, role }];
    });
    const [folder, role] =
      roles.find(([, needed]) => needed !== 'validation' && !found.some(({ role }) => role === needed)) ?? [];
    if (folder === undefined || role === undefined) return found;
    throw new NeurodexError('source-empty', `${join(this.source, folder.path)} holds no pictures that can be used`, {
      hint: 'the folders catalogue, train and test must each hold pictures',
      details: { source: this.source, role },
    });
  }

  /** The folders whose folders are next in question; undefined where those are the classes, or where there are none. */
  private through(bases: readonly FolderNode[]): FolderNode[] | undefined {
    const next = bases.map((base) => this.throughOne(base));
    if (next.some((each) => each !== undefined)) return bases.flatMap((base, i) => next[i] ?? [base]);
    const children = bases.flatMap(foldersWithPictures);
    const names = new Set(children.map(({ name }) => name));
    if (names.size !== 1 || children.some(({ files }) => files.length > 0)) return undefined;
    this.note(`${listed([...names])} is a folder around all others and no class (${otherwise(children)})`);
    this.setAside(bases);
    return children;
  }

  /** The same for one folder, by the names of those in it. */
  private throughOne(base: FolderNode): FolderNode[] | undefined {
    const children = foldersWithPictures(base);
    const [only] = children;
    if (only === undefined) return undefined;
    const names = children.map(({ name }) => name);
    const kinds = new Map(children.map((child) => [child, folderKind(child.name)]));
    let next: FolderNode[];
    if (children.every((child) => kinds.get(child)?.kind !== 'class')) {
      const pictures = children.filter((child) => kinds.get(child)?.kind !== 'annotation');
      next = pictures.length > 0 ? pictures : children;
      const drawn = children.filter((child) => !next.includes(child));
      this.leaveOut(drawn.flatMap(picturesBelow), 'in a folder of masks or labels');
    } else if (splitsOfOneStem(names) !== undefined || (children.length === 1 && only.name === base.name)) {
      next = children;
    } else {
      next = splitsBesideOthers(children);
      if (next.length === 0) return undefined;
      const reason = `beside the folders ${listed(next.map(({ name }) => name))}, which are read as splits`;
      this.leaveOut(children.filter((child) => !next.includes(child)).flatMap(picturesBelow), reason);
    }
    this.noteFolders(next);
    this.setAside([base]);
    return next;
  }

  private noteFolders(folders: readonly FolderNode[]): void {
    const parts = folders.map(({ name }) => splitPartOf(name));
    const names = listed(folders.map(({ path }) => path));
    if (
      folders.length > 1 &&
      (parts.every((part) => part !== undefined) || splitsOfOneStem(folders.map(({ name }) => name)))
    ) {
      this.note(
        `${names} are read as splits and put together: the pictures are split anew (to fix the roles, name the folders catalogue, train, validation and test; ${otherwise(folders)})`,
      );
    } else if (folders.length === 1) this.note(`${names} is looked through and no class (${otherwise(folders)})`);
    else this.note(`${names} are looked through and no classes (${otherwise(folders)})`);
  }

  private setAside(bases: readonly FolderNode[]): void {
    // Not by spreading: a folder may hold more pictures than a call takes arguments.
    for (const { files } of bases) for (const file of files) this.loose.push(file);
  }

  /** The pictures below the folders, by the names of the folders in them. */
  private classesIn(bases: readonly FolderNode[]): PlacedFile[] {
    this.setAside(bases);
    const classes = bases.flatMap(foldersWithPictures);
    if (classes.length === 0) return this.loose.map((file) => ({ file }));
    this.leaveOut(this.loose, 'in no class folder, while other pictures are');
    const placed = classes.flatMap((folder) => picturesBelow(folder).map((file) => ({ file, label: folder.name })));
    if (this.loose.length > placed.length) {
      this.doubt(
        `${this.loose.length} pictures lie in no class folder and are skipped, more than the ${placed.length} that do; --class-level 0 takes all pictures, without classes`,
      );
    }
    const empty = bases.flatMap(({ folders }) => [...folders.values()]).filter((folder) => !holdsPictures(folder));
    if (empty.length > 0) {
      this.note(
        `${empty.length === 1 ? 'a folder holds' : `${empty.length} folders hold`} no pictures: ${listed(
          empty.map(({ path }) => path),
          5,
        )}`,
      );
    }
    this.noteDeeper(classes);
    return placed;
  }

  /** Folders in class folders: parts of the class, or the classes themselves. */
  private noteDeeper(classes: readonly FolderNode[]): void {
    const inside = (folder: FolderNode): FolderNode[] =>
      foldersWithPictures(folder).filter(({ name }) => folderKind(name).kind === 'class');
    const deeper = classes.filter((folder) => inside(folder).length > 0);
    if (deeper.length === 0) return;
    const only = deeper.filter((folder) => folder.files.length === 0);
    const examples = (folders: readonly FolderNode[]): string =>
      listed(
        folders.flatMap(inside).map(({ path }) => path),
        4,
      );
    if (only.length > 0) {
      this.doubt(
        `${listed(
          only.map(({ name }) => name),
          5,
        )} ${only.length === 1 ? 'is a class that holds' : 'are classes that hold'} only folders (${examples(only)}), whose names are not used; ${LEVEL_HINT}`,
      );
    } else this.note(`pictures in folders below a class folder are of that class (${examples(deeper)})`);
  }

  private leaveOut(files: readonly string[], reason: string): void {
    for (const path of files) this.skipped.push({ path, reason });
  }

  private note(message: string): void {
    this.layout.push({ message });
  }

  private doubt(message: string): void {
    this.layout.push({ message, doubtful: true });
  }
}

/** How to say that they are the classes. */
const otherwise = ([first]: readonly FolderNode[]): string =>
  `--class-level ${first?.path.split('/').length} takes the folders of that level as classes`;

const notBelow =
  (folders: readonly FolderNode[]) =>
  (file: string): boolean =>
    !folders.some(({ path }) => file.startsWith(`${path}/`));

/** Folders of two splits or more that hold folders of the same names, among others: `train/cat`, `test/cat`, `notes/…`. */
function splitsBesideOthers(children: readonly FolderNode[]): FolderNode[] {
  const splits = children.filter(({ name, files }) => splitPartOf(name) !== undefined && files.length === 0);
  if (new Set(splits.map(({ name }) => splitPartOf(name))).size < 2) return [];
  const seen = new Set<string>();
  const shared = splits.some((split) => {
    const names = foldersWithPictures(split).map(({ name }) => name);
    const again = names.some((name) => seen.has(name));
    for (const name of names) seen.add(name);
    return again;
  });
  return shared ? children.filter(({ name }) => splitPartOf(name) !== undefined) : [];
}

/** The role that each folder gives, where they fix the roles. A layout that is nearly so is refused rather than misread. */
function rolesIn(base: FolderNode, source: string): ReadonlyMap<FolderNode, Role> | undefined {
  const roles = new Map<FolderNode, Role>();
  const folders = [...base.folders.values()];
  for (const folder of folders) {
    const role = roleNamed(folder.name);
    if (role !== undefined) roles.set(folder, role);
  }
  const found = new Set(roles.values());
  const missing = (['catalogue', 'train', 'test'] as const).filter((role) => !found.has(role));
  if (missing.length === 0) return roles;
  if (!found.has('catalogue') || roles.size < 2 || roles.size < folders.length) return undefined;
  const names = [...roles.keys()].map(({ name }) => name);
  throw new NeurodexError(
    'source-unusable',
    `${source} holds the folders ${names.join(', ')}, which look like roles and not classes, but not ${missing.join(' and ')}`,
    {
      hint: 'name the folders catalogue, train, validation (optional) and test, give a folder of class folders, or say --class-level 1 if they are classes',
      details: { source, found: names, missing },
    },
  );
}
