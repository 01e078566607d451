import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { decodeFile } from '../image/decode.ts';
import type { Reporter } from '../progress.ts';
import { openIndex, type SystemName } from '../retrieval/open.ts';

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
}

/** Shows picture files to an index. @throws NeurodexError of the index and `picture-*` of a file */
export async function searchIndex({
  index: folder,
  files,
  k,
  system,
  device,
  reporter,
}: SearchOptions): Promise<SearchResults> {
  const index = await openIndex(folder, nodeRuntime({ device }));
  try {
    const { catalogue, manifest } = index;
    const results: SearchResults['results'][number][] = [];
    for (const file of files) {
      const { pixels } = await decodeFile(file, {
        size: catalogue.size,
        maxPixels: manifest.config.pictures.maxPixels,
      });
      const [answers = []] = await index.system(system).rank(pixels, k);
      results.push({
        query: file,
        answers: answers.map(({ row, score }, i) => {
          const picture = catalogue.pictures[row];
          return {
            rank: i + 1,
            identifier: picture?.identifier ?? '',
            picture: picture?.path ?? '',
            label: picture?.labels[0] ?? null,
            score,
          };
        }),
      });
      reporter.progress({ phase: 'search', done: results.length, total: files.length, unit: 'queries' });
    }
    return { results };
  } finally {
    await index.close();
  }
}
