import { availableParallelism } from 'node:os';
import { errorMessage, NeurodexError, type Reporter } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import { Availability, type SkippedFile, type SourcePicture } from '@neurodex/datasets';
import type { ObjectStore } from '@neurodex/objects';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import { groupBytesOf } from '../artifact/catalogue-writer.ts';
import { MANY, type PictureDescriber, type ReadPicture } from '../changes/describe-pictures.ts';
import { rowOf } from '../changes/picture-rows.ts';
import { ShardAssigner, type ShardCentres } from './balanced-clusters.ts';
import type { PlanWork, SegmentRecord } from './plan-work.ts';
import { Segment } from './segment.ts';

export interface ContentsOptions {
  /** Where the catalogue pictures are from, in the order of their ids. */
  readonly source: string;
  readonly pictures: readonly SourcePicture[];
  /** SHA-256 of the files of queries: a copy of one is in no shard. */
  readonly queries: ReadonlySet<string>;
  readonly describer: PictureDescriber;
  readonly centres: ShardCentres;
  /** Pictures of a shard at most. */
  readonly capacity: number;
  /** Of the catalogue of every shard. */
  readonly layout: CatalogueManifest;
  readonly work: PlanWork;
  readonly store: ObjectStore;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Pictures that are decoded at a time: one is decoded before the next one can be handed on. */
const LEAST_IN_WORK = 8;
/** The cluster of a picture whose shard is not divided yet. */
const UNDIVIDED = '';

/**
 * Reads every picture once, gives it to a shard and puts it into the store, segment by segment; goes on behind the last segment that is
 * complete. A picture that cannot be used is skipped and listed.
 * @throws NeurodexError `source-unusable` where the source went away, `interrupted`, `disk-full`, `output-unwritable`, `store-*`
 */
export async function writeContents(options: ContentsOptions): Promise<readonly SegmentRecord[]> {
  const { work, pictures, centres, reporter } = options;
  const segments = await work.segments();
  const counts = new Int32Array(centres.count);
  for (const [shard, { rows }] of segments.flatMap(({ parts }) => parts)) counts[shard] = (counts[shard] ?? NaN) + rows;
  const first = segments.at(-1)?.end ?? 0;
  if (first > 0) reporter.info(`going on behind ${first} of ${pictures.length} pictures`);
  const writer = new ContentsWriter(options, new ShardAssigner(centres, options.capacity, counts), segments);
  const width = Math.max(LEAST_IN_WORK, 2 * availableParallelism());
  const availability = new Availability(options.source);
  const ahead = pictures.slice(first);
  for await (const read of inOrder(ahead, width, (source) => readOrReason(options, source))) {
    throwIfInterrupted(options.signal);
    availability.add('error' in read ? read.error : undefined);
    await writer.take(read);
  }
  availability.check();
  await writer.finish();
  return segments;
}

type Read = ReadPicture | (SkippedFile & { readonly error: NeurodexError });

const readOrReason = async ({ describer }: ContentsOptions, source: SourcePicture): Promise<Read> => {
  try {
    return await describer.read(source);
  } catch (error) {
    if (!(error instanceof NeurodexError && error.code.startsWith('picture-'))) throw error;
    return { path: source.path, reason: errorMessage(error), error };
  }
};

class ContentsWriter {
  private readonly options: ContentsOptions;
  private readonly assigner: ShardAssigner;
  private readonly segments: SegmentRecord[];
  private segment = new Segment();
  private waiting: { readonly id: number; readonly read: ReadPicture }[] = [];
  private skipped: SkippedFile[] = [];
  private copies = 0;
  /** Place of the next picture. */
  private next: number;

  constructor(options: ContentsOptions, assigner: ShardAssigner, segments: SegmentRecord[]) {
    this.options = options;
    this.assigner = assigner;
    this.segments = segments;
    this.next = segments.at(-1)?.end ?? 0;
  }

  async take(read: Read): Promise<void> {
    const { reporter, queries, pictures } = this.options;
    const id = this.next++;
    if ('error' in read) {
      this.skipped.push({ path: read.path, reason: read.reason });
      reporter.warn(`skipped ${read.path}: ${read.reason}`, { path: read.path });
    } else if (queries.has(read.sha256)) this.copies++;
    else this.waiting.push({ id, read });
    if (this.waiting.length === MANY) await this.describe();
    reporter.progress({ phase: 'shards', done: this.next, total: pictures.length, unit: 'pictures' });
    if (this.segment.isFull) await this.flush();
  }

  async finish(): Promise<void> {
    if (this.next > (this.segments.at(-1)?.end ?? 0)) await this.flush();
  }

  private async describe(): Promise<void> {
    const { waiting } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    const described = await this.options.describer.describe(waiting.map(({ read }) => read));
    for (const [i, picture] of described.entries()) {
      const { id } = waiting[i] ?? { id: NaN };
      const { state, pixels, embeddings } = picture;
      const row = rowOf(picture, id, UNDIVIDED);
      const bytes = groupBytesOf(row) + pixels.byteLength + (embeddings?.byteLength ?? 0);
      this.segment.add(this.assigner.assign(state ?? new Float32Array(this.options.centres.width)), row, bytes);
    }
  }

  private async flush(): Promise<void> {
    const { work, layout, store } = this.options;
    await this.describe();
    const parts = await this.segment.write(work.parts, layout, store);
    const record = { end: this.next, parts, skipped: this.skipped, copies: this.copies };
    await work.writeSegment(this.segments.length, record);
    this.segments.push(record);
    this.segment = new Segment();
    this.skipped = [];
    this.copies = 0;
  }
}
