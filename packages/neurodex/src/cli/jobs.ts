/** A function that is loaded when it is first called. */
const lazily =
  <A extends readonly unknown[], R>(load: () => Promise<(...options: A) => R>) =>
  async (...options: A): Promise<Awaited<R>> =>
    await (await load())(...options);

/** What the commands call, loaded late: help, a mistyped flag and a wrong configuration need neither sharp nor ONNX Runtime. */
const jobs = {
  openSource: lazily(async () => (await import('../jobs/open-source.ts')).openSource),
  planIndex: lazily(async () => (await import('../jobs/plan-index.ts')).planIndex),
  createIndex: lazily(async () => (await import('../jobs/create-index.ts')).createIndex),
  readRecordedRun: lazily(async () => (await import('../build/unfinished-run.ts')).readRecordedRun),
  recordedLabels: lazily(async () => (await import('../jobs/recorded-labels.ts')).recordedLabels),
  searchIndex: lazily(async () => (await import('../jobs/search.ts')).searchIndex),
  evaluateIndex: lazily(async () => (await import('../jobs/evaluate-index.ts')).evaluateIndex),
  evaluateTexts: lazily(async () => (await import('../jobs/evaluate-index.ts')).evaluateTexts),
  judgeRuns: lazily(async () => (await import('../jobs/evaluate-runs.ts')).judgeRuns),
  compareIndexes: lazily(async () => (await import('../jobs/compare.ts')).compareIndexes),
  compareRuns: lazily(async () => (await import('../jobs/compare.ts')).compareRuns),
  inspectIndex: lazily(async () => (await import('../jobs/inspect-index.ts')).inspectIndex),
  addToIndex: lazily(async () => (await import('../jobs/change-index.ts')).addToIndex),
  removeFromIndex: lazily(async () => (await import('../jobs/change-index.ts')).removeFromIndex),
  updateIndex: lazily(async () => (await import('../jobs/change-index.ts')).updateIndex),
  settleIndex: lazily(async () => (await import('../jobs/change-index.ts')).settle),
  calibrateIndex: lazily(async () => (await import('../jobs/change-index.ts')).calibrate),
  forgetPictures: lazily(async () => (await import('../jobs/forget.ts')).forgetPictures),
  repeatBuild: lazily(async () => (await import('../jobs/forget.ts')).repeatBuild),
  followFolder: lazily(async () => (await import('../jobs/follow-folder.ts')).followFolder),
  verifyIndex: lazily(async () => (await import('../jobs/verify-index.ts')).verifyIndex),
  runDemo: lazily(async () => (await import('../jobs/demo.ts')).runDemo),
  listRuns: lazily(async () => (await import('../jobs/list-runs.ts')).listRuns),
  findDuplicates: lazily(async () => (await import('../jobs/find-duplicates.ts')).findDuplicates),
  findKeypoints: lazily(async () => (await import('../jobs/keypoints.ts')).findKeypoints),
  buildDataset: lazily(async () => (await import('../jobs/build-dataset.ts')).buildDataset),
  showDataset: lazily(async () => (await import('../jobs/show-dataset.ts')).showDataset),
  listDatasets: lazily(async () => (await import('../jobs/list-datasets.ts')).listDatasets),
  showAttention: lazily(async () => (await import('../jobs/attention.ts')).showAttention),
  writeReport: lazily(async () => (await import('../jobs/report.ts')).writeReport),
  exportIndex: lazily(async () => (await import('../jobs/export-index.ts')).exportIndex),
  writeSite: lazily(async () => (await import('../jobs/write-site.ts')).writeSite),
  runStudy: lazily(async () => (await import('../study/study.ts')).runStudy),
  planShards: lazily(async () => (await import('../jobs/plan-shards.ts')).planShards),
  runShardTask: lazily(async () => (await import('../jobs/shards.ts')).runShardTask),
  runShards: lazily(async () => (await import('../jobs/shards.ts')).runShards),
  workShards: lazily(async () => (await import('../jobs/shards.ts')).workShards),
  shardsManifest: lazily(async () => (await import('../jobs/shards-manifest.ts')).shardsManifest),
  shardsStatus: lazily(async () => (await import('../jobs/shards.ts')).shardsStatus),
  diagnose: lazily(async () => (await import('../doctor/doctor.ts')).diagnose),
  serve: lazily(async () => (await import('../server/serve.ts')).serve),
  serveMcp: lazily(async () => (await import('../mcp/serve-mcp.ts')).serveMcp),
};
export type Jobs = typeof jobs;

/** Tests replace single jobs. */
export interface Services {
  readonly jobs: Jobs;
}

export const services: Services = { jobs };
