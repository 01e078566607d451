/** Image search whose index is a neural network, as a library: build an index of pictures, open it, and search it. */

export type { Device, Precision } from '@neurodex/autograd';
export { type ErrorCode, type ErrorDetails, type FailedInput, NeurodexError } from '@neurodex/core';
export type {
  CocoSplit,
  CocoYear,
  Dataset,
  DatasetWarning,
  Role,
  SkippedFile,
  SkippedKind,
  SourcePicture,
} from '@neurodex/datasets';
export type { TrackerName, TrackingRequest } from '@neurodex/tracking';
export type { ChangeCounts } from './artifact/manifest.ts';
export type { BuildPlan, PlannedStage } from './build/plan.ts';
export type { StageName } from './build/stage-names.ts';
export { STAGE_NAMES } from './build/stage-names.ts';
export type * from './configuration/configuration.ts';
export type { PatchAttention, TokenAttention } from './dsi/search/attention-probe.ts';
export type { Interval } from './evaluation/bootstrap.ts';
export type {
  CoverageAt,
  NoneBin,
  RelevanceMeasures,
  SetMeasures,
  UnknownMeasures,
} from './evaluation/calibration/relevance-measures.ts';
export type { ReliabilityBin } from './evaluation/calibration/reliability.ts';
export type { SetScores } from './evaluation/calibration/set-f1.ts';
export type { Comparison } from './evaluation/compare.ts';
export type { ProtocolName } from './evaluation/protocol.ts';
export { PROTOCOL_NAMES } from './evaluation/protocol.ts';
export type { Intervals, Metrics } from './evaluation/summary.ts';
export type {
  LeftOutCaptions,
  TextComparison,
  TextComparisons,
  TextRelevanceName,
} from './evaluation/text-relevance.ts';
export { TEXT_RELEVANCE_NAMES } from './evaluation/text-relevance.ts';
export type { ExportedFile, WrittenExport } from './export/folder.ts';
export type { ExportKind } from './export/kinds.ts';
export { EXPORT_KINDS } from './export/kinds.ts';
export type { QuantizationError } from './export/quantization-error.ts';
export type { Explanation } from './jobs/attention.ts';
export type {
  AddedPicture,
  AddedPictures,
  CalibratedAnswers,
  CalibratedNone,
  CalibratedSystem,
  ChangedIndex,
  KnownPicture,
  MovedPicture,
  NamedPicture,
  RemovedPictures,
  SettledIndex,
  UpdatedIndex,
} from './jobs/change-index.ts';
export type { IndexSummary } from './jobs/create-index.ts';
export type { IndexEvaluation } from './jobs/evaluate-index.ts';
export type { ExportSummary, IncludedEncoder, KindOfExport } from './jobs/export-index.ts';
export type { DuplicateGroup, FoundDuplicates } from './jobs/find-duplicates.ts';
export type { SystemsRelevance } from './jobs/measure-probabilities.ts';
export { buildIndex, planIndex } from './library/build-index.ts';
export type { BuildEvent, BuildOptions, BuildStage, PlanOptions, StagedEvent } from './library/build-options.ts';
export type { Index } from './library/index-interface.ts';
export type {
  Abortable,
  AddOptions,
  DuplicatesOptions,
  Environment,
  EvaluateOptions,
  ExplainOptions,
  ExportOptions,
  NewPicture,
  OpenOptions,
  PicturesFrom,
  SearchManyOptions,
  SearchOptions,
  ShardOptions,
  SourceOptions,
  UpdateOptions,
} from './library/index-options.ts';
export type { Job, JobEvent, JobNote, JobProgress, JobWarning } from './library/job.ts';
export { openIndex } from './library/open-index.ts';
export { PRESETS } from './library/presets.ts';
export type {
  IndexedPicture,
  IndexWarning,
  PicturePixels,
  QueryCounts,
  SearchAnswer,
  SearchResult,
} from './library/results.ts';
export type {
  ById,
  ByName,
  ComposedSource,
  PictureName,
  PictureSource,
  SearchQuery,
  TextSource,
} from './library/search-query.ts';
export { type IndexServer, type ServeOptions, serveIndexes } from './library/serve-indexes.ts';
export type { DuplicateFacts, DuplicateKind, DuplicateMember, KindCounts } from './pictures/duplicate-facts.ts';
export { DUPLICATE_KINDS } from './pictures/duplicate-facts.ts';
export { PRESET_NAMES, type PresetName } from './presets/presets.ts';
export { SYSTEM_NAMES, type SystemName } from './query/system.ts';
export type { CalibratedKind } from './relevance/answer-judge.ts';
export { CALIBRATED_KINDS } from './relevance/answer-judge.ts';
export type { Limits } from './server/limits.ts';
export type { OnNan } from './training/on-nan.ts';
export { ON_NAN } from './training/on-nan.ts';
