import { join } from 'node:path';
import { NeurodexError } from '../../errors.ts';
import { readPictureFile } from '../../image/decode.ts';
import { silentReporter } from '../../progress.ts';
import type { Dataset, LicenceNotice, SourcePicture } from '../dataset.ts';
import { localInputs } from '../inputs.ts';
import { type CocoImage, type CocoObject, readAnnotations } from './annotations.ts';
import { locateAnnotations } from './locate.ts';
import { type CocoOptions, type CocoSplit, type CocoYear, cocoServer } from './options.ts';

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
 */
export async function openCoco(options: CocoOptions): Promise<Dataset> {
  const { year, split, source, reporter = silentReporter, signal } = options;
  const located = await locateAnnotations(options);
  const reading = { reporter, ...(signal === undefined ? {} : { signal }) };
  const instances = await readAnnotations(located.instances, reading);
  const captions = located.captions === undefined ? undefined : await readAnnotations(located.captions, reading);
  const read = pictureReader(options, located.pictures);

  const pictures = [...instances.images.values()].map((image): SourcePicture => {
    const objects = instances.objects.get(image.id) ?? [];
    return {
      path: image.file,
      labels: categoriesByArea(objects).map(({ category }) => category),
      objects: objects.map(({ category, box, area, crowd }) => ({ category, box, area, crowd })),
      dimensions: { width: image.width, height: image.height },
      ...(captions === undefined ? {} : { captions: captions.captions.get(image.id) ?? [] }),
      read: () => read(image),
    };
  });
  if (pictures.length === 0) {
    throw new NeurodexError('source-empty', `${located.instances} lists no pictures that make sense`, {
      hint: 'copy, download or unpack the file again',
      details: { path: located.instances },
    });
  }
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  const twice = pictures.find(({ path }, i) => path === pictures[i - 1]?.path);
  if (twice !== undefined) {
    throw new NeurodexError('source-damaged', `${located.instances} lists the picture ${twice.path} twice`, {
      hint: 'copy, download or unpack the file again',
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
    skipped: [...instances.skipped, ...(captions?.skipped ?? [])],
    inputs: async (reading) => [
      ...(await localInputs(files, undefined, reading)),
      ...(folder === undefined
        ? []
        : await localInputs(
            pictures.map(({ path }) => join(folder, path)),
            folder,
            reading,
          )),
    ],
  };
}

export interface CategoryArea {
  readonly category: string;
  /** Sum over its objects, in pixels. */
  readonly area: number;
  readonly count: number;
}

/** The categories of a picture's objects, the largest sum of areas first; of equal ones, the one that comes first. */
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

/** Reads one picture: from the folder where there is one, else from the server. */
function pictureReader(
  { downloads, environment }: CocoOptions,
  folder: string | undefined,
): (image: CocoImage) => Promise<Uint8Array> {
  if (folder !== undefined) {
    return ({ file }) => readPictureFile(join(folder, file), file);
  }
  const server = cocoServer(environment);
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
    return readPictureFile(await downloads().file({ url: at, name: file }), file);
  };
}
