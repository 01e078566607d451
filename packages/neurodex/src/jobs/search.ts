import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { type FailedInput, failedInput, tooFewLeft, withFailed } from '@neurodex/core';
import { readPictureFile } from '@neurodex/datasets/image';
import type { Query } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import { openIndex } from '../systems/open-index.ts';
import { queryOf } from './query.ts';

export interface SearchOptions {
  readonly index: string;
  readonly files: readonly string[];
  /** Answers per query, 1 or more. */
  readonly k: number;
  readonly system: SystemName;
  readonly device: Device;
  readonly reporter: Reporter;
}

export interface SearchAnswer {
  /** From 1. */
  readonly rank: number;
  readonly identifier: string;
  /** Path relative to the indexed source. */
  readonly picture: string;
  /** First label of the picture; null in a flat folder. */
  readonly label: string | null;
  readonly score: number;
}

export interface SearchResults {
  readonly results: readonly { readonly query: string; readonly answers: readonly SearchAnswer[] }[];
  /** Queries that cannot be read, and why. */
  readonly failed?: readonly FailedInput[];
}

/**
 * Shows picture files to an index. One that cannot be read is in `failed`, as long as another can.
 * @throws NeurodexError of the index and `picture-*` of a file
 */
export async function searchIndex({
  index: folder,
  files,
  k,
  system,
  device,
  reporter,
}: SearchOptions): Promise<SearchResults> {
  const index = await openIndex(folder, nodeRuntime({ device }), reporter);
  try {
    const { store, manifest } = index;
    const ranking = await index.system(system);
    const answersTo = async (query: Query): Promise<SearchAnswer[]> => {
      const [answers = []] = await ranking.rank([query], k);
      return answers.map(({ row, score }, i) => {
        const picture = store.rows[row];
        return {
          rank: i + 1,
          identifier: picture?.identifier ?? '',
          picture: picture?.path ?? '',
          label: picture?.labels[0] ?? null,
          score,
        };
      });
    };
    const results: SearchResults['results'][number][] = [];
    const failed: FailedInput[] = [];
    const sizes = { ...manifest.config.pictures, size: store.size };
    for (const file of files) {
      let query: Query | undefined;
      try {
        query = await queryOf(await readPictureFile(file), file, sizes);
      } catch (error) {
        failed.push(failedInput(file, error));
      }
      if (query !== undefined) results.push({ query: file, answers: await answersTo(query) });
      reporter.progress({
        phase: 'search',
        done: results.length + failed.length,
        total: files.length,
        unit: 'queries',
      });
    }
    if (results.length === 0 && failed.length > 0) throw tooFewLeft(failed);
    return { results, ...withFailed(failed) };
  } finally {
    await index.close();
  }
}
