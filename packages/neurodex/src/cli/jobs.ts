import type { showAttention } from '../jobs/attention.ts';
import type { buildDataset } from '../jobs/build-dataset.ts';
import type { compareIndexes, compareRuns } from '../jobs/compare.ts';
import type { createIndex } from '../jobs/create-index.ts';
import type { runDemo } from '../jobs/demo.ts';
import type { evaluateIndex } from '../jobs/evaluate-index.ts';
import type { judgeRuns } from '../jobs/evaluate-runs.ts';
import type { exportIndex } from '../jobs/export-index.ts';
import type { inspectIndex } from '../jobs/inspect-index.ts';
import type { findKeypoints } from '../jobs/keypoints.ts';
import type { listDatasets } from '../jobs/list-datasets.ts';
import type { listRuns } from '../jobs/list-runs.ts';
import type { openSource } from '../jobs/open-source.ts';
import type { writeReport } from '../jobs/report.ts';
import type { searchIndex } from '../jobs/search.ts';
import type { showDataset } from '../jobs/show-dataset.ts';
import type { readBegun } from '../jobs/unfinished-run.ts';
import type { serve } from '../server/serve.ts';
import type { runStudy } from '../study/study.ts';

/** What the commands call; tests call others. */
export interface Jobs {
  readonly openSource: typeof openSource;
  readonly createIndex: typeof createIndex;
  readonly readBegun: typeof readBegun;
  readonly searchIndex: typeof searchIndex;
  readonly evaluateIndex: typeof evaluateIndex;
  readonly judgeRuns: typeof judgeRuns;
  readonly compareIndexes: typeof compareIndexes;
  readonly compareRuns: typeof compareRuns;
  readonly inspectIndex: typeof inspectIndex;
  readonly runDemo: typeof runDemo;
  readonly listRuns: typeof listRuns;
  readonly findKeypoints: typeof findKeypoints;
  readonly buildDataset: typeof buildDataset;
  readonly showDataset: typeof showDataset;
  readonly listDatasets: () => Promise<ReturnType<typeof listDatasets>>;
  readonly showAttention: typeof showAttention;
  readonly writeReport: typeof writeReport;
  readonly runStudy: typeof runStudy;
  readonly exportIndex: typeof exportIndex;
  readonly serve: typeof serve;
}

export interface Services {
  readonly jobs: Jobs;
}

/** Loaded when they are called: help, a mistyped flag and a wrong configuration need neither sharp nor ONNX Runtime. */
export const services: Services = {
  jobs: {
    openSource: async (options) => (await import('../jobs/open-source.ts')).openSource(options),
    createIndex: async (options) => (await import('../jobs/create-index.ts')).createIndex(options),
    readBegun: async (out, options) => (await import('../jobs/unfinished-run.ts')).readBegun(out, options),
    searchIndex: async (options) => (await import('../jobs/search.ts')).searchIndex(options),
    evaluateIndex: async (options) => (await import('../jobs/evaluate-index.ts')).evaluateIndex(options),
    judgeRuns: async (options) => (await import('../jobs/evaluate-runs.ts')).judgeRuns(options),
    compareIndexes: async (options) => (await import('../jobs/compare.ts')).compareIndexes(options),
    compareRuns: async (options) => (await import('../jobs/compare.ts')).compareRuns(options),
    inspectIndex: async (options) => (await import('../jobs/inspect-index.ts')).inspectIndex(options),
    runDemo: async (options) => (await import('../jobs/demo.ts')).runDemo(options),
    serve: async (options) => (await import('../server/serve.ts')).serve(options),
    runStudy: async (options) => (await import('../study/study.ts')).runStudy(options),
    writeReport: async (options) => (await import('../jobs/report.ts')).writeReport(options),
    exportIndex: async (options) => (await import('../jobs/export-index.ts')).exportIndex(options),
    showAttention: async (options) => (await import('../jobs/attention.ts')).showAttention(options),
    listRuns: async (options) => (await import('../jobs/list-runs.ts')).listRuns(options),
    findKeypoints: async (options) => (await import('../jobs/keypoints.ts')).findKeypoints(options),
    buildDataset: async (options) => (await import('../jobs/build-dataset.ts')).buildDataset(options),
    showDataset: async (options) => (await import('../jobs/show-dataset.ts')).showDataset(options),
    listDatasets: async () => (await import('../jobs/list-datasets.ts')).listDatasets(),
  },
};
