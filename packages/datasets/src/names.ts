/** What a command line needs before it does anything: loads no decoder of pictures, and runs where there is none. */

export { cacheFolder } from './datasets/cache.ts';
export { COCO_SPLITS, COCO_YEARS, type CocoSplit, type CocoYear } from './datasets/coco/options.ts';
export { ROLES, type Role } from './datasets/dataset.ts';
export { DATASET_FLAGS, type DatasetFlag } from './datasets/flags.ts';
export { LABEL_SOURCES, type LabelSource } from './datasets/folder/label-sources.ts';
export { DEFAULT_CONCEPTS } from './datasets/request.ts';
export { type SkippedKind, skippedKinds } from './datasets/skipped.ts';
