import { createRequire } from 'node:module';
import { errorMessage, NeurodexError } from '@neurodex/core';
import type sharpModule from 'sharp';

let loaded: typeof sharpModule | undefined;

/**
 * sharp, loaded when it is first asked for: a search by words, or by a tiny PNG file, is answered before it would be. It is required rather
 * than imported: Node reads every file of an imported CommonJS package to find its exports.
 * @throws NeurodexError `machine-unfit` where its binary cannot be loaded: no picture is damaged then
 * @example
 * ```ts
 * import { libvips } from '@neurodex/datasets/image';
 *
 * console.log(libvips()('cat.jpg') === libvips()('cat.jpg'), libvips() === libvips()); // → false true
 * ```
 */
export function libvips(): typeof sharpModule {
  if (loaded === undefined) {
    loaded = load();
    // Every picture is read once, so libvips' cache would only hold memory. Its thread count is left to sharp, but ONNX
    // Runtime uses the same cores: whoever decodes while training should decode few pictures at a time.
    loaded.cache(false);
  }
  return loaded;
}

function load(): typeof sharpModule {
  try {
    return createRequire(import.meta.url)('sharp') as typeof sharpModule;
  } catch (error) {
    const [reason = ''] = errorMessage(error).trim().split('\n');
    throw new NeurodexError('machine-unfit', `sharp, which decodes pictures, cannot be loaded: ${reason}`, {
      hint: 'run npm install on this machine, with optional dependencies; neurodex doctor says what else is missing',
      cause: error,
    });
  }
}
