import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { onnxRuntime } from '../onnx-runtime-files.ts';
import { hostFolder, type StaticHost } from './static-host.ts';

/** Headers that isolate a page from others, so that WebAssembly may have threads. */
export const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Packages that pages import, by the files of their sources. */
const SOURCES: Readonly<Record<string, string>> = {
  '@neurodex/core': 'core/src/index.ts',
  '@neurodex/core/random': 'core/src/random.ts',
  '@neurodex/datasets/picture': 'datasets/src/picture.ts',
  '@neurodex/autograd': 'autograd/src/index.ts',
  '@neurodex/autograd/browser': 'autograd/src/runtime/browser.ts',
};

/** A module of the tests as a page of its own, on a host that isolates it. @param entry path from this folder */
export async function hostModule(entry: string): Promise<StaticHost> {
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-page-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('.', import.meta.url)),
    base: './',
    plugins: [onnxRuntime],
    resolve: {
      alias: Object.entries(SOURCES).map(([name, file]) => ({
        find: new RegExp(`^${name}$`),
        replacement: source(file),
      })),
    },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: fileURLToPath(new URL(entry, import.meta.url)),
        output: { entryFileNames: 'assets/page.js' },
      },
    },
  });
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><html lang="en"><title>test</title><link rel="icon" href="data:,"><script type="module" src="./assets/page.js"></script></html>',
  );
  const host = await hostFolder(folder, ISOLATED);
  return {
    ...host,
    async stop() {
      await host.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
