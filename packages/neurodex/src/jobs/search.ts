import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { type FailedInput, failedInput, NeurodexError, tooFewLeft, withFailed } from '@neurodex/core';
import { readPictureFile } from '@neurodex/datasets/image';
import type { PictureQuery, Query, TextQuery } from '../query/query.ts';
import type { SystemName } from '../query/system.ts';
import { openIndex } from '../systems/open-index.ts';
import { normaliseText } from '../text/normalise.ts';
import { queryOf } from './query.ts';

export interface SearchOptions {
  readonly index: string;
  /** Pictures, each a query. */
  readonly files: readonly string[];
  /** Words, each a query. */
  readonly texts?: readonly string[] | undefined;
  /** Words that are added to each query, and taken from it. */
  readonly plus?: readonly string[] | undefined;
  readonly minus?: readonly string[] | undefined;
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
 * Asks an index for pictures and words. A query that cannot be read is in `failed`, as long as another can.
 * @throws NeurodexError of the index; `picture-*` of a file, `text-*` of words; `query-unsupported`, `query-empty`
 */
export async function searchIndex(options: SearchOptions): Promise<SearchResults> {
  const { index: folder, k, device, reporter } = options;
  const index = await openIndex(folder, nodeRuntime({ device }), reporter);
  try {
    const { store, manifest } = index;
    const ranking = await index.system(options.system);
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
    const asked = askedOf(options, sizes, manifest.encoder?.preprocessing);
    for (const { name, read } of asked) {
      try {
        results.push({ query: name, answers: await answersTo(await read()) });
      } catch (error) {
        if (!isOfQuery(error)) throw error;
        failed.push(failedInput(name, error));
      }
      const done = results.length + failed.length;
      reporter.progress({ phase: 'search', done, total: asked.length, unit: 'queries' });
    }
    if (results.length === 0 && failed.length > 0) throw tooFewLeft(failed);
    return { results, ...withFailed(failed) };
  } finally {
    await index.close();
  }
}

/** A query under the name that it has in the results. */
interface Asked {
  readonly name: string;
  read(): Promise<Query>;
}

type Sizes = Parameters<typeof queryOf>[2];

/** Pictures, then words; each with what is added to it and taken from it. */
function askedOf(
  { files, texts = [], plus = [], minus = [] }: SearchOptions,
  sizes: Sizes,
  preprocessing: Parameters<typeof queryOf>[3],
): Asked[] {
  const words = (text: string): TextQuery => ({ kind: 'text', text: normaliseText(text) });
  const composed = (query: PictureQuery | TextQuery): Query => {
    const others = [...plus.map((text) => [text, 1] as const), ...minus.map((text) => [text, -1] as const)];
    if (others.length === 0) return query;
    const parts = others.map(([text, weight]) => ({ query: words(text), weight }));
    return { kind: 'composed', parts: [{ query, weight: 1 }, ...parts] };
  };
  return [
    ...files.map((name) => ({
      name,
      read: async () => composed(await queryOf(await readPictureFile(name), name, sizes, preprocessing)),
    })),
    ...texts.map((name) => ({ name, read: async () => composed(words(name)) })),
  ];
}

/** Whether one query is at fault, and others may be answered. */
const isOfQuery = (error: unknown): boolean =>
  error instanceof NeurodexError && (/^(picture|text)-/.test(error.code) || error.code === 'query-empty');
