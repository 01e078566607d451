import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NeurodexError } from '../errors.ts';
import { readPictureFile } from '../image/decode.ts';
import { FORMATS, hasPictureExtension } from '../image/formats.ts';
import { type Dataset, ROLES, type Role, type SkippedFile, type SourcePicture } from './dataset.ts';
import { localInputs } from './inputs.ts';

/** Code unit by code unit: the same order everywhere, unlike a locale's. */
const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Files that systems leave behind and nobody means: dot files (.DS_Store, ._x), Windows' thumbnail caches. */
const isHidden = (name: string): boolean =>
  name.startsWith('.') || ['thumbs.db', 'ehthumbs.db', 'desktop.ini'].includes(name.toLowerCase());

interface Listing {
  /** Relative paths of the files that are pictures by name. */
  readonly files: string[];
  readonly skipped: SkippedFile[];
  /** Names of the folders at the top, hidden ones left out. */
  readonly topFolders: string[];
}

function unreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EPERM' ? 'permission denied' : (code ?? String(error));
}

/**
 * Every picture file below `root`. Folders are told apart by their real path, and each is listed once: in its own place
 * when that is below `root`, else under the first link to it. So links that lead in a circle end.
 */
async function list(root: string): Promise<Listing> {
  const files: string[] = [];
  const skipped: SkippedFile[] = [];
  const topFolders: string[] = [];
  const visited = new Set<string>();
  let linkedFolders: string[] = [];
  const at = (path: string): string => join(root, path);

  async function visit(folder: string): Promise<void> {
    let entries: Awaited<ReturnType<typeof readEntries>>;
    try {
      const real = await realpath(at(folder));
      if (visited.has(real)) {
        skipped.push({ path: folder, reason: 'a link to a folder that is listed elsewhere' });
        return;
      }
      visited.add(real);
      entries = await readEntries(at(folder));
    } catch (error) {
      if (folder === '') throw error;
      skipped.push({ path: folder, reason: `folder cannot be read: ${unreadable(error)}` });
      return;
    }
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const kind = await kindOf(entry, at(path));
      if (folder === '' && (kind === 'folder' || kind === 'linked folder')) topFolders.push(entry.name);
      if (kind === 'folder') await visit(path);
      else if (kind === 'linked folder') linkedFolders.push(path);
      else if (kind !== 'file') skipped.push({ path, reason: kind.reason });
      else if (hasPictureExtension(entry.name)) files.push(path);
      else skipped.push({ path, reason: 'not a picture file' });
    }
  }

  await visit('');
  // Links come after all that is really there, so that a picture goes by its own path and not by a link's.
  while (linkedFolders.length > 0) {
    const links = linkedFolders.sort(byCodeUnits);
    linkedFolders = [];
    for (const link of links) await visit(link);
  }
  return { files: files.sort(byCodeUnits), skipped, topFolders: topFolders.sort(byCodeUnits) };
}

const readEntries = async (folder: string) =>
  (await readdir(folder, { withFileTypes: true })).sort((a, b) => byCodeUnits(a.name, b.name));

type Entry = Awaited<ReturnType<typeof readEntries>>[number];

async function kindOf(entry: Entry, path: string): Promise<'file' | 'folder' | 'linked folder' | { reason: string }> {
  // A name that is not UTF-8 reaches us with replacement characters and cannot be opened by it.
  if (entry.name.includes('\ufffd')) {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) return { reason: 'its name is not valid UTF-8' };
  }
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return { reason: 'not a regular file' };
  try {
    const target = await stat(path);
    if (target.isDirectory()) return 'linked folder';
    return target.isFile() ? 'file' : { reason: 'not a regular file' };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { reason: 'a broken link' };
    if (code === 'ELOOP') return { reason: 'a link that leads in a circle' };
    return { reason: `link cannot be followed: ${unreadable(error)}` };
  }
}

/** Whether the folders at the top fix the roles. A layout that is nearly so is refused rather than misread as classes. */
function fixesRoles(topFolders: readonly string[], source: string): boolean {
  const needed: readonly Role[] = ['catalogue', 'train', 'test'];
  if (needed.every((role) => topFolders.includes(role))) return true;
  const splits = topFolders.filter((name) => (ROLES as readonly string[]).includes(name) || name === 'val');
  if (splits.length < 2 || splits.length < topFolders.length) return false;
  const missing = needed.filter((role) => !topFolders.includes(role));
  throw new NeurodexError(
    'source-unusable',
    `${source} holds the folders ${splits.join(', ')}, which look like roles and not classes, but not ${missing.join(' and ')}`,
    {
      hint: 'name the folders catalogue, train, validation (optional) and test, or give a folder of class folders',
      details: { source, found: splits, missing },
    },
  );
}

function empty(source: string, skipped: readonly SkippedFile[], topFolders: readonly string[]): NeurodexError {
  const folders = `${topFolders.length} ${topFolders.length === 1 ? 'folder' : 'folders'}`;
  const first = skipped[0];
  const found =
    first !== undefined
      ? `only ${skipped.length} ${skipped.length === 1 ? 'thing' : 'things'} that cannot be used (the first: ${first.path}, ${first.reason})`
      : topFolders.length > 0
        ? `${folders} without a file in them`
        : 'nothing at all';
  return new NeurodexError('source-empty', `${source} holds no pictures: it holds ${found}`, {
    hint: `give a folder with ${FORMATS.join(', ')} files, in one sub-folder per class or without classes`,
    details: { source, skipped: skipped.length, folders: topFolders.length },
  });
}

async function checkSource(source: string): Promise<void> {
  try {
    if ((await stat(source)).isDirectory()) return;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new NeurodexError('source-missing', `${source} does not exist`, {
        hint: 'check the path for a typing error',
        details: { source },
        cause: error,
      });
    }
    throw unusable(source, `cannot be read: ${unreadable(error)}`, error);
  }
  throw unusable(source, 'is a file, not a folder of pictures');
}

const unusable = (source: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('source-unusable', `${source} ${what}`, {
    hint: 'give a folder of pictures that you may read',
    details: { source },
    cause,
  });

/**
 * A folder of pictures, in one of three layouts: `<class>/**`, pictures without classes, or the roles `catalogue`,
 * `train`, `validation` (optional) and `test`, each laid out in one of the first two ways. The class is the first folder
 * below the source or the role. Where there are classes, pictures outside of them are skipped.
 * @throws NeurodexError source-missing, source-unusable (a file, no permission, roles that are incomplete), source-empty
 */
export async function openFolder(path: string): Promise<Dataset> {
  const source = resolve(path);
  await checkSource(source);
  let listing: Listing;
  try {
    listing = await list(source);
  } catch (error) {
    throw unusable(source, `cannot be read: ${unreadable(error)}`, error);
  }
  const { files, topFolders } = listing;
  const skipped = [...listing.skipped];
  if (files.length === 0) throw empty(source, skipped, topFolders);

  const hasRoles = fixesRoles(topFolders, source);
  const depthOfClass = hasRoles ? 1 : 0;
  const classOf = (file: string): string | undefined => {
    const parts = file.split('/');
    return parts.length > depthOfClass + 1 ? parts[depthOfClass] : undefined;
  };
  const roleOf = (file: string): Role | undefined => ROLES.find((role) => file.startsWith(`${role}/`));
  const hasClasses = files.some((file) => classOf(file) !== undefined && (!hasRoles || roleOf(file) !== undefined));

  const pictures: SourcePicture[] = [];
  for (const file of files) {
    const role = hasRoles ? roleOf(file) : undefined;
    const label = classOf(file);
    if (hasRoles && role === undefined) {
      skipped.push({ path: file, reason: `in none of the folders ${ROLES.join(', ')}, which give the roles here` });
    } else if (hasClasses && label === undefined) {
      skipped.push({ path: file, reason: 'in no class folder, while other pictures are' });
    } else {
      pictures.push({
        path: file,
        labels: label === undefined ? [] : [label],
        ...(role === undefined ? {} : { role }),
        read: () => readPictureFile(join(source, file), file),
      });
    }
  }
  if (hasRoles) {
    for (const role of ['catalogue', 'train', 'test'] as const) {
      if (pictures.some((picture) => picture.role === role)) continue;
      throw new NeurodexError('source-empty', `${join(source, role)} holds no pictures that can be used`, {
        hint: 'the folders catalogue, train and test must each hold pictures',
        details: { source, role },
      });
    }
  }
  skipped.sort((a, b) => byCodeUnits(a.path, b.path));
  return {
    name: 'folder',
    source,
    pictures,
    notices: [],
    skipped,
    inputs: (reading) =>
      localInputs(
        pictures.map((picture) => join(source, picture.path)),
        source,
        reading,
      ),
  };
}
