import type { HostArray } from '@neurodex/autograd';
import type { Answer } from '../../query/answers.ts';
import type { MemorySearch } from './memory-search.ts';
import type { StateMaker } from './state-encoder.ts';

/** Encodes queries and searches a memory with their states. */
export class WrittenSearch {
  private readonly encoder: StateMaker;
  private readonly memory: MemorySearch;
  /** Prefixes that are looked into at each depth; undefined: every identifier is compared. */
  private readonly beam: number | undefined;

  constructor(encoder: StateMaker, memory: MemorySearch, beam: number | undefined) {
    this.encoder = encoder;
    this.memory = memory;
    this.beam = beam;
  }

  /** B */
  get batch(): number {
    return this.encoder.batch;
  }

  /**
   * @param input as `ModelInput.type`
   * @returns up to k answers for each of the first `queries` of the batch
   */
  async rank(input: HostArray, queries: number, k: number, parameters?: Float32Array): Promise<Answer[][]> {
    const states = await this.encoder.encode(input, parameters);
    return Array.from({ length: queries }, (_, query) =>
      this.beam === undefined
        ? this.memory.exhaustive(states, query, k)
        : this.memory.beam(states, query, k, Math.max(k, this.beam)),
    );
  }

  release(): Promise<void> {
    return this.encoder.release();
  }
}
