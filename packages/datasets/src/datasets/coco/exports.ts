import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isRecord, listed, NeurodexError, type Reporter } from '@neurodex/core';
import { readJson } from '@neurodex/core/json';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import type { Dataset } from '../dataset.ts';
import { listPictures } from '../folder/folder.ts';
import { splitAndStem } from '../split-names.ts';
import { FileIndex, type Place } from '../tables/file-index.ts';
import { SourceFolder } from '../tables/find.ts';
import { JoinedPictures, type PictureFacts } from '../tables/joined.ts';
import { type CocoFile, readAnnotations, refuseUseless } from './annotations.ts';
import { categoriesByArea } from './coco.ts';
import { jsonRows } from './json-rows.ts';

/** Bytes of a file by which it is told: categories may stand before pictures and annotations. */
const LOOKED_AT = 1 << 24;

/** Whether a JSON file is of the form of COCO, whatever it is called: a list of images with files, or of annotations of them. */
export async function looksLikeCoco(path: string): Promise<boolean> {
  const stream = createReadStream(path, { end: LOOKED_AT - 1, highWaterMark: 1 << 16 });
  try {
    for await (const { key, row, value } of jsonRows(stream)) {
      if (row === undefined || !isRecord(value)) continue;
      if (key === 'images') return typeof value.file_name === 'string' && 'id' in value;
      if (key === 'annotations') return 'image_id' in value;
    }
  } catch {
    // Damage, or the end of what is looked at: what came before did not show it.
  } finally {
    stream.destroy();
  }
  return false;
}

/** A JSON file that says something of one picture beside it. */
const isSidecar = (name: string, names: ReadonlySet<string>): boolean =>
  hasPictureExtension(basename(name, extname(name))) ||
  [...'.jpg .jpeg .png .webp .JPG .PNG'.split(' ')].some((ending) => names.has(basename(name, extname(name)) + ending));

/** The files of the form of COCO that a path names, itself or in the folders where they are usual; relative to the folder. */
async function exportsIn(folder: SourceFolder, all: boolean): Promise<string[]> {
  const { path } = folder;
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return /\.json$/i.test(path) && (await looksLikeCoco(path)) ? [basename(path)] : [];
  const files: string[] = [];
  for (const name of await folder.likelyFiles((each) => /\.json$/i.test(each))) {
    const beside = new Set((await folder.entries(dirname(name).replace(/^\.$/, ''))).files);
    if (isSidecar(basename(name), beside) || !(await looksLikeCoco(join(path, name)))) continue;
    files.push(name);
    if (!all) return files;
  }
  return files;
}

export const isCocoExport = async (folder: SourceFolder): Promise<boolean> =>
  (await exportsIn(folder, false)).length > 0;

/** How an export is read. */
export interface CocoExportOptions {
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * Pictures with annotations in the form of COCO under any file name, as Label Studio, CVAT and Roboflow export them, and as
 * iNaturalist is published: objects with boxes or regions, categories of whole pictures, captions. Pictures are found by their
 * names, whatever folders the annotations put before them; those whose file is not here are counted.
 * @throws NeurodexError source-missing, source-damaged, source-unusable (two files that describe the same pictures), source-empty
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { openCocoExport } from '@neurodex/datasets';
 *
 * const images = [{ id: 1, file_name: 'upload/cat/1.png', width: 32, height: 32 }];
 * const annotations = [{ id: 1, image_id: 1, category_id: 0, bbox: [4, 4, 20, 20] }];
 * writeFileSync('photos/result.json', JSON.stringify({ images, annotations, categories: [{ id: 0, name: 'tabby' }] }));
 * const { pictures } = await openCocoExport('photos');
 * console.log(pictures[0]?.path, pictures[0]?.labels.join()); // → cat/1.png tabby
 * ```
 */
export async function openCocoExport(path: string, options: CocoExportOptions = {}): Promise<Dataset> {
  const at = resolve(path);
  const isFile = (await stat(at).catch(() => undefined))?.isFile() === true;
  const root = isFile ? await pictureRoot(at) : at;
  const names = isFile
    ? [at.slice(root.length + 1).replaceAll('\\', '/')]
    : await exportsIn(new SourceFolder(at), true);
  const { files, skipped } = await listPictures(root);
  const index = new FileIndex(files);
  const joined = new JoinedPictures();
  const describedBy = new Map<string, string>();
  for (const name of names) {
    const file = await readAnnotations(join(root, name), { ...options, foreign: true });
    // Of several, one of another form (panoptic) spoils nothing.
    if (names.length === 1) refuseUseless(join(root, name), file);
    else if (file.useless !== undefined)
      joined.fault(name, 'annotations', `none can be used: ${file.useless.reasons}`, 'annotations: none can be used');
    const categories = await taxonomyBeside(join(root, name));
    for (const { path: picture, id, facts } of picturesOf(name, file, categories, index, joined)) {
      refuseTwice(at, name, picture, facts, describedBy);
      joined.add(name, `picture ${id}`, picture, facts);
    }
    for (const { reason } of file.skipped) joined.note(name, reason);
  }
  return joined.dataset({
    name: 'coco-export',
    source: at,
    root,
    files,
    by: listed(names, 2),
    tables: names.map((name) => join(root, name)),
    skipped: skipped.filter((each) => !names.includes(each.path)),
    layout: [],
  });
}

/** The pictures of annotations that are named as SOURCE: beside them, or, of `annotations/x.json`, one folder up. */
async function pictureRoot(at: string): Promise<string> {
  const beside = dirname(at);
  return /^annotations?$/i.test(basename(beside)) ? dirname(beside) : beside;
}

interface DescribedPicture {
  readonly path: string;
  readonly id: number;
  readonly facts: PictureFacts;
}

function* picturesOf(
  name: string,
  file: CocoFile,
  categories: ReadonlyMap<string, string>,
  index: FileIndex,
  joined: JoinedPictures,
): Generator<DescribedPicture> {
  const at = name.lastIndexOf('/');
  const stem = basename(name, extname(name));
  const place: Place = { folder: name.slice(0, Math.max(0, at)), part: splitAndStem(stem)?.part };
  const called = (category: string): string => categories.get(category) ?? category;
  for (const { id, file: picture, width, height } of file.images.values()) {
    const found = index.find(picture, place);
    if ('reason' in found) {
      joined.fault(name, `picture ${id}`, found.reason, `images: ${found.group}`);
      continue;
    }
    const objects = (file.objects.get(id) ?? []).map(({ category, box, area, crowd }) => ({
      category: called(category),
      box,
      area,
      crowd,
    }));
    const labels = [
      ...categoriesByArea(objects).map(({ category }) => category),
      ...(file.labels.get(id) ?? []).map(called),
    ];
    const facts: PictureFacts = {
      labels: [...new Set(labels)],
      captions: file.captions.get(id) ?? [],
      ...(file.objects.size > 0 ? { objects } : {}),
      ...(width === undefined || height === undefined ? {} : { dimensions: { width, height } }),
    };
    yield { path: found.path, id, facts };
  }
}

/** Two files may describe a picture in different ways, one by objects and one by captions, but not twice in the same. */
function refuseTwice(
  source: string,
  name: string,
  picture: string,
  { labels }: PictureFacts,
  describedBy: Map<string, string>,
): void {
  if (labels.length === 0) return;
  const other = describedBy.get(picture);
  if (other !== undefined && other !== name) {
    throw new NeurodexError('source-unusable', `${listed([other, name])} in ${source} both annotate ${picture}`, {
      hint: 'name the file to read as SOURCE, or move the other elsewhere',
      details: { source, files: [other, name], picture },
    });
  }
  describedBy.set(picture, name);
}

/**
 * iNaturalist 2018 hides the names of its categories behind numbers, and gives them in `categories.json`: a list of {id, name}.
 * @returns names by number, as text
 */
async function taxonomyBeside(annotations: string): Promise<ReadonlyMap<string, string>> {
  const rows = await readJson(join(dirname(annotations), 'categories.json')).catch(() => undefined);
  if (!Array.isArray(rows)) return new Map();
  return new Map(
    rows.flatMap((row) => (isRecord(row) && typeof row.name === 'string' ? [[String(row.id), row.name] as const] : [])),
  );
}
