import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, NeurodexError, type Reporter } from '@neurodex/core';
import { readPictureFile } from '../../image/decode.ts';
import { formatList, hasPictureExtension } from '../../image/picture-formats.ts';
import { FRAMES_COMMAND, hasVideoExtension } from '../../image/videos.ts';
import type { Dataset, LayoutNote, SkippedFile, SourcePicture } from '../dataset.ts';
import { localInputs } from '../inputs.ts';
import { kindOfLeftover, leftoverReason } from '../leftovers.ts';
import { isVideo, notAPicture, videoNotes, withLivePhotos } from '../non-pictures.ts';
import type { RecordFacts } from '../record-facts.ts';
import { withKeywords } from './keyword-labels.ts';
import { besideNotes } from './label-files.ts';
import type { LabelSource } from './label-sources.ts';
import { planByLevel, planByPath, planFolder } from './layout.ts';
import { readSidecars } from './sidecars.ts';
import { readXmpSidecars, xmpSidecarsOf } from './xmp-sidecars.ts';

/** Code unit by code unit: the same order everywhere, unlike a locale's. */
const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface Listing {
  /** Relative paths of the files that are pictures by name. */
  readonly files: string[];
  readonly skipped: SkippedFile[];
  /** Relative paths of all folders that were listed, leftovers left out. */
  readonly folders: string[];
}

function unreadable(error: unknown): string {
  const code = errorCode(error);
  return code === 'EACCES' || code === 'EPERM' ? 'permission denied' : (code ?? String(error));
}

/**
 * Every picture file below `root`. Folders are told apart by their real path, and each is listed once: in its own place
 * when that is below `root`, else under the first link to it. So links that lead in a circle end.
 */
async function list(root: string): Promise<Listing> {
  const files: string[] = [];
  const skipped: SkippedFile[] = [];
  const folders: string[] = [];
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
      if (folder !== '') folders.push(folder);
      entries = await readEntries(at(folder));
    } catch (error) {
      if (folder === '') throw error;
      skipped.push({ path: folder, reason: `folder cannot be read: ${unreadable(error)}` });
      return;
    }
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const leftover = leftoverReason(entry.name);
      if (leftover !== undefined) {
        skipped.push({ path, reason: leftover, group: `${leftover} (${kindOfLeftover(entry.name)})`, expected: true });
        continue;
      }
      const kind = await kindOf(entry, at(path));
      if (kind === 'folder') await visit(path);
      else if (kind === 'linked folder') linkedFolders.push(path);
      else if (kind !== 'file') skipped.push({ path, reason: kind.reason });
      else if (hasPictureExtension(entry.name)) files.push(path);
      else skipped.push(notAPicture(path));
    }
  }

  await visit('');
  // Links come after all that is really there, so that a picture goes by its own path and not by a link's.
  while (linkedFolders.length > 0) {
    const links = linkedFolders.sort(byCodeUnits);
    linkedFolders = [];
    for (const link of links) await visit(link);
  }
  return {
    files: files.sort(byCodeUnits),
    skipped: withLivePhotos(skipped, files),
    folders: folders.sort(byCodeUnits),
  };
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
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { reason: 'a broken link' };
    if (code === 'ELOOP') return { reason: 'a link that leads in a circle' };
    return { reason: `link cannot be followed: ${unreadable(error)}` };
  }
}

function empty(source: string, skipped: readonly SkippedFile[], folders: readonly string[]): NeurodexError {
  const top = folders.filter((path) => !path.includes('/')).length;
  const first = skipped[0];
  const found =
    first !== undefined
      ? `only ${skipped.length} ${skipped.length === 1 ? 'thing' : 'things'} that cannot be used (the first: ${first.path}, ${first.reason})`
      : top > 0
        ? `${top} ${top === 1 ? 'folder' : 'folders'} without a file in them`
        : 'nothing at all';
  return new NeurodexError('source-empty', `${source} holds no pictures: it holds ${found}`, {
    hint: skipped.some(isVideo)
      ? `take pictures out of the videos: ${FRAMES_COMMAND}`
      : `give a folder with ${formatList} files, in one sub-folder per class or without classes`,
    details: { source, skipped: skipped.length, folders: top },
  });
}

async function checkSource(source: string): Promise<void> {
  try {
    if ((await stat(source)).isDirectory()) return;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new NeurodexError('source-missing', `${source} does not exist`, {
        hint: 'check the path for a typing error',
        details: { source },
        cause: error,
      });
    }
    throw unusable(source, `cannot be read: ${unreadable(error)}`, error);
  }
  if (!hasVideoExtension(source)) throw unusable(source, 'is a file, not a folder of pictures');
  throw unusable(
    source,
    'is a video, not a folder of pictures',
    undefined,
    `take pictures out of it: ${FRAMES_COMMAND}`,
  );
}

const READABLE = 'give a folder of pictures that you may read';

const unusable = (source: string, what: string, cause?: unknown, hint = READABLE): NeurodexError =>
  new NeurodexError('source-unusable', `${source} ${what}`, {
    hint,
    details: { source },
    cause,
  });

/**
 * The picture files in and below a folder, and what else lies there.
 * @throws NeurodexError source-missing, source-unusable (a file, no permission), source-empty
 */
export async function listPictures(source: string): Promise<Listing> {
  await checkSource(source);
  let listing: Listing;
  try {
    listing = await list(source);
  } catch (error) {
    throw unusable(source, `cannot be read: ${unreadable(error)}`, error);
  }
  if (listing.files.length === 0) throw empty(source, listing.skipped, listing.folders);
  return listing;
}

/** How a folder is read. */
export interface FolderOptions {
  /** The class is the folder at this level, from 1; 0: no classes. By the layout by default. */
  readonly classLevel?: number;
  /** Where the labels come from; the layout by default. */
  readonly labels?: LabelSource;
  /** 'folder' by default. */
  readonly name?: string;
  /** Files of the program that made the folder, which nobody misses. */
  readonly isKnown?: (path: string) => boolean;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * A folder of pictures: `<class>/**`, pictures without classes, or the roles `catalogue`, `train`, `validation` (optional)
 * and `test`, each laid out in one of the first two ways. Folders of splits and folders around everything are looked
 * through (`planFolder`). Where there are classes, pictures outside of them are skipped. Files beside pictures give captions
 * (`readSidecars`).
 * @throws NeurodexError source-missing, source-unusable (a file, no permission, roles that are incomplete), source-empty
 * @example
 * ```ts
 * import { openFolder } from '@neurodex/datasets';
 *
 * const { pictures, skipped } = await openFolder('photos');
 * console.log(pictures.length, pictures[0]?.path, pictures[0]?.labels.join(), skipped.length); // → 60 bird/0.png bird 0
 * ```
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<Dataset> {
  const { classLevel, labels = 'layout', name = 'folder', isKnown = () => false } = options;
  if (classLevel !== undefined && labels !== 'layout') throw twoAnswers(labels);
  const source = resolve(path);
  const listing = await listPictures(source);
  const { files } = listing;
  const plan = planOf(listing, source, options);
  const xmp = xmpSidecarsOf(
    files,
    listing.skipped.filter((each) => !isKnown(each.path)),
  );
  const sidecars = await readSidecars(source, files, xmp.skipped, options);
  const skipped = [...sidecars.skipped, ...plan.skipped].sort((a, b) => byCodeUnits(a.path, b.path));
  const placed = plan.placed
    .map(({ file, label, role }): SourcePicture => {
      const beside = xmp.of(file);
      return {
        path: file,
        ...described(label, sidecars.facts.get(file), labels === 'layout'),
        ...(role === undefined ? {} : { role }),
        ...(beside.length === 0 ? {} : { sidecars: () => readXmpSidecars(source, beside) }),
        read: () => readPictureFile(join(source, file), file),
      };
    })
    .sort((a, b) => byCodeUnits(a.path, b.path));
  const pictures = labels === 'keywords' ? await withKeywords(placed, source, options) : placed;
  checkPictures(pictures, source, classLevel);
  const layout: LayoutNote[] = [
    ...plan.layout,
    ...sidecars.layout,
    ...besideNotes(skipped, pictures, source),
    ...videoNotes(skipped),
  ];
  return {
    name,
    source,
    pictures,
    notices: [],
    skipped,
    ...(layout.length === 0 ? {} : { layout }),
    inputs: (reading) =>
      localInputs(
        pictures.flatMap(({ path }) => [path, ...xmp.of(path)]).map((path) => join(source, path)),
        source,
        reading,
      ),
  };
}

/** Which pictures have which labels and roles. */
function planOf(
  { files, folders }: Listing,
  source: string,
  { classLevel, labels = 'layout' }: FolderOptions,
): ReturnType<typeof planByLevel> {
  if (labels !== 'layout') return planByPath(files, labels);
  return classLevel === undefined ? planFolder(files, folders, source) : planByLevel(files, classLevel);
}

function described(
  label: string | undefined,
  said: RecordFacts | undefined,
  labelled: boolean,
): Pick<SourcePicture, 'labels' | 'captions'> {
  const labels = label === undefined ? [] : [label];
  if (said === undefined) return { labels };
  const { captions } = said;
  return {
    labels: [...new Set([...labels, ...(labelled ? said.labels : [])])],
    ...(captions.length === 0 ? {} : { captions }),
  };
}

const twoAnswers = (labels: LabelSource): NeurodexError =>
  new NeurodexError('usage', `--class-level and --labels ${labels} both say where the labels come from`, {
    hint: 'leave one of them out',
  });

function checkPictures(pictures: readonly SourcePicture[], source: string, classLevel: number | undefined): void {
  if (pictures.length === 0) {
    throw new NeurodexError('source-empty', `${source} holds no picture below ${classLevel} folders`, {
      hint: 'give a lower --class-level, or none: the layout of the folders then says which of them is the class',
      details: { source },
    });
  }
}
