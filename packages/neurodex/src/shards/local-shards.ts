import { defined } from '@neurodex/core';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { MemorySearch } from '../dsi/search/memory-search.ts';
import type { OpenShards } from './open-shards.ts';
import { picturesOf } from './shard-pictures.ts';
import type { RoutedShard, ShardAnswers, ShardPicture, ShardSource } from './shard-source.ts';

/** A shard that can be searched. */
export interface SearchableShard {
  readonly search: MemorySearch;
  /** Whether every identifier is compared, as its configuration says. */
  readonly isExact: boolean;
  readonly beam: number;
  readonly pictures: number;
  /** D */
  readonly width: number;
  readonly pictureOf: (row: number) => ShardPicture;
  /** PNG */
  readonly thumbnail: (row: number) => Promise<Uint8Array>;
  close(): Promise<void>;
}

/** @throws NeurodexError `index-damaged` and others of an index */
export async function openSearchable(folder: string): Promise<SearchableShard> {
  const artifact = await openArtifact(folder);
  try {
    return await searchable(artifact);
  } catch (error) {
    await artifact.close();
    throw error;
  }
}

async function searchable(artifact: IndexArtifact): Promise<SearchableShard> {
  const { model, table } = await artifact.network();
  const { beam, exactUpTo } = artifact.manifest.config.retrieval;
  const { width } = model.geometry;
  return {
    search: new MemorySearch(table, defined(model.memory, 'the memory of a shard'), width),
    isExact: table.trie.leafCount <= exactUpTo,
    beam: Math.min(beam, table.trie.leafCount),
    pictures: table.trie.leafCount,
    width,
    pictureOf: picturesOf(artifact.store),
    thumbnail: (row) => artifact.store.png(row),
    close: () => artifact.close(),
  };
}

/** Searches shards in this process: they are opened from the store when they are first asked. */
export class LocalShards implements ShardSource {
  private readonly shards: OpenShards<SearchableShard>;
  private readonly milliseconds: number | undefined;

  /** @param milliseconds that opening a shard may take; as long as it does by default */
  constructor(shards: OpenShards<SearchableShard>, milliseconds?: number) {
    this.shards = shards;
    this.milliseconds = milliseconds;
  }

  search(
    shard: RoutedShard,
    states: Float32Array,
    k: number,
    shares: readonly number[] = [],
  ): Promise<readonly ShardAnswers[]> {
    return this.shards.use(shard, (opened) => answersOf(opened, { states, k, shares }), this.milliseconds);
  }

  thumbnail(shard: RoutedShard, row: number): Promise<Uint8Array> {
    return this.shards.use(shard, (opened) => opened.thumbnail(row), this.milliseconds);
  }

  close(): Promise<void> {
    return this.shards.close();
  }
}

/** Prefixes of a depth that are looked into in any shard: a router says where the answers are likely, not where they are. */
const LEAST_BEAM = 4;

/**
 * Prefixes of a depth that a query looks into in a shard. Shares of 1 together give as many as an index of its own has, and find k answers.
 * @param beam of an index of its own @param share all of it by default
 */
export function beamOf(beam: number, k: number, share = 1): number {
  const whole = Math.max(k, beam);
  return Math.min(whole, Math.max(LEAST_BEAM, Math.ceil(whole * share)));
}

interface Asked {
  readonly states: Float32Array;
  readonly k: number;
  readonly shares: readonly number[];
}

function answersOf(
  { search, isExact, beam, pictures, width, pictureOf }: SearchableShard,
  { states, k, shares }: Asked,
) {
  return Array.from({ length: states.length / width }, (_, query): ShardAnswers => {
    const answers = isExact
      ? search.exhaustive(states, query, k)
      : // A share of more answers than the shard has would leave others short of theirs.
        search.beam(states, query, k, beamOf(beam, k, k < pictures ? shares[query] : 1));
    return {
      logSum: search.logSum,
      answers: answers.map(({ row, score }) => ({ row, score, picture: pictureOf(row) })),
    };
  });
}
