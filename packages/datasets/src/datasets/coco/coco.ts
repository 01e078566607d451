import { basename, join, sep } from 'node:path';
import { type ErrorCode, NeurodexError, silentReporter } from '@neurodex/core';
import type { Downloads } from '../../download/downloads.ts';
import type { RemoteFile } from '../../download/remote-file.ts';
import { readPictureFile } from '../../image/decode.ts';
import type { Dataset, LicenceNotice, SkippedFile, SourcePicture } from '../dataset.ts';
import { localInputs } from '../inputs.ts';
import { type CocoFile, type CocoImage, type CocoObject, readAnnotations, refuseUseless } from './annotations.ts';
import { type CocoFiles, locateAnnotations } from './locate.ts';
import { type CocoOptions, type CocoSplit, type CocoYear, cocoHosts, cocoServer } from './options.ts';
import { kindOf } from './parts.ts';

const notice = (year: CocoYear, split: CocoSplit): LicenceNotice => ({
  work: `MS COCO ${year} ${split}`,
  author: 'Tsung-Yi Lin et al. (annotations), the photographers of Flickr (pictures)',
  licence: 'annotations CC-BY-4.0; each picture under the Creative Commons licence that its owner chose',
  url: 'https://cocodataset.org/#termsofuse',
});

/**
 * MS COCO (Lin et al. 2014, arXiv:1405.0312): pictures with captions and objects. A picture's labels are the categories
 * of its objects, by the area that they cover, largest first. Pictures come from the local copy or, where it has no
 * folder of them, one by one from the server, through the cache.
 * @throws NeurodexError `source-missing`, `source-damaged`, `source-unusable`, `source-empty`, and those of downloads
 * @example
 * ```ts
 * import { openCoco } from '@neurodex/datasets';
 * import { createDownloads } from '@neurodex/datasets/download';
 *
 * const { pictures } = await openCoco({
 *   year: '2014',
 *   split: 'val',
 *   from: 'coco2014', // a local copy; without it, all is fetched
 *   source: 'coco',
 *   cache: 'cache',
 *   environment: process.env,
 *   downloads: () => createDownloads({ cache: 'cache' }),
 * });
 * const [first] = pictures;
 * console.log(pictures.length, first?.path, first?.labels); // → 14 COCO_val2014_000000001000.jpg [ 'bicycle', 'cat' ]
 * ```
 */
export async function openCoco(options: CocoOptions): Promise<Dataset> {
  const { year, split, source, reporter = silentReporter, signal } = options;
  const located = await locateAnnotations(options);
  const reading = { reporter, ...(signal === undefined ? {} : { signal }) };
  const instances = await readAnnotations(located.instances, reading);
  const captions =
    located.captions === undefined
      ? undefined
      : await readAnnotations(located.captions, { ...reading, holds: 'captions' });
  refuseUseless(located.instances, instances);
  if (located.captions !== undefined && captions !== undefined) refuseUseless(located.captions, captions);
  const { said, strays } = captionsOf(instances, captions, located);
  const read = pictureReader(options, located.pictures);

  const pictures = [...instances.images.values()].map((image): SourcePicture => {
    const objects = instances.objects.get(image.id) ?? [];
    const { width, height } = image;
    return {
      path: image.file,
      labels: categoriesByArea(objects).map(({ category }) => category),
      objects: objects.map(({ category, box, area, crowd }) => ({ category, box, area, crowd })),
      ...(width === undefined || height === undefined ? {} : { dimensions: { width, height } }),
      ...(said === undefined ? {} : { captions: said.get(image.id) ?? [] }),
      read: () => read(image),
    };
  });
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  const twice = pictures.find(({ path }, i) => path === pictures[i - 1]?.path);
  if (twice !== undefined) {
    throw new NeurodexError('source-unusable', `${located.instances} lists the picture ${twice.path} twice`, {
      hint: 'list each picture once, with one number, in "images"',
      details: { path: located.instances, picture: twice.path },
    });
  }
  const files = [located.instances, ...(located.captions === undefined ? [] : [located.captions])];
  const folder = located.pictures;
  return {
    name: 'coco',
    source,
    pictures,
    notices: [notice(year, split)],
    ...(folder === undefined ? { remote: true } : {}),
    skipped: [...instances.skipped, ...(captions?.skipped ?? []), ...strays],
    inputs: async (reading) => {
      const own = await localInputs(files, undefined, reading);
      if (folder === undefined) return own;
      const places = await Promise.all(pictures.map(({ path }) => placeOf(folder, path)));
      return [...own, ...(await localInputs(places, folder, reading))];
    },
  };
}

/** The captions of each picture, of both files; and those that belong to none. Undefined where there are none at all. */
function captionsOf(
  instances: CocoFile,
  captions: CocoFile | undefined,
  located: CocoFiles,
): { said: ReadonlyMap<number, readonly string[]> | undefined; strays: SkippedFile[] } {
  if (captions === undefined) return { said: instances.captions.size > 0 ? instances.captions : undefined, strays: [] };
  const said = new Map(instances.captions);
  const path = basename(located.captions ?? '');
  const other = basename(located.instances);
  let unknown = 0;
  const renamed: string[] = [];
  for (const [id, sentences] of captions.captions) {
    const image = instances.images.get(id);
    const file = captions.images.get(id)?.file;
    if (image === undefined) unknown++;
    else if (image.file !== file) renamed.push(`picture ${id} is ${file}, and in ${other} it is ${image.file}`);
    else said.set(id, [...(said.get(id) ?? []), ...sentences]);
  }
  if (said.size === 0 && captions.captions.size > 0) {
    const reason = renamed[0] ?? `its pictures are not in ${other}`;
    throw new NeurodexError('source-unusable', `${located.captions} does not belong to ${other}: ${reason}`, {
      hint: 'put the two files of one part of COCO side by side, or take the captions away',
      details: { path: located.captions ?? '' },
    });
  }
  const rest = (n: number): string => (n === 1 ? 'captions of 1 picture' : `captions of ${n} pictures`);
  return {
    said,
    strays: [
      ...(unknown > 0 ? [{ path, reason: `${rest(unknown)} that ${other} does not list` }] : []),
      ...(renamed.length > 0
        ? [{ path, reason: `${rest(renamed.length)} with another file, the first: ${renamed[0]}` }]
        : []),
    ],
  };
}

/** How much of a picture a category covers. */
export interface CategoryArea {
  /** Its name. */
  readonly category: string;
  /** Sum over its objects, in pixels. */
  readonly area: number;
  /** Of its objects. */
  readonly count: number;
}

/**
 * The categories of a picture's objects, the largest sum of areas first; of equal ones, the one that comes first.
 * @example
 * ```ts
 * import { categoriesByArea } from '@neurodex/datasets';
 *
 * const objects = [
 *   { category: 'cat', area: 30 },
 *   { category: 'dog', area: 40 },
 *   { category: 'cat', area: 20 },
 * ];
 * for (const { category, area, count } of categoriesByArea(objects)) console.log(category, area, count);
 * // → cat 50 2
 * // → dog 40 1
 * ```
 */
export function categoriesByArea(objects: readonly Pick<CocoObject, 'category' | 'area'>[]): CategoryArea[] {
  const sums = new Map<string, { category: string; area: number; count: number }>();
  for (const { category, area } of objects) {
    const sum = sums.get(category) ?? { category, area: 0, count: 0 };
    sum.area += area;
    sum.count++;
    sums.set(category, sum);
  }
  return [...sums.values()].sort((a, b) => b.area - a.area);
}

/** Bytes: those of COCO have a fifth of a million. */
const LARGEST_PICTURE = 1 << 28;
/** Some files name the folder of the pictures once more: `val2014/a.jpg`, in `val2014`. */
async function placeOf(folder: string, file: string): Promise<string> {
  const place = join(folder, file);
  const parts = file.split('/');
  const ends = parts.slice(1).map((_, i) => parts.slice(0, i + 1));
  const named = ends.find((names) => folder.endsWith(sep + names.join(sep)));
  if (named === undefined || (await kindOf(place)) === 'file') return place;
  return join(folder, ...parts.slice(named.length));
}

/** Reads one picture: from the folder where there is one, else from the server. */
function pictureReader(
  { downloads, environment }: CocoOptions,
  folder: string | undefined,
): (image: CocoImage) => Promise<Uint8Array> {
  if (folder !== undefined) {
    return async ({ file }) => readPictureFile(await placeOf(folder, file), file);
  }
  const server = cocoServer(environment);
  const hosts = cocoHosts(environment);
  return async ({ file, url }) => {
    if (url === undefined) {
      throw new NeurodexError(
        'picture-missing',
        `${file} is not here, and the annotation file has no coco_url for it`,
        {
          hint: 'put the pictures beside the annotations, in the folder that COCO gives them (val2014 …)',
          details: { name: file },
        },
      );
    }
    const at = url.replace(/^https?:\/\/images\.cocodataset\.org(?=\/)/, server);
    const remote = { url: at, name: file, hosts, atMost: LARGEST_PICTURE };
    return await readPictureFile(await fetched(downloads(), remote), file);
  };
}

/** What is wrong with one picture on a server; anything else concerns all of them. */
const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set(['download-failed', 'download-changed', 'access-denied']);

/** @returns the path in the cache. @throws NeurodexError `picture-unavailable`, and those of the cache's disk */
async function fetched(downloads: Downloads, remote: RemoteFile): Promise<string> {
  if (!URL.canParse(remote.url)) {
    throw new NeurodexError('picture-unavailable', `${remote.name} cannot be downloaded: its coco_url is no address`);
  }
  try {
    return await downloads.file(remote);
  } catch (error) {
    if (!(error instanceof NeurodexError && UNAVAILABLE.has(error.code))) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new NeurodexError('picture-unavailable', error.message, { ...hint, details: error.details, cause: error });
  }
}
