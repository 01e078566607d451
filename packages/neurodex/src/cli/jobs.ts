import type { buildDataset } from '../jobs/build-dataset.ts';
import type { createIndex } from '../jobs/create-index.ts';
import type { runDemo } from '../jobs/demo.ts';
import type { evaluateIndex } from '../jobs/evaluate-index.ts';
import type { inspectIndex } from '../jobs/inspect-index.ts';
import type { findKeypoints } from '../jobs/keypoints.ts';
import type { listDatasets } from '../jobs/list-datasets.ts';
import type { openSource } from '../jobs/open-source.ts';
import type { searchIndex } from '../jobs/search.ts';
import type { showDataset } from '../jobs/show-dataset.ts';

/** What the commands call; tests call others. */
export interface Jobs {
  readonly openSource: typeof openSource;
  readonly createIndex: typeof createIndex;
  readonly searchIndex: typeof searchIndex;
  readonly evaluateIndex: typeof evaluateIndex;
  readonly inspectIndex: typeof inspectIndex;
  readonly runDemo: typeof runDemo;
  readonly findKeypoints: typeof findKeypoints;
  readonly buildDataset: typeof buildDataset;
  readonly showDataset: typeof showDataset;
  readonly listDatasets: () => Promise<ReturnType<typeof listDatasets>>;
}

export interface Services {
  readonly jobs: Jobs;
}

/** Loaded when they are called: help, a mistyped flag and a wrong configuration need neither sharp nor ONNX Runtime. */
export const services: Services = {
  jobs: {
    openSource: async (options) => (await import('../jobs/open-source.ts')).openSource(options),
    createIndex: async (options) => (await import('../jobs/create-index.ts')).createIndex(options),
    searchIndex: async (options) => (await import('../jobs/search.ts')).searchIndex(options),
    evaluateIndex: async (options) => (await import('../jobs/evaluate-index.ts')).evaluateIndex(options),
    inspectIndex: async (options) => (await import('../jobs/inspect-index.ts')).inspectIndex(options),
    runDemo: async (options) => (await import('../jobs/demo.ts')).runDemo(options),
    findKeypoints: async (options) => (await import('../jobs/keypoints.ts')).findKeypoints(options),
    buildDataset: async (options) => (await import('../jobs/build-dataset.ts')).buildDataset(options),
    showDataset: async (options) => (await import('../jobs/show-dataset.ts')).showDataset(options),
    listDatasets: async () => (await import('../jobs/list-datasets.ts')).listDatasets(),
  },
};
