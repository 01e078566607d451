import { createRequire } from 'node:module';
import type sharpModule from 'sharp';

let loaded: typeof sharpModule | undefined;

/**
 * sharp, loaded when it is first asked for: a search by words, or by a tiny PNG file, is answered before it would be. It is required rather
 * than imported: Node reads every file of an imported CommonJS package to find its exports.
 * @throws Error where its binary cannot be loaded
 * @example
 * ```ts
 * import { libvips } from '@neurodex/datasets/image';
 *
 * console.log(libvips()('cat.jpg') === libvips()('cat.jpg'), libvips() === libvips()); // → false true
 * ```
 */
export function libvips(): typeof sharpModule {
  if (loaded === undefined) {
    loaded = createRequire(import.meta.url)('sharp') as typeof sharpModule;
    // Every picture is read once, so libvips' cache would only hold memory. Its thread count is left to sharp, but ONNX
    // Runtime uses the same cores: whoever decodes while training should decode few pictures at a time.
    loaded.cache(false);
  }
  return loaded;
}
