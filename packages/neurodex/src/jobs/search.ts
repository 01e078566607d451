import { resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { type FailedInput, failedInput, tooFewLeft, withFailed } from '@neurodex/core';
import { listInFolder, refuseForeignFile, writeMarkedFile } from '@neurodex/core/storage';
import { readPictureFile } from '@neurodex/datasets/image';
import { parseFilter } from '../filter/parse.ts';
import type { PictureQuery, Query, TextQuery } from '../query/query.ts';
import { answersPage } from '../report/answers-page.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { normaliseText } from '../text/normalise.ts';
import { answering, type ChosenAnswer, isOfQuery, refusePromiseAmong, type Selection } from './answering.ts';
import { isPlaceOfShards, notInShards } from './place-of-shards.ts';
import { queryOf } from './query.ts';
import { type Answered, PictureGatherer, type ResultPictures } from './search-pictures.ts';

export interface SearchOptions extends Selection {
  readonly index: string;
  /** Pictures, each a query. */
  readonly files: readonly string[];
  /** Words, each a query. */
  readonly texts?: readonly string[] | undefined;
  /** Words that are added to each query, and taken from it. */
  readonly plus?: readonly string[] | undefined;
  readonly minus?: readonly string[] | undefined;
  readonly device: Device;
  /** Of an index in shards: shards that each query is sent to. */
  readonly asked?: number | undefined;
  /** Where credentials of a store and the place of its cache are; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** HTML file to write, with the pictures of queries and answers. */
  readonly html?: string | undefined;
  /** What that page calls the index and the files, by path; the path by default. */
  readonly names?: ReadonlyMap<string, string> | undefined;
  /** Whether the pictures are handed back. */
  readonly pictures?: boolean | undefined;
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
  /** Estimated probability that it is relevant, in [0, 1]; null where answers to such queries are not calibrated. */
  readonly relevance: number | null;
}

export interface SearchResult {
  readonly query: string;
  /**
   * Probability that nothing in the catalogue is relevant, where that is so of one query in ten; null where nobody knows: of words, in
   * an index without classes, or one that is not calibrated.
   */
  readonly none: number | null;
  /** The likeliest outcome is that nothing is relevant: there are no answers unless all were asked for. */
  readonly nothingFound: boolean;
  readonly answers: readonly SearchAnswer[];
}

export interface SearchResults {
  readonly results: readonly SearchResult[];
  /** Catalogue pictures that the filter takes, where there is one. */
  readonly matching?: number;
  /** Queries that cannot be read, and why. */
  readonly failed?: readonly FailedInput[];
  /** Of each result, where they were asked for. */
  readonly pictures?: readonly ResultPictures[];
}

/**
 * Asks an index for pictures and words. A query that cannot be read is in `failed`, as long as another can.
 * @throws NeurodexError `filter-invalid`; of the index; `picture-*` of a file, `text-*` of words; `query-unsupported`, `query-empty`; `output-exists` for
 * a file that is no page, `output-unwritable`
 */
export async function searchIndex(options: SearchOptions): Promise<SearchResults> {
  const { html, where, confidence } = options;
  // A filter that is wrong is told before an index is opened.
  if (where !== undefined) parseFilter(where);
  refusePromiseAmong({ where, confidence });
  if (html !== undefined) await refuseForeignFile(html);
  const { results, failed, pictures, matching } = await answers(options);
  if (results.length === 0 && failed.length > 0) throw tooFewLeft(failed);
  if (html !== undefined && pictures !== undefined) {
    const { index, names, system } = options;
    const named = (path: string): string => names?.get(path) ?? path;
    const facts = {
      ...{ index: named(index), system, pictures },
      results: results.map((result) => ({ ...result, query: named(result.query) })),
      failed: failed.map((each) => ({ ...each, input: named(each.input) })),
    };
    await writeMarkedFile(html, answersPage(facts));
    await listInFolder(resolve(html));
  }
  return {
    results,
    ...(matching === undefined ? {} : { matching }),
    ...withFailed(failed),
    ...(options.pictures === true && pictures !== undefined ? { pictures } : {}),
  };
}

async function answers(options: SearchOptions) {
  const { reporter, html, pictures = false } = options;
  const gatherer = html !== undefined || pictures ? new PictureGatherer() : undefined;
  const opened = await openSearched(options);
  try {
    const results: SearchResult[] = [];
    const failed: FailedInput[] = [];
    const { manifest, store } = opened.index;
    const sizes = { ...manifest.config.pictures, size: store.size };
    const asked = askedOf(options, sizes, manifest.encoder?.preprocessing);
    for (const { name, read } of asked) {
      try {
        const query = await read();
        const { thumbnail, ...answered } = await opened.answer(query);
        results.push({ query: name, ...answered });
        await gatherer?.add(query, { ...answered, thumbnail });
      } catch (error) {
        if (!isOfQuery(error)) throw error;
        failed.push(failedInput(name, error));
      }
      const done = results.length + failed.length;
      reporter.progress({ phase: 'search', done, total: asked.length, unit: 'queries' });
    }
    return { results, failed, pictures: gatherer?.gathered, matching: opened.matching };
  } finally {
    await opened.close();
  }
}

/** What is searched: an index, or one in shards. */
interface Searched {
  /** Says how queries are read. */
  readonly index: Pick<Index, 'manifest' | 'store'>;
  /** Catalogue pictures that the filter takes. */
  readonly matching?: number | undefined;
  answer(query: Query): Promise<Answered>;
  close(): Promise<void>;
}

async function openSearched(options: SearchOptions): Promise<Searched> {
  const { index: folder, device, reporter, environment = {} } = options;
  const runtime = nodeRuntime({ device });
  if (await isPlaceOfShards(folder)) {
    // Most searches are of one index, and need none of it.
    const { answeringShards, openSharded } = await import('./search-shards.ts');
    const sharded = await openSharded({ place: folder, asked: options.asked, runtime, environment, reporter });
    const answer = answeringShards(sharded, options);
    return { index: sharded.base, answer, close: () => sharded.close() };
  }
  if (options.asked !== undefined) throw notInShards(folder);
  const index = await openIndex(folder, runtime, reporter);
  try {
    const among = options.where === undefined ? undefined : await index.filter(options.where);
    const answer = await answering(index, { ...options, name: folder });
    return {
      index,
      matching: among?.count,
      async answer(query) {
        const { answers = [], none = null, nothingFound = false } = (await answer([query]))[0] ?? {};
        return { none, nothingFound, ...described(index, answers) };
      },
      close: () => index.close(),
    };
  } catch (error) {
    await index.close();
    throw error;
  }
}

const described = (
  { store }: Pick<Index, 'store'>,
  answers: readonly ChosenAnswer[],
): Pick<Answered, 'answers' | 'thumbnail'> => ({
  answers: answers.map(({ row, score, relevance }, i) => {
    const picture = store.rows[row];
    return {
      rank: i + 1,
      identifier: picture?.identifier ?? '',
      picture: picture?.path ?? '',
      label: picture?.labels[0] ?? null,
      score,
      relevance,
    };
  }),
  thumbnail: (i) => store.png(answers[i]?.row ?? NaN),
});

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
