import { availableParallelism } from 'node:os';
import type { Runtime } from '@neurodex/autograd';
import { defined, type FailedInput, failedInput, NeurodexError, type Reporter } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { SourcePicture } from '@neurodex/datasets';
import { type DescribedPicture, MANY, PictureDescriber, type ReadPicture } from '../../changes/describe-pictures.ts';
import { bestShards } from '../router.ts';
import type { UnitChange } from './change-unit.ts';
import { pictureNumber, type Unit } from './picture-numbers.ts';
import { findPictures } from './place-names.ts';
import type { ShardPlace } from './shard-place.ts';

/** Pictures that a change adds at the most, and bytes of them: they wait in memory. */
const [TOGETHER, MOST_BYTES] = [4096, 256 << 20];
/** A shard grows to so many times the average size; further pictures go to the next likely one. */
const MOST_GROWTH = 2;

export interface AddToShardsOptions {
  readonly runtime: Runtime;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** What has become of pictures. Numbers are `pictureNumber`s. */
export interface ShardAddition {
  readonly added: readonly {
    readonly id: number;
    readonly path: string;
    readonly shard: number;
    readonly identifier: string;
  }[];
  /** Pictures whose bytes are in the index already, and the picture that has them. */
  readonly known: readonly { readonly path: string; readonly as: string }[];
  readonly failed: readonly FailedInput[];
}

/**
 * Adds pictures to an index in shards: each to the shard that is asked first for such a picture. Thousands come in one step, so that
 * what was added stays added, whatever happens then.
 * @throws NeurodexError `interrupted`, `run-locked`, `object-*`, `store-*`, `disk-full`
 */
export async function addToShards(
  place: ShardPlace,
  sources: readonly SourcePicture[],
  { runtime, reporter, signal }: AddToShardsOptions,
): Promise<ShardAddition> {
  const describer = await place.reading('sample', (artifact) => PictureDescriber.open(artifact, runtime, reporter));
  try {
    const adding = new Adding(place, describer);
    let done = 0;
    const width = 2 * availableParallelism();
    const read = (source: SourcePicture): Promise<ReadPicture | FailedInput> =>
      describer.read(source).catch((error: unknown) => failedInput(source.path, error));
    for await (const each of inOrder(sources, width, read)) {
      throwIfInterrupted(signal);
      await adding.take(each);
      reporter.progress({ phase: 'add', done: ++done, total: sources.length, unit: 'pictures' });
    }
    return await adding.finish();
  } finally {
    await describer.close();
  }
}

/** Pictures on their way into shards. */
class Adding {
  private readonly place: ShardPlace;
  private readonly describer: PictureDescriber;
  private readonly added: ShardAddition['added'][number][] = [];
  private readonly known: ShardAddition['known'][number][] = [];
  private readonly failed: FailedInput[] = [];
  private waiting: ReadPicture[] = [];
  private bytes = 0;

  constructor(place: ShardPlace, describer: PictureDescriber) {
    this.place = place;
    this.describer = describer;
  }

  async take(read: ReadPicture | FailedInput): Promise<void> {
    if ('code' in read) {
      this.failed.push(read);
      return;
    }
    this.waiting.push(read);
    this.bytes += read.pixels.length + read.thumbnail.length;
    if (this.waiting.length >= TOGETHER || this.bytes >= MOST_BYTES) await this.commit();
  }

  async finish(): Promise<ShardAddition> {
    await this.commit();
    const { added, known, failed } = this;
    return { added, known, failed };
  }

  private async commit(): Promise<void> {
    const waiting = this.waiting;
    [this.waiting, this.bytes] = [[], 0];
    const byShard = await this.shared(await this.describe(await this.fresh(waiting)));
    if (byShard.size === 0) return;
    const changes = new Map<Unit, UnitChange>(
      [...byShard].sort(([a], [b]) => a - b).map(([shard, add]) => [shard, { add, remove: [] }]),
    );
    const changed = await this.place.change(changes);
    for (const [shard, pictures] of byShard) {
      for (const [i, { source }] of pictures.entries()) {
        const { id, identifier } = defined(changed.get(shard)?.added[i], 'a picture that was added');
        const number = pictureNumber(this.place.shards, shard, id);
        this.added.push({ id: number, path: source.path, shard, identifier: `${shard}/${identifier}` });
      }
    }
  }

  /** Those whose bytes and names are new. */
  private async fresh(read: readonly ReadPicture[]): Promise<ReadPicture[]> {
    const wanted = read.map(({ source, sha256 }) => ({ paths: source.path, files: sha256 }));
    const found = await findPictures(this.place, wanted);
    const byFile = new Map<string, string>();
    const paths = new Set<string>();
    return read.filter(({ source: { path }, sha256 }, i) => {
      const same = byFile.get(sha256) ?? found[i]?.find((each) => each.sha256 === sha256)?.path;
      if (same !== undefined) {
        this.known.push({ path, as: same });
        return false;
      }
      if (paths.has(path) || found[i]?.some((each) => each.path === path)) {
        this.failed.push(failedInput(path, taken(path)));
        return false;
      }
      byFile.set(sha256, path);
      paths.add(path);
      return true;
    });
  }

  private async describe(read: readonly ReadPicture[]): Promise<DescribedPicture[]> {
    const described: DescribedPicture[] = [];
    for (let i = 0; i < read.length; i += MANY)
      described.push(...(await this.describer.describe(read.slice(i, i + MANY))));
    return described;
  }

  /** By the shard that is asked first for such a picture, of those that are not too large. */
  private async shared(described: readonly DescribedPicture[]): Promise<Map<number, DescribedPicture[]>> {
    const byShard = new Map<number, DescribedPicture[]>();
    if (described.length === 0) return byShard;
    const router = await this.place.openRouter();
    const sizes = this.place.router.shards.map(({ pictures }) => pictures);
    const total = sizes.reduce((sum, size) => sum + size, described.length);
    const most = Math.ceil((MOST_GROWTH * total) / sizes.length);
    for (const picture of described) {
      const state = defined(picture.state, 'the state of a picture');
      const likely = bestShards(router.logSums(state, 0), sizes.length);
      const shard = defined(
        likely.find((each) => (sizes[each] ?? NaN) < most),
        'a shard with room',
      );
      sizes[shard] = (sizes[shard] ?? NaN) + 1;
      const own = byShard.get(shard);
      if (own === undefined) byShard.set(shard, [picture]);
      else own.push(picture);
    }
    return byShard;
  }
}

const taken = (path: string): NeurodexError =>
  new NeurodexError('picture-changed', `the index has another picture with the name ${path}`, {
    hint: 'remove that one first',
    details: { picture: path },
  });
