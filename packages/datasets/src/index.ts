export { Availability } from './datasets/availability.ts';
export { cacheFolder } from './datasets/cache.ts';
export type { ClassChoice } from './datasets/classes.ts';
export { classesOf, largestClasses } from './datasets/classes.ts';
export type { CocoFile, CocoObject, ReadAnnotationsOptions } from './datasets/coco/annotations.ts';
export { readAnnotations } from './datasets/coco/annotations.ts';
export type { CategoryArea } from './datasets/coco/coco.ts';
export { categoriesByArea, openCoco } from './datasets/coco/coco.ts';
export { type CocoExportOptions, openCocoExport } from './datasets/coco/exports.ts';
export type { JsonRow } from './datasets/coco/json-rows.ts';
export { jsonRows } from './datasets/coco/json-rows.ts';
export { regionArea } from './datasets/coco/mask.ts';
export type { CocoOptions } from './datasets/coco/options.ts';
export { COCO_SPLITS, COCO_YEARS, type CocoSplit, type CocoYear } from './datasets/coco/options.ts';
export type { CocoImage } from './datasets/coco/rows.ts';
export type { InputFile, LayoutNote } from './datasets/dataset.ts';
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
export { DATASET_NAMES, type DatasetDeclaration, type DatasetName } from './datasets/declaration.ts';
export type { TestArtist } from './datasets/emoji/artists.ts';
export { TEST_ARTISTS } from './datasets/emoji/artists.ts';
export { type EmojiOptions, openEmoji } from './datasets/emoji/emoji.ts';
export type { PinnedPackage } from './datasets/emoji/npm-package.ts';
export { DATASET_FLAGS, type DatasetFlag } from './datasets/flags.ts';
export type { FolderOptions } from './datasets/folder/folder.ts';
export { openFolder } from './datasets/folder/folder.ts';
export { LABEL_SOURCES, type LabelSource } from './datasets/folder/label-sources.ts';
export { sidecarsBeside } from './datasets/folder/xmp-sidecars.ts';
export { DEBIAN_FOLDER, FASHION_MNIST_CLASSES, openFashionMnist } from './datasets/idx/fashion-mnist.ts';
export type { IdxOptions } from './datasets/idx/idx.ts';
export { openIdx } from './datasets/idx/idx.ts';
export type { JsonLinesOptions } from './datasets/jsonl/jsonl.ts';
export { openJsonl } from './datasets/jsonl/jsonl.ts';
export type { ColumnFlags } from './datasets/label-columns.ts';
export type { ClassNames } from './datasets/labels.ts';
export { type OpenImagesOptions, openOpenImages } from './datasets/open-images/open-images.ts';
export { ParquetDecoder } from './datasets/parquet/decoder.ts';
export type { ParquetOptions } from './datasets/parquet/parquet.ts';
export { openParquet } from './datasets/parquet/parquet.ts';
export type { ParquetRow } from './datasets/parquet/served-job.ts';
export type { DecodeJob } from './datasets/parquet/worker.ts';
export {
  DATASETS,
  declarationOf,
  isNamedDataset,
  recogniseDataset,
} from './datasets/registry.ts';
export { DEFAULT_CONCEPTS, type OpenDatasetRequest } from './datasets/request.ts';
export type { RulesOptions } from './datasets/rules.ts';
export { applyRules, type DatasetRules, NO_RULES } from './datasets/rules.ts';
export { reportSkipped, type SkippedKind, skippedKinds } from './datasets/skipped.ts';
export { type CsvRecord, csvRecords, DELIMITERS, type Delimiter } from './datasets/tables/csv.ts';
export { type FolderEntries, SourceFolder } from './datasets/tables/find.ts';
export { type ImageFolderOptions, openImageFolder } from './datasets/tables/imagefolder.ts';
export type { ReadTablesOptions } from './datasets/tables/read-tables.ts';
export { openTableSource, type TableSourceOptions } from './datasets/tables/table-source.ts';
export type { UnpackedOptions } from './datasets/unpacked.ts';
export { isArchive, unpacked } from './datasets/unpacked.ts';
export type { Described, Labelled } from './datasets/warnings.ts';
export { type DatasetWarning, datasetWarnings, layoutOf, reportDataset } from './datasets/warnings.ts';
export { isShardPattern } from './datasets/webdataset/shards.ts';
export { openWebDataset, type WebDatasetOptions } from './datasets/webdataset/webdataset.ts';
export type { PictureMetadata, ReadMetadata } from './metadata/picture-metadata.ts';
export { readMetadata } from './metadata/read-metadata.ts';
