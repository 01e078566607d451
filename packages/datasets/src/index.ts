export { Availability } from './datasets/availability.ts';
export { cacheFolder } from './datasets/cache.ts';
export { classesOf, largestClasses } from './datasets/classes.ts';
export { readAnnotations } from './datasets/coco/annotations.ts';
export { categoriesByArea, openCoco } from './datasets/coco/coco.ts';
export { openCocoExport } from './datasets/coco/exports.ts';
export { jsonRows } from './datasets/coco/json-rows.ts';
export { regionArea } from './datasets/coco/mask.ts';
export { COCO_SPLITS, COCO_YEARS, type CocoSplit, type CocoYear } from './datasets/coco/options.ts';
export {
  type Dataset,
  type DecodedPicture,
  type Dimensions,
  type InputReading,
  type LicenceNotice,
  type PictureObject,
  ROLES,
  type Role,
  type SkippedFile,
  type SourcePicture,
} from './datasets/dataset.ts';
export { type EmojiOptions, openEmoji } from './datasets/emoji/emoji.ts';
export { DATASET_FLAGS, type DatasetFlag } from './datasets/flags.ts';
export { openFolder } from './datasets/folder/folder.ts';
export { DEBIAN_FOLDER, FASHION_MNIST_CLASSES, openFashionMnist } from './datasets/idx/fashion-mnist.ts';
export { openIdx } from './datasets/idx/idx.ts';
export { openJsonl } from './datasets/jsonl/jsonl.ts';
export { openOpenImages } from './datasets/open-images/open-images.ts';
export { ParquetDecoder } from './datasets/parquet/decoder.ts';
export { openParquet } from './datasets/parquet/parquet.ts';
export {
  DATASETS,
  type DatasetDeclaration,
  type DatasetName,
  declarationOf,
  isNamedDataset,
  recogniseDataset,
} from './datasets/registry.ts';
export { DEFAULT_CONCEPTS, type OpenDatasetRequest } from './datasets/request.ts';
export { applyRules, type DatasetRules, NO_RULES } from './datasets/rules.ts';
export { reportSkipped, type SkippedKind, skippedKinds } from './datasets/skipped.ts';
export { csvRecords } from './datasets/tables/csv.ts';
export { openImageFolder } from './datasets/tables/imagefolder.ts';
export { openTableSource } from './datasets/tables/table-source.ts';
export { isArchive, unpacked } from './datasets/unpacked.ts';
export { type DatasetWarning, datasetWarnings, layoutOf, reportDataset } from './datasets/warnings.ts';
export { isShardPattern } from './datasets/webdataset/shards.ts';
export { openWebDataset } from './datasets/webdataset/webdataset.ts';
