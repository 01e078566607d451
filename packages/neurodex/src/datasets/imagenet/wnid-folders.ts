import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NeurodexError } from '../../errors.ts';
import { readPictureFile } from '../../image/decode.ts';
import type { Dataset, LicenceNotice, SkippedFile, SourcePicture } from '../dataset.ts';
import { openFolder } from '../folder.ts';
import { localInputs } from '../inputs.ts';
import { classNames, readWords } from './class-names.ts';
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
const BESIDES = /(^|\/)(n\d{8}_boxes|val_annotations)\.txt$/;

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
  return {
    name,
    source,
    pictures,
    notices,
    skipped: listed.skipped,
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

async function listFolders(root: string, split: string): Promise<Listed> {
  const { pictures, skipped } = await openFolder(root);
  const flat = pictures.find(({ labels }) => labels.length === 0);
  if (flat !== undefined) {
    throw new NeurodexError('source-unusable', `${root} holds pictures without class folders, such as ${flat.path}`, {
      hint: 'sort them into folders called by wnid (n01440764 …), or use the other split',
      details: { folder: root },
    });
  }
  const kept: WnidPicture[] = [];
  const left: SkippedFile[] = [];
  for (const { path, labels, read } of pictures) {
    const [wnid = ''] = labels;
    if (isWnid(wnid)) kept.push({ path: `${split}/${path}`, wnid, read });
    else left.push({ path: `${split}/${path}`, reason: `its folder ${wnid} is not called by a wnid (n01440764 …)` });
  }
  const others = skipped.filter(({ path }) => !BESIDES.test(path));
  return { pictures: kept, skipped: [...left, ...others.map((file) => ({ ...file, path: `${split}/${file.path}` }))] };
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
      skipped.push({ path: 'val/val_annotations.txt', reason: `line ${i + 1}: ${fault}` });
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
