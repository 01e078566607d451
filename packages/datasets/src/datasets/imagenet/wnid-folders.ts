import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listed, NeurodexError } from '@neurodex/core';
import { readPictureFile } from '../../image/decode.ts';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import type { Dataset, LayoutNote, LicenceNotice, SkippedFile, SourcePicture } from '../dataset.ts';
import { listPictures } from '../folder/folder.ts';
import { localInputs } from '../inputs.ts';
import { leftoverReason } from '../leftovers.ts';
import { classNames, readWords, WORD_FILES } from './class-names.ts';
import { isWnid } from './find.ts';

/** The parts that ImageNet's kin are published in. */
export const IMAGENET_SPLITS = ['train', 'val'] as const;
export type ImagenetSplit = (typeof IMAGENET_SPLITS)[number];

export interface WnidFoldersOptions {
  /** The folder that holds train/ and val/. */
  readonly folder: string;
  readonly split: ImagenetSplit;
  /** What the data set is called. */
  readonly name: string;
  readonly source: string;
  readonly notices: readonly LicenceNotice[];
  /** Edge of all its pictures, when its owner gave them one. */
  readonly ownSize?: number;
}

/** Files that tiny-imagenet has beside its pictures: bounding boxes, which nobody here asks for. */
const BESIDES = /(^|\/)n\d{8}_boxes\.txt$/;

/**
 * Pictures in folders that are called by wnid: `train/<wnid>/*.JPEG` (ImageNet, imagenette),
 * `train/<wnid>/images/*.JPEG` and `val/images/*.JPEG` with `val_annotations.txt` (tiny-imagenet). Labels are readable
 * names; the paths keep the wnids.
 * @throws NeurodexError `source-missing`, `source-unusable`, `source-empty`
 */
export async function openWnidFolders(options: WnidFoldersOptions): Promise<Dataset> {
  const { folder, split, name, source, notices, ownSize } = options;
  const annotations = join(folder, split, 'val_annotations.txt');
  const tinyValidation = split === 'val' && (await isFile(annotations));
  const listed = tinyValidation
    ? await listTinyValidation(folder, annotations)
    : await listFolders(join(folder, split), split);
  const names = classNames([...new Set(listed.pictures.map(({ wnid }) => wnid))].sort(), await readWords(folder));
  const pictures = listed.pictures.map(
    ({ wnid, ...picture }): SourcePicture => ({ ...picture, labels: [names.get(wnid) ?? wnid] }),
  );
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  const layout = await besideSplit(folder, split);
  return {
    name,
    source,
    pictures,
    notices,
    skipped: listed.skipped,
    ...(layout.length === 0 ? {} : { layout }),
    inputs: (reading) =>
      localInputs(
        pictures.map(({ path }) => join(folder, path)),
        folder,
        reading,
      ),
    ...(ownSize === undefined ? {} : { ownSize }),
  };
}

type WnidPicture = Omit<SourcePicture, 'labels'> & { readonly wnid: string };
interface Listed {
  readonly pictures: readonly WnidPicture[];
  readonly skipped: readonly SkippedFile[];
}

/** `split/<wnid>/**`, whatever the folders below the wnid are called. */
async function listFolders(root: string, split: string): Promise<Listed> {
  const { files, skipped } = await listPictures(root);
  const left = skipped.map((file): SkippedFile => {
    const path = `${split}/${file.path}`;
    if (!BESIDES.test(path)) return { ...file, path };
    return { path, reason: 'bounding boxes, which are not read', expected: true };
  });
  const kept: WnidPicture[] = [];
  let flat = 0;
  for (const file of files) {
    const path = `${split}/${file}`;
    const [wnid = '', ...rest] = file.split('/');
    if (rest.length === 0) {
      flat++;
      left.push({ path, reason: 'in no folder called by a wnid (n01440764 …)' });
    } else if (!isWnid(wnid)) {
      const group = 'in a folder that is not called by a wnid (n01440764 …)';
      left.push({ path, reason: `its folder ${wnid} is not called by a wnid (n01440764 …)`, group });
    } else kept.push({ path, wnid, read: () => readPictureFile(join(root, file), path) });
  }
  if (kept.length > 0) return { pictures: kept, skipped: left };
  const first = files[0] ?? '';
  throw new NeurodexError(
    'source-unusable',
    `${root} holds ${flat > 0 ? 'pictures without class folders' : 'no folder called by a wnid'}, such as ${first}`,
    {
      hint: 'sort them into folders called by wnid (n01440764 …); tiny-imagenet keeps those of val in val_annotations.txt',
      details: { folder: root },
    },
  );
}

/** What lies beside the split that is read: pictures, counted by the folder that they are in, and other files. */
async function besideSplit(folder: string, split: string): Promise<LayoutNote[]> {
  const notes: LayoutNote[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const { name } of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name === split || leftoverReason(name) !== undefined) continue;
    const files = await readdir(join(folder, name), { recursive: true, withFileTypes: true }).catch(() => []);
    const pictures = files.filter((entry) => entry.isFile() && hasPictureExtension(entry.name)).length;
    if (pictures > 0) notes.push({ message: `${split}/ is read; ${name}/ beside it, of ${pictures} pictures, is not` });
  }
  const files = entries.filter(
    ({ name }) => leftoverReason(name) === undefined && !WORD_FILES.some((file) => file === name),
  );
  const unread = files.filter((entry) => entry.isFile()).map(({ name }) => name);
  if (unread.length > 0)
    notes.push({ message: `${listed(unread.sort(), 5)} ${unread.length === 1 ? 'is' : 'are'} not read` });
  return notes;
}

/** `val/images/val_0.JPEG`, whose classes are in the lines `val_0.JPEG <tab> wnid <tab> box` of val_annotations.txt. */
async function listTinyValidation(folder: string, annotations: string): Promise<Listed> {
  const present = new Set(await readdir(join(folder, 'val', 'images')).catch(() => []));
  const pictures: WnidPicture[] = [];
  const skipped: SkippedFile[] = [];
  const lines = (await readFile(annotations, 'utf8')).split(/\r?\n/);
  const seen = new Set<string>();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const [file = '', wnid = ''] = line.split('\t');
    let fault: string | undefined;
    if (!/^[\w-]+\.JPEG$/i.test(file) || !isWnid(wnid)) {
      fault = `is not a picture, a tab and a wnid: ${line.slice(0, 60)}`;
    } else if (seen.has(file)) fault = `${file} is named a second time`;
    else if (!present.has(file)) fault = `there is no picture val/images/${file}`;
    if (fault !== undefined) {
      const group = 'a line of val_annotations.txt without a picture of its own';
      skipped.push({ path: 'val/val_annotations.txt', reason: `line ${i + 1}: ${fault}`, group });
      continue;
    }
    seen.add(file);
    const path = `val/images/${file}`;
    pictures.push({ path, wnid, read: () => readPictureFile(join(folder, path), path) });
  }
  for (const file of present) {
    if (!seen.has(file)) skipped.push({ path: `val/images/${file}`, reason: 'val_annotations.txt does not name it' });
  }
  if (pictures.length === 0) {
    throw new NeurodexError('source-empty', `${annotations} names no picture that is there`, {
      hint: 'unpack tiny-imagenet-200.zip again',
      details: { path: annotations },
    });
  }
  return { pictures, skipped };
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false;
