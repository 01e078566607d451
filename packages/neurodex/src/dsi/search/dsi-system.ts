import type { HostArray, Runtime } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { Config } from '../../config.ts';
import type { Answer } from '../../query/answers.ts';
import type { FrozenBackbone } from '../../query/model-input.ts';
import { modelInput } from '../../query/model-inputs.ts';
import type { Query } from '../../query/query.ts';
import type { System } from '../../query/system.ts';
import type { Geometry } from '../model/geometry.ts';
import type { Memory } from '../model/memory.ts';
import { EXACT_POSITIONS, positionsFor } from '../model/node-plan.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { BeamSearch } from './beam.ts';
import { ExactSearch } from './exact.ts';
import { MemorySearch } from './memory-search.ts';
import { StateEncoder, type StateMaker } from './state-encoder.ts';
import { WrittenSearch } from './written-search.ts';

/**
 * Queries encoded at once: a single query should not pay for a batch, and a batch should not pay for each query. Each size
 * has graphs of its own, which take longer to load than a few batches that are not full take.
 */
const BATCHES: readonly number[] = [1, 32];
/** For a server: to load every size once is cheaper than to fill up batch after batch. */
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
  if (below === undefined) return defined(above, 'a batch size');
  if (above === undefined) return below;
  return queries >= WORTH_FILLING * above || queries > 2 * below ? above : below;
}

export interface DsiOptions {
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  readonly table: PrefixTable;
  readonly search: Config['retrieval'];
  /** Sizes in which queries are encoded together, ascending; by default a single one and many. */
  readonly batches?: readonly number[];
  /** Built into the graphs; a function is called for every ranking, for a network that is still being trained. */
  readonly parameters: Float32Array | (() => Float32Array);
  /** Of a network whose output is a memory. */
  readonly memory?: Memory | undefined;
  /** Makes what encodes so many queries, or has it already. */
  readonly stateEncoder?: (batch: number, make: () => Promise<StateEncoder>) => Promise<StateMaker>;
  /** In front of the network, where it reads embeddings. */
  readonly backbone?: FrozenBackbone | undefined;
}

/** A way to search, for one batch size. */
interface Searcher {
  /** B */
  readonly batch: number;
  /** @param input as `ModelInput.type` @param queries how many of the batch are there */
  rank(input: HostArray, queries: number, k: number, parameters?: Float32Array): Promise<Answer[][]>;
  release(): Promise<void>;
}

/** The differentiable search index as a system: encode each query once, then search the trie of real identifiers. */
export class DsiSystem implements System {
  readonly name = 'dsi';
  readonly memorises = true;
  private readonly options: DsiOptions;
  private readonly searchers = new Map<string, Promise<Searcher>>();
  private memorySearch: MemorySearch | undefined;

  constructor(options: DsiOptions) {
    this.options = options;
  }

  async rank(queries: readonly Query[], k: number): Promise<Answer[][]> {
    const { parameters, geometry, backbone } = this.options;
    const current = typeof parameters === 'function' ? parameters() : undefined;
    const answers: Answer[][] = [];
    while (answers.length < queries.length) {
      const left = queries.length - answers.length;
      const searcher = await this.searcher(batchFor(left, this.options.batches ?? BATCHES), k);
      const batch = queries.slice(answers.length, answers.length + searcher.batch);
      const input: HostArray = await modelInput(geometry).feed(batch, searcher.batch, geometry, backbone);
      answers.push(...(await searcher.rank(input, batch.length, k, current)));
    }
    return answers;
  }

  /** Frees the graphs. */
  async close(): Promise<void> {
    for (const searcher of this.searchers.values()) await (await searcher).release();
    this.searchers.clear();
  }

  /** Exhaustive for small catalogues, and for more answers than the beam can give; else by beam search. */
  private searcher(batch: number, k: number): Promise<Searcher> {
    const { table, search, memory } = this.options;
    // The beam of a memory holds prefixes, with several identifiers behind each, and widens for more answers.
    const exact = table.trie.leafCount <= search.exactUpTo || (memory === undefined && k > search.beam);
    const key = `${batch} ${exact}`;
    const known = this.searchers.get(key);
    if (known !== undefined) return known;
    const made = this.makeSearcher(batch, exact);
    this.searchers.set(key, made);
    return made;
  }

  private async makeSearcher(batch: number, exact: boolean): Promise<Searcher> {
    const { runtime, geometry, table, search, parameters, memory } = this.options;
    const built = typeof parameters === 'function' ? undefined : parameters;
    if (memory !== undefined) {
      this.memorySearch ??= new MemorySearch(table, memory, geometry.width);
      const make = () => StateEncoder.create(runtime, geometry, batch, built);
      const { stateEncoder } = this.options;
      const encoder = stateEncoder === undefined ? await make() : await stateEncoder(batch, make);
      return new WrittenSearch(encoder, this.memorySearch, exact ? undefined : search.beam);
    }
    const positionCount = positionsFor(table.trie, EXACT_POSITIONS);
    return exact
      ? await ExactSearch.create(runtime, table, geometry, { batch, positionCount }, built)
      : await BeamSearch.create(runtime, table, geometry, { batch, width: search.beam }, built);
  }
}
