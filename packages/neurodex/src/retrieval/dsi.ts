import type { Runtime } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { positionsFor } from '../dsi/model/node-plan.ts';
import { BeamSearch } from '../dsi/search/beam.ts';
import { ExactSearch } from '../dsi/search/exact.ts';
import type { Trie } from '../identifiers/trie.ts';
import { pictureBytes } from '../image/picture.ts';
import type { QueryEncoder } from './query-encoder.ts';
import type { Answer, QueryPicture, System } from './system.ts';

/** Trie nodes decoded at once in exhaustive scoring; more would cost memory and save nothing. */
export const EXACT_SLOTS = 512;
/**
 * Pictures encoded at once: a single query should not pay for a batch, and a batch should not pay for each query. Each size
 * has graphs of its own, which take longer to load than a few batches that are not full take.
 */
const BATCHES: readonly number[] = [1, 32];
/** For who stays: to load every size once is cheaper than to fill up batch after batch. */
export const FINE_BATCHES: readonly number[] = [1, 2, 4, 8, 16, 32];
/** Share of queries from which on a batch is worth filling up. */
const WORTH_FILLING = 0.75;

/**
 * The size of the next batch: the largest that is full, unless the one above it nearly is, or more than two of the smaller
 * would be needed.
 * @param sizes ascending
 */
export function batchFor(queries: number, sizes: readonly number[]): number {
  const above = sizes.find((size) => size >= queries);
  const below = sizes.findLast((size) => size <= queries);
  if (above === undefined || below === undefined) return (above ?? below) as number;
  return queries >= WORTH_FILLING * above || queries > 2 * below ? above : below;
}

export interface DsiOptions {
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  readonly trie: Trie;
  readonly search: Config['retrieval'];
  /** Sizes in which queries are encoded together, ascending; a single one and many unless told. */
  readonly batches?: readonly number[];
  /** Built into the graphs; a function is asked at every call, for a network that is still being trained. */
  readonly parameters: Float32Array | (() => Float32Array);
  /** In front of the network, where its stem is `encoder`. */
  readonly encoder?: QueryEncoder;
}

/** The two ways to search; each for one batch size. */
type Searcher = ExactSearch | BeamSearch;

/** The differentiable search index as a system: encode each query once, then search the trie of real identifiers. */
export class DsiSystem implements System {
  readonly name = 'dsi';
  readonly memorises = true;
  private readonly options: DsiOptions;
  private readonly searchers = new Map<string, Promise<Searcher>>();

  constructor(options: DsiOptions) {
    this.options = options;
  }

  async rank(queries: readonly QueryPicture[], k: number): Promise<Answer[][]> {
    const { parameters } = this.options;
    const current = typeof parameters === 'function' ? parameters() : undefined;
    const answers: Answer[][] = [];
    while (answers.length < queries.length) {
      const left = queries.length - answers.length;
      const searcher = await this.searcher(batchFor(left, this.options.batches ?? BATCHES), k);
      const batch = queries.slice(answers.length, answers.length + searcher.batch);
      const pictures = await this.shown(batch, searcher.batch);
      answers.push(...(await searcher.rank(pictures, batch.length, k, current)));
    }
    return answers;
  }

  /** As `shownType` has them. A batch that is not full ends in zeros, whose answers nobody asks for. */
  private async shown(queries: readonly QueryPicture[], count: number): Promise<Uint8Array | Float32Array> {
    const { geometry, encoder } = this.options;
    if (geometry.stem === 'encoder') {
      if (encoder === undefined) throw new RangeError('the network reads an encoder, and there is none');
      const pictures = new Float32Array(count * encoder.encoder.length);
      pictures.set(await encoder.embed(queries));
      return pictures;
    }
    const bytes = pictureBytes(geometry.imageSize);
    const pictures = new Uint8Array(count * bytes);
    for (const [i, { pixels }] of queries.entries()) pictures.set(pixels, i * bytes);
    return pictures;
  }

  /** Frees the graphs. */
  async close(): Promise<void> {
    for (const searcher of this.searchers.values()) await (await searcher).release();
    this.searchers.clear();
  }

  /** Exhaustive for small catalogues, and for more answers than the beam is wide; else by beam search. */
  private searcher(batch: number, k: number): Promise<Searcher> {
    const { trie, search } = this.options;
    const exact = trie.leafCount <= search.exactUpTo || k > search.beam;
    const key = `${batch} ${exact}`;
    const known = this.searchers.get(key);
    if (known !== undefined) return known;
    const made = this.makeSearcher(batch, exact);
    this.searchers.set(key, made);
    return made;
  }

  private async makeSearcher(batch: number, exact: boolean): Promise<Searcher> {
    const { runtime, geometry, trie, search, parameters } = this.options;
    const built = typeof parameters === 'function' ? undefined : parameters;
    return exact
      ? await ExactSearch.create(runtime, trie, geometry, { batch, slots: positionsFor(trie, EXACT_SLOTS) }, built)
      : await BeamSearch.create(runtime, trie, geometry, { batch, width: search.beam }, built);
  }
}
