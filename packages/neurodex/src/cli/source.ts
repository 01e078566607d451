import { stat } from 'node:fs/promises';
import type { Dataset } from '../datasets/dataset.ts';
import { NeurodexError } from '../errors.ts';
import type { Reporter } from '../progress.ts';
import type { Sources } from './jobs.ts';

export const DEFAULT_CONCEPTS = 64;

export interface SourceRequest {
  /** As the user gave it. */
  readonly source: string;
  /** The same as a path, absolute. */
  readonly path: string;
  /** `--concepts`, for the emoji only. */
  readonly concepts?: number | undefined;
  readonly seed: number;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens what SOURCE names: a folder, or the data set called `emoji` where no folder is.
 * @throws NeurodexError `source-*`, `package-unavailable`, `usage`
 */
export async function openSource(request: SourceRequest, sources: Sources): Promise<Dataset> {
  const { source, path, concepts, seed, reporter, signal } = request;
  if (source === 'emoji' && !(await isFolder(path))) {
    return await sources.emoji({
      concepts: concepts ?? DEFAULT_CONCEPTS,
      seed,
      reporter,
      ...(signal === undefined ? {} : { signal }),
    });
  }
  if (concepts !== undefined) {
    throw new NeurodexError('usage', `--concepts goes with the source emoji, and ${source} is a folder`, {
      hint: 'leave out --concepts: a folder is indexed as it is',
    });
  }
  return await sources.folder(path);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
