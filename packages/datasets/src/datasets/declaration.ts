import type { Dataset } from './dataset.ts';
import type { DatasetFlag } from './flags.ts';
import type { OpenDatasetRequest } from './request.ts';
import type { SourceFolder } from './tables/find.ts';

/** The data sets that a word names, then the forms that your own pictures may have. */
export const DATASET_NAMES = [
  'coco',
  'imagenet',
  'imagenette',
  'tiny-imagenet',
  'fashion-mnist',
  'emoji',
  'idx',
  'open-images',
  'coco-export',
  'imagefolder',
  'webdataset',
  'img2dataset',
  'parquet',
  'jsonl',
  'csv',
  'folder',
] as const;

/** A data set, or a form of pictures. */
export type DatasetName = (typeof DATASET_NAMES)[number];

/** What is known of a data set before it is opened. */
export interface DatasetDeclaration {
  /** One line for a list. */
  readonly summary: string;
  /** SOURCE may be its name; else it is a form that is recognised by its files. */
  readonly named: boolean;
  /** The layouts that are read, and where it is downloaded from. */
  readonly forms: readonly string[];
  /** Under which terms the pictures are used. */
  readonly licence: string;
  /** Flags that go with it. */
  readonly flags: readonly DatasetFlag[];
  /** Edge of the picture that the model sees under `dataset.patchesPerDimension`: 'patches', or the owner's size. */
  readonly modelSize?: number | 'patches';
  /**
   * Whether a file or folder is laid out in its way.
   * @param folder the same path, whose entries are listed once for all that are asked
   */
  recognise(path: string, folder: SourceFolder): Promise<boolean>;
  /** Lists its pictures. */
  open(request: OpenDatasetRequest): Promise<Dataset>;
}
