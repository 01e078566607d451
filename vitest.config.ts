import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests read the sources, so that a failing line is a line of TypeScript.
    alias: [
      { find: /^@neurodex\/autograd\/node$/, replacement: source('autograd/src/runtime/node.ts') },
      { find: /^@neurodex\/autograd\/browser$/, replacement: source('autograd/src/runtime/browser.ts') },
      { find: /^@neurodex\/autograd$/, replacement: source('autograd/src/index.ts') },
      { find: /^neurodex\/browser$/, replacement: source('neurodex/src/browser.ts') },
    ],
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
