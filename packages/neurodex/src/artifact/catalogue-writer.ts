import { join } from 'node:path';
import { type ChunkedDigest, HashedFile, makeFolder } from '@neurodex/core/storage';
import type { LicenceNotice, SkippedFile } from '@neurodex/datasets';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { DuplicateFacts } from '../pictures/duplicate-facts.ts';
import { type CatalogueManifest, FORMAT, PIXELS_FILE, VERSION, writeManifest } from './catalogue-manifest.ts';
import { type ShardRow, ShardWriter } from './shard.ts';

/** When a row group or a shard is full. Row groups wait in memory until they are. */
export interface ShardLimits {
  readonly groupRows: number;
  readonly groupBytes: number;
  readonly shardRows: number;
  readonly shardBytes: number;
}

export const SHARD_LIMITS: ShardLimits = {
  groupRows: 500,
  groupBytes: 8 << 20,
  shardRows: 5_000,
  shardBytes: 64 << 20,
};

/** What a row takes beside its thumbnail, at most, as a rule: names twice, labels, page headers. */
const ROW_OVERHEAD = 512;

/**
 * Writes a catalogue folder as a stream: memory does not grow with the number of rows. Pixels and rows are appended
 * apart, both in row order, because roles and identifiers are known only when every picture has been decoded.
 * Nothing can be opened before `finish` has written the manifest.
 */
export class CatalogueWriter {
  private readonly folder: string;
  private readonly size: number;
  private readonly limits: ShardLimits;
  private readonly pixels: HashedFile | undefined;
  private readonly shards: CatalogueManifest['shards'] = [];
  private shard: ShardWriter | undefined;
  private group: ShardRow[] = [];
  private groupBytes = 0;
  private vectors: NonNullable<CatalogueManifest['vectors']> = {};
  private pixelRows = 0;
  private pixelDigest: ChunkedDigest | undefined;
  private rows = 0;

  private constructor(folder: string, size: number, limits: ShardLimits, pixels: HashedFile | undefined) {
    this.folder = folder;
    this.size = size;
    this.limits = limits;
    this.pixels = pixels;
  }

  /**
   * @param folder made when it is not there
   * @param size edge of a stored picture in pixels
   * @throws NeurodexError `disk-full`, `output-unwritable`, as do the other methods
   */
  static async create(folder: string, size: number, limits: ShardLimits = SHARD_LIMITS): Promise<CatalogueWriter> {
    await makeFolder(folder);
    return new CatalogueWriter(folder, size, limits, await HashedFile.create(join(folder, PIXELS_FILE)));
  }

  /** As `create`, for a folder whose pixels are complete. @param pixels how many rows the file has, and its digest */
  static over(
    folder: string,
    size: number,
    pixels: { readonly rows: number; readonly digest: ChunkedDigest },
    limits: ShardLimits = SHARD_LIMITS,
  ): CatalogueWriter {
    const writer = new CatalogueWriter(folder, size, limits, undefined);
    writer.pixelRows = pixels.rows;
    writer.pixelDigest = pixels.digest;
    return writer;
  }

  /** @param pixels uint8 [size, size, 3] of the next row */
  async appendPixels(pixels: Uint8Array): Promise<void> {
    if (pixels.length !== pictureBytes(this.size)) {
      throw new RangeError(`a picture of size ${this.size} has ${pictureBytes(this.size)} bytes, not ${pixels.length}`);
    }
    if (this.pixels === undefined) throw new RangeError('the pixels of this folder are complete');
    await this.pixels.append(pixels);
    this.pixelRows++;
  }

  /** Columns of vectors, declared before the first row. */
  declareVectors(vectors: NonNullable<CatalogueManifest['vectors']>): void {
    if (this.rows > 0) throw new RangeError('vectors are declared before the first row');
    this.vectors = vectors;
  }

  async appendRow(row: Omit<ShardRow, 'row'>): Promise<void> {
    const vectors = Object.values(row.vectors ?? {});
    const bytes = row.thumbnail.length + ROW_OVERHEAD + vectors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const { groupRows, groupBytes } = this.limits;
    if (this.group.length > 0 && (this.group.length >= groupRows || this.groupBytes + bytes > groupBytes)) {
      await this.flushGroup();
    }
    this.group.push({ ...row, row: this.rows++ });
    this.groupBytes += bytes;
  }

  async finish(about: {
    hasClasses: boolean;
    notices: readonly LicenceNotice[];
    skipped: readonly SkippedFile[];
    duplicates?: DuplicateFacts;
    embeddings?: CatalogueManifest['embeddings'];
  }): Promise<CatalogueManifest> {
    if (this.pixelRows !== this.rows) throw new RangeError(`${this.rows} rows, but pixels of ${this.pixelRows}`);
    await this.flushGroup();
    await this.finishShard();
    const pixels = this.pixelDigest ?? (await this.pixels?.finish());
    if (pixels === undefined) throw new RangeError('the catalogue has no pixels');
    const manifest: CatalogueManifest = {
      format: FORMAT,
      version: VERSION,
      size: this.size,
      rows: this.rows,
      hasClasses: about.hasClasses,
      shards: this.shards,
      pixels: { file: PIXELS_FILE, ...pixels },
      ...(Object.keys(this.vectors).length > 0 ? { vectors: this.vectors } : {}),
      ...(about.embeddings === undefined ? {} : { embeddings: about.embeddings }),
      notices: [...about.notices],
      skipped: [...about.skipped],
      ...(about.duplicates === undefined ? {} : { duplicates: about.duplicates }),
    };
    await writeManifest(this.folder, manifest);
    return manifest;
  }

  /** Closes the files and leaves them as they are; harmless after `finish`. */
  async close(): Promise<void> {
    await this.pixels?.close();
    await this.shard?.close();
  }

  private async flushGroup(): Promise<void> {
    const { group, groupBytes, limits } = this;
    if (group.length === 0) return;
    if (this.shard) {
      const full =
        this.shard.rows + group.length > limits.shardRows || this.shard.bytes + groupBytes > limits.shardBytes;
      if (full) await this.finishShard();
    }
    this.shard ??= await ShardWriter.create(join(this.folder, shardName(this.shards.length)), this.vectors);
    await this.shard.writeRowGroup(group);
    this.group = [];
    this.groupBytes = 0;
  }

  private async finishShard(): Promise<void> {
    if (!this.shard) return;
    const { rows } = this.shard;
    const digest = await this.shard.finish();
    this.shards.push({ file: shardName(this.shards.length), rows, ...digest });
    this.shard = undefined;
  }
}

const shardName = (index: number): string => `part-${String(index).padStart(5, '0')}.parquet`;
