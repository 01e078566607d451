import type { Progress, SearchEngine } from '../engine.ts';
import { type OpenedSite, openSite } from './opened-site.ts';
import { searchSite } from './search-site.ts';
import { SiteFiles } from './site.ts';

/**
 * The engine that searches in the browser.
 * @param files by default those of an exported index beside the page; `?device=webgpu` or `?device=wasm` in the page's address picks
 *   the device
 */
export function openBrowserEngine(files: SiteFiles = new SiteFiles(new URL(document.baseURI))): SearchEngine {
  let opening: Promise<OpenedSite> | undefined;
  // A session runs one query at a time: each search waits for the one before it.
  let last: Promise<unknown> = Promise.resolve();
  // Of the latest search: it waits for what an earlier one is loading.
  let listener: ((progress: Progress) => void) | undefined;

  const open = (onProgress?: (progress: Progress) => void): Promise<OpenedSite> => {
    opening ??= openSite(files, onProgress).catch((error) => {
      // The network connection may have failed, so the next call tries again.
      opening = undefined;
      throw error;
    });
    return opening;
  };

  return {
    describe: async (onProgress) => (await open(onProgress)).description,
    search(query, { k }, signal, onProgress) {
      listener = onProgress;
      const response = last.then(async () => {
        signal?.throwIfAborted();
        return await searchSite(await open(), files, query, k, {
          signal,
          onProgress: (progress) => listener?.(progress),
        });
      });
      last = response.catch(() => {});
      return response;
    },
  };
}
