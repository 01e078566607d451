/** The library: what the command line does, as functions. */

export { type ErrorCode, NeurodexError, type ProgressEvent, type Reporter, silentReporter } from '@neurodex/core';
export type {
  Dataset,
  LicenceNotice,
  OpenDatasetRequest,
  PictureObject,
  Role,
  SkippedFile,
  SourcePicture,
} from '@neurodex/datasets';
export {
  applyRules,
  DATASETS,
  type DatasetDeclaration,
  type DatasetName,
  openEmoji,
  openFolder,
  openJsonl,
  openParquet,
  recogniseDataset,
} from '@neurodex/datasets';
export { decodeFile, decodePicture } from '@neurodex/datasets/image';
export type { Picture } from '@neurodex/datasets/picture';
export type { TrackedEvent, Tracker } from '@neurodex/tracking';
export { TRACKER_NAMES, type TrackerName, type TrackingRequest } from '@neurodex/tracking';
export { checkConfig } from './check-config.ts';
export { type Config, configSchema } from './config.ts';
export type { RelevanceMeasures } from './evaluation/calibration/relevance-measures.ts';
export type { Comparison } from './evaluation/compare.ts';
export type { Measure } from './evaluation/measure.ts';
export { DEFAULT_MEASURES, parseMeasure } from './evaluation/registry.ts';
export type { RunsComparison } from './evaluation/runs.ts';
export type { TextRelevanceName } from './evaluation/text-relevance.ts';
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
export {
  type EvaluateOptions,
  type EvaluateTextsOptions,
  evaluateIndex,
  evaluateTexts,
  type IndexEvaluation,
  type TextEvaluation,
} from './jobs/evaluate-index.ts';
export { type EvaluateRunsOptions, judgeRuns } from './jobs/evaluate-runs.ts';
export { type ExportOptions, type ExportSummary, exportIndex } from './jobs/export-index.ts';
export { type IndexFacts, inspectIndex } from './jobs/inspect-index.ts';
export { listRuns, type RunFacts, type RunsFound } from './jobs/list-runs.ts';
export { type OpenedSource, type OpenSourceOptions, openSource } from './jobs/open-source.ts';
export { type ReportOptions, type WrittenReport, writeReport } from './jobs/report.ts';
export { type SearchOptions, type SearchResults, searchIndex } from './jobs/search.ts';
export type { PictureStore as Catalogue, StoredPicture } from './pictures/picture-store.ts';
export { PRESETS, type PresetName } from './presets/presets.ts';
export type { Answer } from './query/answers.ts';
export type { Query } from './query/query.ts';
export { SYSTEM_NAMES, type System, type SystemName } from './query/system.ts';
export { ClientError, type ClientOptions, type NeurodexClient, neurodexClient } from './server/client.ts';
export { DEFAULT_LIMITS, type Limits } from './server/limits.ts';
export { type Served, type ServeOptions, serve } from './server/serve.ts';
export type { SystemDeclaration } from './systems/declaration.ts';
export { type Index, openIndex } from './systems/open-index.ts';
export { SYSTEMS } from './systems/systems.ts';
