import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Builds of ONNX Runtime that pages load, and what each loads beside itself. */
const BUILDS = { wasm: 'ort-wasm-simd-threaded.wasm', webgpu: 'ort-wasm-simd-threaded.asyncify.wasm' } as const;
const { version } = JSON.parse(readFileSync(here('../../node_modules/onnxruntime-web/package.json'), 'utf8')) as {
  version: string;
};
/** Beside the page's own files, and named by what is in it. */
const FOLDER = `onnxruntime-web-${version}`;

/**
 * ONNX Runtime goes beside the pages as it is published. Its threads load its own file once more, which must therefore be
 * no part of a page and import none of it.
 */
export const onnxRuntime: Plugin = {
  name: 'onnxruntime-web',
  apply: 'build',
  enforce: 'pre',
  resolveId: (id) => (/^onnxruntime-web\/(wasm|webgpu)$/.test(id) ? `\0${id}` : null),
  load(id) {
    const build = /^\0onnxruntime-web\/(wasm|webgpu)$/.exec(id)?.[1] as keyof typeof BUILDS | undefined;
    if (build === undefined) return null;
    const program = `ort.${build}.bundle.min.mjs`;
    for (const file of [program, BUILDS[build]]) {
      const source = readFileSync(here(`../../node_modules/onnxruntime-web/dist/${file}`));
      this.emitFile({ type: 'asset', fileName: `assets/${FOLDER}/${file}`, source });
    }
    return `const folder = ${JSON.stringify(`./${FOLDER}/`)};
      const ort = await import(/* @vite-ignore */ new URL(folder + ${JSON.stringify(program)}, import.meta.url).href);
      export const { env, InferenceSession, Tensor } = ort;`;
  },
};
