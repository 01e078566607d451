import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { cocoPartsIn } from './coco/parts.ts';
import { DATASET_NAMES, type DatasetDeclaration, type DatasetName } from './declaration.ts';
import { findWnidFolders, isImagenette } from './imagenet/find.ts';
import type { ColumnFlags } from './label-columns.ts';
import { DEFAULT_CONCEPTS, type OpenDatasetRequest } from './request.ts';
import { SourceFolder } from './tables/find.ts';

const kindOf = async (path: string): Promise<'file' | 'folder' | undefined> => {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? 'folder' : found?.isFile() ? 'file' : undefined;
};
const columnsOf = ({ labelColumn, pictureColumn }: ColumnFlags): ColumnFlags => ({
  ...(labelColumn === undefined ? {} : { labelColumn }),
  ...(pictureColumn === undefined ? {} : { pictureColumn }),
});
const signalOf = ({ signal }: Pick<OpenDatasetRequest, 'signal'>) => (signal === undefined ? {} : { signal });
const watchOf = ({ reporter, signal }: Pick<OpenDatasetRequest, 'reporter' | 'signal'>) => ({
  reporter,
  ...(signal === undefined ? {} : { signal }),
});

/**
 * Every data set. A SOURCE that is a path is the first of these that recognises it; modules are loaded when they are
 * opened.
 */
export const DATASETS: { readonly [Name in DatasetName]: DatasetDeclaration } = {
  coco: {
    summary: 'MS COCO: photographs with captions and objects of 80 categories',
    named: true,
    forms: [
      'a folder as COCO unpacks: annotations/instances_val2014.json, captions_val2014.json, pictures in val2014/',
      'annotations_trainval2014.zip, or one of its JSON files; the pictures are then downloaded one by one',
      'download from images.cocodataset.org (COCO_ENDPOINT names another server)',
    ],
    licence: 'annotations CC-BY-4.0; each picture under the Creative Commons licence of its owner',
    flags: ['from', 'cocoYear', 'cocoSplit'],
    modelSize: 'patches',
    recognise: async (path) => (await cocoPartsIn(path)).length > 0,
    open: async (request) => {
      const { openCoco } = await import('./coco/coco.ts');
      const parts = request.from === undefined ? [] : await cocoPartsIn(request.from);
      const fits = parts.filter(
        ({ year, split }) => year === (request.cocoYear ?? year) && split === (request.cocoSplit ?? split),
      );
      // The notebook's part, where the copy does not settle it.
      const chosen = fits.find(({ year, split }) => year === '2014' && split === 'val') ?? fits[0];
      return await openCoco({
        ...request,
        year: request.cocoYear ?? chosen?.year ?? '2014',
        split: request.cocoSplit ?? chosen?.split ?? 'val',
      });
    },
  },
  'tiny-imagenet': {
    summary: 'ImageNet in 64 × 64 pixels, 200 classes of 500',
    named: true,
    forms: [
      'tiny-imagenet-200.zip, or the folder it unpacks to: wnids.txt, words.txt, train/<wnid>/images/*.JPEG',
      'download of zh-plus/tiny-imagenet from the Hugging Face hub, as Parquet (HF_ENDPOINT names another hub)',
    ],
    licence: 'for research and education, under the terms of ImageNet',
    flags: ['from'],
    modelSize: 64,
    recognise: async (path) => (await findWnidFolders(path))?.tiny === true,
    open: async (request) => {
      const { openTinyImagenet } = await import('./imagenet/imagenet.ts');
      return await openTinyImagenet(request);
    },
  },
  imagenette: {
    summary: 'ten easy classes of ImageNet, shorter edge 160 pixels',
    named: true,
    forms: [
      'imagenette2-160.tgz (also -320 and full size), or the folder it unpacks to: train/<wnid>/*.JPEG',
      'download of frgfm/imagenette (160px) from the Hugging Face hub, as Parquet (HF_ENDPOINT names another hub)',
    ],
    licence: 'Apache-2.0 (the selection); the pictures under the terms of ImageNet',
    flags: ['from'],
    modelSize: 160,
    recognise: async (path) => isImagenette((await findWnidFolders(path))?.wnids ?? []),
    open: async (request) => {
      const { openImagenette } = await import('./imagenet/imagenet.ts');
      return await openImagenette(request);
    },
  },
  imagenet: {
    summary: 'ImageNet-1k (ILSVRC 2012): 1.28 million photographs, 1,000 classes',
    named: true,
    forms: [
      'a folder train/<wnid>/*.JPEG, as the archives of ILSVRC 2012 or of Kaggle unpack',
      'download of ILSVRC/imagenet-1k from the Hugging Face hub, as Parquet: gated, needs HF_TOKEN',
    ],
    licence: 'for research and education, under the terms of ImageNet (https://image-net.org/download)',
    flags: ['from'],
    modelSize: 'patches',
    recognise: async (path) => (await findWnidFolders(path)) !== undefined,
    open: async (request) => {
      const { openImagenet } = await import('./imagenet/imagenet.ts');
      return await openImagenet(request);
    },
  },
  'fashion-mnist': {
    summary: 'Fashion-MNIST: 60,000 pictures of clothes in 28 × 28 grey pixels, 10 classes',
    named: true,
    forms: [
      'a folder with train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz',
      "Debian's package dataset-fashion-mnist (/usr/share/datasets/fashion-mnist)",
      'download from Zalando (FASHION_MNIST_ENDPOINT names another server)',
    ],
    licence: 'MIT',
    flags: ['from'],
    // A folder of IDX files says nothing of clothes, unless it is called so.
    recognise: async (path) =>
      /fashion/i.test(basename(path)) && (await kindOf(join(path, 'train-images-idx3-ubyte.gz'))) === 'file',
    open: async (request) => {
      const { openFashionMnist } = await import('./idx/fashion-mnist.ts');
      return await openFashionMnist(request);
    },
  },
  emoji: {
    summary: 'the demo: the same concepts drawn by several artists',
    named: true,
    forms: ['npm packages in the format of Iconify, fetched once'],
    licence: 'Apache-2.0, CC-BY-4.0, CC-BY-SA-4.0 or MIT, by artist',
    flags: ['concepts'],
    recognise: () => Promise.resolve(false),
    open: async (request) => {
      const { openEmoji } = await import('./emoji/emoji.ts');
      const { concepts = DEFAULT_CONCEPTS, seed, reporter } = request;
      return await openEmoji({ concepts, seed, reporter, ...signalOf(request) });
    },
  },
  idx: {
    summary: 'a pair of IDX files, as MNIST and its kin are published',
    named: false,
    forms: [
      '…-images-idx3-ubyte (idx4 for colour), gzipped or not, with …-labels-idx1-ubyte beside it',
      'a folder with train-images-idx3-ubyte and train-labels-idx1-ubyte',
    ],
    licence: 'your own',
    flags: [],
    recognise: async (path) => {
      const { findIdxImages } = await import('./idx/idx.ts');
      return (await findIdxImages(path)) !== undefined;
    },
    open: async ({ source, from = source }) => {
      const { findIdxImages, openIdx } = await import('./idx/idx.ts');
      return await openIdx({ images: (await findIdxImages(from)) ?? from });
    },
  },
  'open-images': {
    summary: 'Open Images: the pictures that you have, with the classes that people verified',
    named: false,
    forms: [
      'a folder with class-descriptions.csv and …-annotations-human-imagelabels.csv or …-annotations-bbox.csv, and pictures <id>.jpg below it',
    ],
    licence: 'annotations CC-BY-4.0; pictures listed as CC-BY-2.0',
    flags: [],
    recognise: async (_, folder) => {
      const { isOpenImages } = await import('./open-images/open-images.ts');
      return await isOpenImages(folder);
    },
    open: async ({ source, from = source, ...request }) => {
      const { openOpenImages } = await import('./open-images/open-images.ts');
      return await openOpenImages(from, watchOf(request));
    },
  },
  'coco-export': {
    summary: 'annotations in the form of COCO under any name: Label Studio, CVAT, Roboflow, iNaturalist',
    named: false,
    forms: [
      'FILE.json with images, annotations and categories, or a folder with such files (result.json, annotations/instances_default.json) and pictures',
      'Roboflow: train/_annotations.coco.json, valid/, test/',
      'iNaturalist 2017 to 2021: train2019.json and train_val2019/, categories of whole pictures',
    ],
    licence: 'your own, or that of the publisher',
    flags: [],
    recognise: async (_, folder) => {
      const { isCocoExport } = await import('./coco/exports.ts');
      return await isCocoExport(folder);
    },
    open: async ({ source, from = source, ...request }) => {
      const { openCocoExport } = await import('./coco/exports.ts');
      return await openCocoExport(from, watchOf(request));
    },
  },
  imagefolder: {
    summary: 'pictures with metadata, as the imagefolder of Hugging Face has them',
    named: false,
    forms: [
      'a folder with metadata.jsonl, metadata.csv or metadata.parquet (also in train/, test/ …): file_name, label, text',
    ],
    licence: 'your own',
    flags: ['classLevel', 'labelColumn', 'pictureColumn'],
    recognise: async (_, folder) => {
      const { isImageFolder } = await import('./tables/imagefolder.ts');
      return await isImageFolder(folder);
    },
    open: async ({ source, from = source, classLevel, ...request }) => {
      const { openImageFolder } = await import('./tables/imagefolder.ts');
      const level = classLevel === undefined ? {} : { classLevel };
      return await openImageFolder(from, { ...watchOf(request), ...columnsOf(request), ...level });
    },
  },
  webdataset: {
    summary: 'tar shards in the form of WebDataset',
    named: false,
    forms: [
      'FILE.tar, a folder of them, or a pattern such as data-{000000..000010}.tar: pictures with cls, txt and json under the same names',
    ],
    licence: 'your own',
    flags: [],
    recognise: async (_, folder) => {
      const { isWebDataset } = await import('./webdataset/shards.ts');
      return await isWebDataset(folder);
    },
    open: async ({ source, from = source, ...request }) => {
      const { openWebDataset } = await import('./webdataset/webdataset.ts');
      return await openWebDataset(from, watchOf(request));
    },
  },
  img2dataset: {
    summary: 'what img2dataset downloads as files',
    named: false,
    forms: ['00000/000000000.jpg with .txt and .json beside it, 00000_stats.json, 00000.parquet'],
    licence: 'that of each picture',
    flags: [],
    recognise: async (_, folder) => {
      const { isImg2dataset } = await import('./folder/img2dataset.ts');
      return await isImg2dataset(folder);
    },
    open: async ({ source, from = source, ...request }) => {
      const { openImg2dataset } = await import('./folder/img2dataset.ts');
      return await openImg2dataset(from, watchOf(request));
    },
  },
  parquet: {
    summary: 'Parquet in the shape of the Hugging Face hub',
    named: false,
    forms: ['FILE.parquet, or a folder of them: `image` (struct of bytes and path), `label` or `labels`, `captions`'],
    licence: 'your own',
    flags: ['labelColumn', 'pictureColumn'],
    recognise: async (path) => {
      const { isParquet } = await import('./parquet/source.ts');
      return await isParquet(path);
    },
    open: async (request) => {
      const { openParquetSource } = await import('./parquet/source.ts');
      return await openParquetSource(request);
    },
  },
  jsonl: {
    summary: 'JSON lines that name picture files',
    named: false,
    forms: ['FILE.jsonl: {"picture": "a.jpg", "label": "cat"} or "labels", and "captions"; paths relative to the file'],
    licence: 'your own',
    flags: ['labelColumn', 'pictureColumn'],
    recognise: async (path) => /^\.(jsonl|ndjson)$/i.test(extname(path)) && (await kindOf(path)) === 'file',
    open: async (request) => {
      const { openJsonl } = await import('./jsonl/jsonl.ts');
      const { source, from = source, reporter } = request;
      return await openJsonl(from, { reporter, ...signalOf(request), ...columnsOf(request) });
    },
  },
  csv: {
    summary: 'a table that names picture files, and their labels or captions',
    named: false,
    forms: [
      'FILE.csv or FILE.tsv, or a folder with one: a column of paths, file names or ids, and label, class, caption …',
      'Kaggle: train.csv with id and label, and train/<id>.jpg',
      'Roboflow: train/_classes.csv, with a column of 0 and 1 for each class',
    ],
    licence: 'your own',
    flags: ['classLevel', 'labelColumn', 'pictureColumn'],
    recognise: async (_, folder) => {
      const { isTableSource } = await import('./tables/table-source.ts');
      return await isTableSource(folder);
    },
    open: async ({ source, from = source, classLevel, ...request }) => {
      const { openTableSource } = await import('./tables/table-source.ts');
      const level = classLevel === undefined ? {} : { classLevel };
      return await openTableSource(from, { ...watchOf(request), ...columnsOf(request), ...level });
    },
  },
  folder: {
    summary: 'a folder of pictures',
    named: false,
    forms: [
      '<class>/<picture>, also below folders of splits (train, test …) and folders around everything',
      'pictures without classes',
      'the folders catalogue, train, validation and test, which fix the roles',
      'files beside pictures give captions: a.jpg.json (gallery-dl), a.supplemental-metadata.json (Google Takeout), a.info.json (yt-dlp), a.txt',
    ],
    licence: 'your own',
    flags: ['classLevel'],
    recognise: async (path) => (await kindOf(path)) === 'folder',
    open: async ({ source, from = source, classLevel, labels, ...request }) => {
      const { openFolder } = await import('./folder/folder.ts');
      return await openFolder(from, {
        ...watchOf(request),
        ...(classLevel === undefined ? {} : { classLevel }),
        ...(labels === undefined ? {} : { labels }),
      });
    },
  },
};

/**
 * A data set by its name.
 * @example
 * ```ts
 * import { declarationOf } from '@neurodex/datasets';
 *
 * console.log(declarationOf('folder').summary); // → a folder of pictures
 * ```
 */
export const declarationOf = (name: DatasetName): DatasetDeclaration => DATASETS[name];

/**
 * Whether a word is the name of a data set that can be asked for by it.
 * @example
 * ```ts
 * import { isNamedDataset } from '@neurodex/datasets';
 *
 * console.log(isNamedDataset('emoji'), isNamedDataset('photos')); // → true false
 * ```
 */
export const isNamedDataset = (word: string): word is DatasetName =>
  DATASET_NAMES.some((name) => name === word && DATASETS[name].named);

/**
 * The data set that a path holds, by its layout; undefined for what is none.
 * @example
 * ```ts
 * import { recogniseDataset } from '@neurodex/datasets';
 *
 * console.log(await recogniseDataset('photos')); // → folder
 * ```
 */
export async function recogniseDataset(path: string): Promise<DatasetName | undefined> {
  const folder = new SourceFolder(path);
  for (const name of Object.keys(DATASETS) as DatasetName[]) {
    if (await declarationOf(name).recognise(path, folder)) return name;
  }
  return undefined;
}
