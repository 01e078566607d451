import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { onnxRuntime } from './onnx-runtime-files.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Three pages from the same components: one asks the server that sent it, one searches in the browser, one indexes there as well. */
export default defineConfig({
  root: here('.'),
  // Addresses in the pages are relative, so that they work in any folder of any host.
  base: './',
  plugins: [onnxRuntime],
  // A thread loads the runtime as pages do.
  worker: { format: 'es', plugins: () => [onnxRuntime] },
  build: {
    outDir: here('../neurodex/web'),
    emptyOutDir: true,
    target: 'es2022',
    // No inline data: addresses, which a strict Content-Security-Policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What each page reaches: an exported site takes the files of one.
    manifest: true,
    rolldownOptions: {
      input: { index: here('index.html'), static: here('static.html'), indexing: here('indexing.html') },
    },
  },
  server: { proxy: { '/v1': process.env.NEURODEX_SERVER ?? 'http://127.0.0.1:8080' } },
});
