import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { type Dataset, openEmoji, type SourcePicture } from '@neurodex/datasets';
import type { Config } from '../packages/neurodex/src/config.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { type Index, openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { median } from './statistics.ts';

/** A concept of the emoji, and what its pictures in the catalogue are given to say of themselves. */
export interface Told {
  readonly concept: string;
  /** Captions of the drawing of an artist in the catalogue; none: it comes without any word, its label included. */
  readonly captions: (artist: number) => readonly string[] | undefined;
}

/** A query in words, and the concept that it is of. */
export interface WordQuery {
  readonly text: string;
  readonly concept: string;
  /** Artist whose drawing is to be found; any by default. */
  readonly artist?: number;
}

/**
 * Emoji by two artists as the catalogue, by others as training queries. Pictures are named by numbers, so that nothing but their
 * labels and captions says what they are.
 */
async function toldEmoji(told: readonly Told[], seed: number) {
  const captionsOf = new Map(told.map(({ concept, captions }) => [concept, captions]));
  const all = await openEmoji({ concepts: ALL_CONCEPTS, seed, reporter: silentReporter });
  const artists = new Map<string, number>();
  const drawings = new Map<string, Drawing>();
  const pictures = all.pictures.flatMap((picture, i): SourcePicture[] => {
    const [concept = ''] = picture.labels;
    const captions = captionsOf.get(concept);
    if (captions === undefined) return [];
    const path = `${picture.role}/${String(i).padStart(5, '0')}.png`;
    if (picture.role !== 'catalogue') return [{ ...picture, path }];
    const artist = artists.get(concept) ?? 0;
    artists.set(concept, artist + 1);
    drawings.set(path, { concept, artist });
    const own = captions(artist);
    return [{ ...picture, path, ...(own === undefined ? { labels: [] } : { captions: own }) }];
  });
  const dataset: Dataset = { ...all, pictures: pictures.sort((a, b) => (a.path < b.path ? -1 : 1)) };
  return { dataset, drawings };
}

/** What a picture of the catalogue shows, and which of its two artists drew it. */
export interface Drawing {
  readonly concept: string;
  readonly artist: number;
}

/** An index of emoji, and what its pictures show. */
export interface ToldIndex {
  readonly built: { readonly pictures: number; readonly steps: number; readonly seconds: number };
  readonly index: Index;
  readonly drawings: ReadonlyMap<string, Drawing>;
}

/** As many as there are (`chooseConcepts`). */
const ALL_CONCEPTS = 403;

/** Names of all concepts. */
export async function allConcepts(): Promise<string[]> {
  const { pictures } = await openEmoji({ concepts: ALL_CONCEPTS, seed: SEED, reporter: silentReporter });
  return [...new Set(pictures.flatMap(({ labels }) => labels))];
}

/** An index in which the concepts are told as they are in `told`. */
export async function makeIndex(
  told: readonly Told[],
  out: string,
  config: Config,
  log: (line: string) => void,
): Promise<ToldIndex> {
  const { dataset, drawings } = await toldEmoji(told, SEED);
  const began = performance.now();
  const { steps } = await createIndex({
    dataset,
    out,
    config,
    systems: ['dsi'],
    seed: SEED,
    force: true,
    device: 'cpu',
    reporter: {
      ...silentReporter,
      warn: log,
      progress: ({ phase, done, total = 1 }) => {
        if (done % Math.ceil(total / 10) === 0) log(`${phase} ${done} of ${total}`);
      },
    },
  });
  const built = { pictures: dataset.pictures.length, steps, seconds: (performance.now() - began) / 1000 };
  return { built, index: await openIndex(out, nodeRuntime()), drawings };
}

const SEED = 0;

const DEEP = 10;
const TIMED = 200;

/**
 * Success@1 and @10 of queries by both systems, 1 or 0 for each query, and the median milliseconds of a query.
 */
export async function answersTo({ index, drawings }: ToldIndex, queries: readonly WordQuery[]) {
  const found: Record<string, { first: number[]; ten: number[]; milliseconds: number }> = {};
  for (const name of ['dsi', 'bm25'] as const) {
    const system = await index.system(name);
    const [first, ten, times]: [number[], number[], number[]] = [[], [], []];
    for (const [i, { text, concept, artist }] of queries.entries()) {
      const began = performance.now();
      const [answers = []] = await system.rank([{ kind: 'text', text }], DEEP);
      if (i < TIMED) times.push(performance.now() - began);
      // What bm25 knows nothing of comes last, with the score 0: that is no answer.
      const right = answers
        .filter(({ score }) => name === 'dsi' || score > 0)
        .map(({ row }) => drawings.get(index.store.rows[row]?.path ?? ''))
        .map((drawing) => drawing?.concept === concept && (artist === undefined || drawing.artist === artist));
      first.push(right[0] === true ? 1 : 0);
      ten.push(right.includes(true) ? 1 : 0);
    }
    found[name] = { first, ten, milliseconds: median(times) };
  }
  return { dsi: defined(found.dsi, 'dsi'), bm25: defined(found.bm25, 'bm25') };
}

export const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Makes an index under a name, with changes of its configuration. */
export type Make = (told: readonly Told[], name: string, changes?: Partial<Config['text']>) => Promise<ToldIndex>;
