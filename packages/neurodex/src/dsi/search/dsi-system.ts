import type { HostArray, Runtime } from '@neurodex/autograd';
import type { Config } from '../../config.ts';
import type { Answer } from '../../query/answers.ts';
import type { FrozenBackbone } from '../../query/model-input.ts';
import { pictureInput } from '../../query/model-inputs.ts';
import { type PictureQuery, pictureQueries, type Query } from '../../query/query.ts';
import type { RowMask } from '../../query/row-mask.ts';
import type { System } from '../../query/system.ts';
import type { Geometry } from '../model/geometry.ts';
import type { Memory } from '../model/memory.ts';
import { EXACT_POSITIONS, positionsFor } from '../model/node-plan.ts';
import type { PrefixTable } from '../model/prefix-table.ts';
import { BATCHES, batchFor } from './batch-sizes.ts';
import { BeamSearch } from './beam.ts';
import { ExactSearch } from './exact.ts';
import { MemorySearch } from './memory-search.ts';
import { StateEncoder, type StateMaker } from './state-encoder.ts';
import { type TextStates, WrittenSearch } from './written-search.ts';

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
  /** Of a network with a memory that learned to read. */
  readonly texts?: TextStates | undefined;
}

/** A way to search, for one batch size. */
interface Searcher {
  /** B */
  readonly batch: number;
  /** @param input as `ModelInput.type` @param queries how many of the batch are there */
  rank(input: HostArray, queries: number, k: number, parameters?: Float32Array, among?: RowMask): Promise<Answer[][]>;
  release(): Promise<void>;
}

/** The differentiable search index as a system: encode each query once, then search the trie of real identifiers. */
export class DsiSystem implements System {
  readonly name = 'dsi';
  readonly memorises = true;
  private readonly options: DsiOptions;
  private readonly searchers = new Map<string, Promise<Searcher>>();
  private readonly written: WrittenSearch | undefined;

  constructor(options: DsiOptions) {
    this.options = options;
    const { memory } = options;
    if (memory !== undefined) this.written = writtenSearch(options, memory);
  }

  /** @throws NeurodexError `query-empty`, `text-*` */
  async rank(queries: readonly Query[], k: number, among?: RowMask): Promise<Answer[][]> {
    const { parameters, search } = this.options;
    const current = typeof parameters === 'function' ? parameters() : undefined;
    if (this.written !== undefined) {
      return await this.written.rank(queries, k, this.isExact(k) ? undefined : search.beam, current, among);
    }
    return await this.decode(pictureQueries(queries), k, current, among);
  }

  /** States, float32 [D] each. @throws RangeError for a network without a memory */
  async vectorsOf(queries: readonly PictureQuery[]): Promise<Float32Array[]> {
    if (this.written === undefined) throw new RangeError('a network that writes token by token has no states');
    return await this.written.vectorsOf(queries);
  }

  /** @returns float32 [B, D] @throws NeurodexError `query-empty`, `text-*`; RangeError for a network without a memory */
  async statesOf(queries: readonly Query[]): Promise<Float32Array> {
    if (this.written === undefined) throw new RangeError('a network that writes token by token has no states');
    return await this.written.states(queries);
  }

  /** Frees the graphs. */
  async close(): Promise<void> {
    for (const searcher of this.searchers.values()) await (await searcher).release();
    this.searchers.clear();
    await this.written?.release();
  }

  /** By a network that writes identifiers token by token. */
  private async decode(
    queries: readonly PictureQuery[],
    k: number,
    parameters: Float32Array | undefined,
    among: RowMask | undefined,
  ) {
    const { geometry, backbone, batches = BATCHES } = this.options;
    const answers: Answer[][] = [];
    while (answers.length < queries.length) {
      const searcher = await this.searcher(batchFor(queries.length - answers.length, batches), this.isExact(k));
      const batch = queries.slice(answers.length, answers.length + searcher.batch);
      const input: HostArray = await pictureInput(geometry).feed(batch, searcher.batch, geometry, backbone);
      answers.push(...(await searcher.rank(input, batch.length, k, parameters, among)));
    }
    return answers;
  }

  /** Exhaustive for small catalogues, and for more answers than the beam can give; else by beam search. */
  private isExact(k: number): boolean {
    const { table, search, memory } = this.options;
    // The beam of a memory holds prefixes, with several identifiers behind each, and widens for more answers.
    return table.trie.leafCount <= search.exactUpTo || (memory === undefined && k > search.beam);
  }

  private searcher(batch: number, exact: boolean): Promise<Searcher> {
    const key = `${batch} ${exact}`;
    const known = this.searchers.get(key);
    if (known !== undefined) return known;
    const made = this.makeSearcher(batch, exact);
    this.searchers.set(key, made);
    return made;
  }

  private async makeSearcher(batch: number, exact: boolean): Promise<Searcher> {
    const { runtime, geometry, table, search, parameters } = this.options;
    const built = typeof parameters === 'function' ? undefined : parameters;
    const positionCount = positionsFor(table.trie, EXACT_POSITIONS);
    return exact
      ? await ExactSearch.create(runtime, table, geometry, { batch, positionCount }, built)
      : await BeamSearch.create(runtime, table, geometry, { batch, width: search.beam }, built);
  }
}

function writtenSearch(options: DsiOptions, memory: Memory): WrittenSearch {
  const { runtime, geometry, table, batches = BATCHES, parameters, stateEncoder, backbone, texts } = options;
  const built = typeof parameters === 'function' ? undefined : parameters;
  return new WrittenSearch({
    geometry,
    memory: new MemorySearch(table, memory, geometry.width),
    batches,
    async encoder(batch) {
      const make = () => StateEncoder.create(runtime, geometry, batch, built);
      return stateEncoder === undefined ? await make() : await stateEncoder(batch, make);
    },
    backbone,
    texts,
  });
}
