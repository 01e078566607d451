import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

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
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
