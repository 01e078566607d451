import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/longest-first.ts';

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

/** Tests read the sources, so that a failing line is a line of TypeScript. */
const SOURCES = {
  '@neurodex/core': 'core/src/index.ts',
  '@neurodex/core/json': 'core/src/json.ts',
  '@neurodex/core/random': 'core/src/random.ts',
  '@neurodex/core/storage': 'core/src/storage/index.ts',
  '@neurodex/core/workers': 'core/src/workers.ts',
  '@neurodex/datasets': 'datasets/src/index.ts',
  '@neurodex/datasets/names': 'datasets/src/names.ts',
  '@neurodex/datasets/picture': 'datasets/src/picture.ts',
  '@neurodex/datasets/image': 'datasets/src/image/index.ts',
  '@neurodex/datasets/formats': 'datasets/src/formats.ts',
  '@neurodex/datasets/skipped': 'datasets/src/skipped.ts',
  '@neurodex/datasets/download': 'datasets/src/download/index.ts',
  '@neurodex/tracking': 'tracking/src/index.ts',
  '@neurodex/objects': 'objects/src/index.ts',
  '@neurodex/autograd/node': 'autograd/src/runtime/node.ts',
  '@neurodex/autograd/browser': 'autograd/src/runtime/browser.ts',
  '@neurodex/autograd': 'autograd/src/index.ts',
  'neurodex/browser': 'neurodex/src/browser.ts',
  'neurodex/browser-build': 'neurodex/src/browser-build/index.ts',
};

/** Test files that run at one time. */
const WORKERS = 2;
/**
 * Of one operation in each of them: threads of two workers on the same cores wait for each other, which takes several times as
 * long. Programs that the tests start get the same number.
 */
const THREADS = Math.max(1, Math.floor(availableParallelism() / WORKERS));

export default defineConfig({
  resolve: {
    alias: Object.entries(SOURCES).map(([name, file]) => ({
      find: new RegExp(`^${name}$`),
      replacement: source(file),
    })),
  },
  test: {
    include: [
      'packages/*/src/**/*.test.{ts,tsx}',
      'packages/web/tests/**/*.test.ts',
      'bench/**/*.test.ts',
      'examples/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    // ONNX Runtime brings its own threads; more than two workers only fight over the cores.
    maxWorkers: WORKERS,
    env: { NEURODEX_THREADS: process.env.NEURODEX_THREADS ?? String(THREADS) },
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
  },
});
