import { defined } from '@neurodex/core';
import type { Answer } from '../../query/answers.ts';
import type { FrozenBackbone } from '../../query/model-input.ts';
import { pictureInput } from '../../query/model-inputs.ts';
import type { PictureQuery, Query } from '../../query/query.ts';
import type { RowMask } from '../../query/row-mask.ts';
import type { Geometry } from '../model/geometry.ts';
import { batchFor } from './batch-sizes.ts';
import { composeStates } from './compose-states.ts';
import type { MemorySearch } from './memory-search.ts';
import type { StateMaker } from './state-encoder.ts';

/** Makes states of texts. */
export interface TextStates {
  /** @returns unit vectors, float32 [n, D] @throws NeurodexError `text-*` */
  states(texts: readonly string[]): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface WrittenOptions {
  readonly geometry: Geometry;
  readonly memory: MemorySearch;
  /** Sizes in which pictures are encoded together, ascending. */
  readonly batches: readonly number[];
  /** Makes what encodes so many pictures; asked once for each size. */
  readonly encoder: (batch: number) => Promise<StateMaker>;
  /** In front of the network, where it reads embeddings. */
  readonly backbone: FrozenBackbone | undefined;
  /** Of a network that learned to read. */
  readonly texts: TextStates | undefined;
}

/** Encodes queries of every kind, and searches a memory with their states. */
export class WrittenSearch {
  private readonly options: WrittenOptions;
  /** States of the pictures that were asked, for as long as somebody has these: what judges answers looks at them again. */
  private readonly known = new WeakMap<PictureQuery, Float32Array>();
  private readonly encoders = new Map<number, Promise<StateMaker>>();

  constructor(options: WrittenOptions) {
    this.options = options;
  }

  /**
   * @param beam prefixes that are looked into at each depth; undefined: every identifier is compared
   * @param parameters of the network, where they are not built into the encoders
   * @param among the pictures that are ranked, all by default
   */
  async rank(
    queries: readonly Query[],
    k: number,
    beam: number | undefined,
    parameters?: Float32Array,
    among?: RowMask,
  ): Promise<Answer[][]> {
    const { memory } = this.options;
    const states = await this.states(queries, parameters);
    return queries.map((_, query) => {
      if (beam === undefined) return memory.exhaustive(states, query, k, among);
      const width = Math.max(k, beam);
      return among === undefined
        ? memory.beam(states, query, k, width)
        : memory.beamAmong(states, query, k, width, among);
    });
  }

  /** The states of pictures, float32 [D] each. */
  async vectorsOf(queries: readonly PictureQuery[]): Promise<Float32Array[]> {
    const missing = queries.filter((query) => !this.known.has(query));
    if (missing.length > 0) await this.pictures(missing);
    return queries.map((query) => defined(this.known.get(query), 'the state of a picture'));
  }

  async release(): Promise<void> {
    for (const encoder of this.encoders.values()) await (await encoder).release();
    this.encoders.clear();
    await this.options.texts?.release();
  }

  /** @returns unit vectors, float32 [n, D] @throws NeurodexError `query-empty`, `text-*` */
  states(queries: readonly Query[], parameters?: Float32Array): Promise<Float32Array> {
    return composeStates(queries, this.options.geometry.width, {
      pictures: (pictures) => this.pictures(pictures, parameters),
      texts:
        this.options.texts === undefined ? undefined : (texts) => defined(this.options.texts, 'texts').states(texts),
    });
  }

  private async pictures(queries: readonly PictureQuery[], parameters?: Float32Array): Promise<Float32Array> {
    const { geometry, batches, backbone } = this.options;
    const { width } = geometry;
    let states: Float32Array | undefined;
    for (let done = 0; done < queries.length; ) {
      const encoder = await this.encoder(batchFor(queries.length - done, batches));
      const batch = queries.slice(done, done + encoder.batch);
      const input = await pictureInput(geometry).feed(batch, encoder.batch, geometry, backbone);
      const encoded = (await encoder.encode(input, parameters)).subarray(0, batch.length * width);
      // What is kept of one query of many does not keep the states of the others.
      const own = (i: number) => (batch.length === 1 ? encoded : encoded.slice(i * width, (i + 1) * width));
      if (parameters === undefined) for (const [i, query] of batch.entries()) this.known.set(query, own(i));
      // One batch is all of them, as a rule.
      if (batch.length === queries.length) return encoded;
      states ??= new Float32Array(queries.length * width);
      states.set(encoded, done * width);
      done += batch.length;
    }
    return states ?? new Float32Array();
  }

  private encoder(batch: number): Promise<StateMaker> {
    const known = this.encoders.get(batch) ?? this.options.encoder(batch);
    this.encoders.set(batch, known);
    return known;
  }
}
