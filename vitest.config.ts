import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { byProcess } from './tests/by-process.ts';
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

/** Test files that run at one time. Some wait for servers, browsers and programs that they started. */
const WORKERS = 3;
/**
 * Of one operation in each of them: threads of several workers on the same cores wait for each other, which takes several times as
 * long. Programs that the tests start get the same number.
 */
const THREADS = Math.max(1, Math.floor(availableParallelism() / WORKERS));

const PACKAGES = ['autograd', 'core', 'datasets', 'neurodex', 'objects', 'tracking', 'web'];
const [OWN_PROCESS, SHARED_PROCESS] = byProcess([
  ...PACKAGES.map((name) => `packages/${name}/src`),
  'packages/web/tests',
  'bench',
  'examples',
  'tests',
]);

export default defineConfig({
  resolve: {
    alias: Object.entries(SOURCES).map(([name, file]) => ({
      find: new RegExp(`^${name}$`),
      replacement: source(file),
    })),
  },
  test: {
    maxWorkers: WORKERS,
    env: { NEURODEX_THREADS: process.env.NEURODEX_THREADS ?? String(THREADS) },
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'own process', include: OWN_PROCESS } },
      // Most of a small test is the import of what it tests.
      { extends: true, test: { name: 'shared process', include: SHARED_PROCESS, isolate: false } },
    ],
  },
});
