/** The library: what the command line does, as functions. */
export type { Catalogue, StoredPicture } from './catalogue/catalogue.ts';
export { checkConfig } from './check-config.ts';
export { type Config, configSchema } from './config.ts';
export type { Dataset, LicenceNotice, PictureObject, Role, SkippedFile, SourcePicture } from './datasets/dataset.ts';
export { openEmoji } from './datasets/emoji.ts';
export { openFolder } from './datasets/folder.ts';
export { openJsonl } from './datasets/jsonl.ts';
export { openParquet } from './datasets/parquet.ts';
export { DATASETS, type DatasetDeclaration, type DatasetName, recogniseDataset } from './datasets/registry.ts';
export type { OpenDatasetRequest } from './datasets/request.ts';
export { applyRules } from './datasets/rules.ts';
export { type ErrorCode, NeurodexError } from './errors.ts';
export type { Comparison } from './evaluation/compare.ts';
export type { Measure } from './evaluation/measure.ts';
export { DEFAULT_MEASURES, parseMeasure } from './evaluation/registry.ts';
export type { RunsComparison } from './evaluation/runs.ts';
export { decodeFile, decodePicture } from './image/decode.ts';
export type { Picture } from './image/picture.ts';
export { type AttentionOptions, type ShownAttention, showAttention } from './jobs/attention.ts';
export { type BuildDatasetOptions, buildDataset, type PreparedSummary } from './jobs/build-dataset.ts';
export {
  type CompareIndexesOptions,
  type CompareRunsOptions,
  type Contest,
  compareIndexes,
  compareRuns,
} from './jobs/compare.ts';
export { type CreateIndexOptions, createIndex, type IndexSummary } from './jobs/create-index.ts';
export { type EvaluateOptions, evaluateIndex } from './jobs/evaluate-index.ts';
export { type EvaluateRunsOptions, judgeRuns } from './jobs/evaluate-runs.ts';
export { type ExportOptions, type ExportSummary, exportIndex } from './jobs/export-index.ts';
export { type IndexFacts, inspectIndex } from './jobs/inspect-index.ts';
export { listRuns, type RunFacts, type RunsFound } from './jobs/list-runs.ts';
export { type OpenedSource, type OpenSourceOptions, openSource } from './jobs/open-source.ts';
export { type ReportOptions, type WrittenReport, writeReport } from './jobs/report.ts';
export { type SearchOptions, type SearchResults, searchIndex } from './jobs/search.ts';
export { PRESETS, type PresetName } from './presets/presets.ts';
export { type ProgressEvent, type Reporter, silentReporter } from './progress.ts';
export type { Answer } from './query/answers.ts';
export type { Query } from './query/query.ts';
export { type Index, openIndex } from './retrieval/open.ts';
export { SYSTEMS, type System, type SystemName } from './retrieval/system.ts';
export { ClientError, type ClientOptions, type NeurodexClient, neurodexClient } from './server/client.ts';
export { DEFAULT_LIMITS, type Limits } from './server/limits.ts';
export { type Served, type ServeOptions, serve } from './server/serve.ts';
export type { TrackedEvent, Tracker } from './tracking/tracker.ts';
export { TRACKER_NAMES, type TrackerName, type TrackingRequest } from './tracking/trackers.ts';
