import type { LicenceNotice, SkippedFile } from '@neurodex/datasets';
import type { DuplicateFacts } from '../pictures/duplicate-facts.ts';
import { columnBytes, FORMAT, versionOf } from './catalogue-layout.ts';
import type { CatalogueManifest } from './catalogue-manifest.ts';
import { type CatalogueRow, type CatalogueTarget, type PartColumns, PartWriter } from './part-writer.ts';

/** When a row group or a part is full. Row groups wait in memory until they are. */
export interface PartLimits {
  readonly groupRows: number;
  readonly groupBytes: number;
  readonly partRows: number;
  readonly partBytes: number;
}

/**
 * Few enough rows that a part is written anew in less than a second, when a picture of it is removed. Small pictures fill a part
 * with one group: each column of a group is read by itself when an index is opened.
 */
export const PART_LIMITS: PartLimits = {
  groupRows: 5_000,
  groupBytes: 8 << 20,
  partRows: 5_000,
  partBytes: 64 << 20,
};

/** What a row takes beside its thumbnail, at most, as a rule: names twice, labels, digests, page headers. */
const ROW_OVERHEAD = 768;

/** What a row takes of a row group, in bytes. */
export const groupBytesOf = ({ thumbnail, vectors = {} }: Pick<CatalogueRow, 'thumbnail' | 'vectors'>): number =>
  thumbnail.length + ROW_OVERHEAD + Object.values(vectors).reduce((sum, { byteLength }) => sum + byteLength, 0);

/** What all rows of a catalogue have. */
export type CatalogueLayout = Pick<
  CatalogueManifest,
  'size' | 'vectors' | 'embeddings' | 'states' | 'clusters' | 'metadata'
>;

/** What a manifest says of a catalogue beside its rows. */
export interface CatalogueFacts {
  readonly hasClasses: boolean;
  readonly givenRoles: boolean;
  readonly notices: readonly LicenceNotice[];
  readonly skipped: readonly SkippedFile[];
  readonly duplicates?: DuplicateFacts | undefined;
  /** By default, of all pictures. */
  readonly learnedIds?: number;
}

/** What a part of such a catalogue is made of. */
export const partColumns = (layout: CatalogueLayout): PartColumns => ({
  vectors: layout.vectors ?? {},
  columns: columnBytes(layout),
  ...(layout.metadata === true ? { metadata: true } : {}),
});

/**
 * Writes a catalogue folder as a stream, part by part: memory does not grow with the number of rows. Nothing can be opened
 * before `finish` has written the manifest.
 */
export class CatalogueWriter {
  private readonly target: CatalogueTarget;
  private readonly layout: CatalogueLayout;
  private readonly limits: PartLimits;
  private readonly parts: CatalogueManifest['parts'] = [];
  private part: PartWriter | undefined;
  private group: CatalogueRow[] = [];
  private groupBytes = 0;

  private readonly sync: boolean;

  /**
   * What the target throws, the methods throw.
   * @param sync whether the disk is to have each part before the next one is begun
   */
  constructor(target: CatalogueTarget, layout: CatalogueLayout, limits: PartLimits = PART_LIMITS, sync = false) {
    this.sync = sync;
    this.target = target;
    this.layout = layout;
    this.limits = limits;
  }

  /** @throws RangeError for a row whose id is not above those before */
  async append(row: CatalogueRow): Promise<void> {
    const bytes = groupBytesOf(row);
    const { groupRows, groupBytes } = this.limits;
    if (this.group.length > 0 && (this.group.length >= groupRows || this.groupBytes + bytes > groupBytes)) {
      await this.flushGroup();
    }
    this.group.push(row);
    this.groupBytes += bytes;
  }

  async finish(about: CatalogueFacts): Promise<CatalogueManifest> {
    const manifest = await this.describe(about);
    await this.target.describe(manifest);
    return manifest;
  }

  /** As `finish`, and the manifest is not written: for whoever puts the catalogue in the place of another one. */
  async describe(about: CatalogueFacts): Promise<CatalogueManifest> {
    await this.flushGroup();
    await this.finishPart();
    const { size, vectors = {}, embeddings, states, clusters, metadata } = this.layout;
    const end = (this.parts.at(-1)?.last ?? -1) + 1;
    return {
      format: FORMAT,
      version: versionOf(this.parts),
      size,
      rows: this.parts.reduce((sum, { rows }) => sum + rows, 0),
      builtIds: end,
      learnedIds: about.learnedIds ?? end,
      hasClasses: about.hasClasses,
      givenRoles: about.givenRoles,
      parts: this.parts,
      ...(embeddings === undefined ? {} : { embeddings }),
      ...(states === undefined ? {} : { states }),
      ...(clusters === undefined ? {} : { clusters }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(Object.keys(vectors).length > 0 ? { vectors } : {}),
      notices: [...about.notices],
      skipped: [...about.skipped],
      ...(about.duplicates === undefined ? {} : { duplicates: about.duplicates }),
    };
  }

  /** Closes the files and leaves them as they are; harmless after `finish`. */
  async close(): Promise<void> {
    await this.part?.close();
  }

  private async flushGroup(): Promise<void> {
    const { group, groupBytes, limits } = this;
    if (group.length === 0) return;
    if (this.part) {
      const full = this.part.rows + group.length > limits.partRows || this.part.bytes + groupBytes > limits.partBytes;
      if (full) await this.finishPart();
    }
    this.part ??= await PartWriter.create(this.target, partColumns(this.layout));
    await this.part.writeRowGroup(group);
    this.group = [];
    this.groupBytes = 0;
  }

  private async finishPart(): Promise<void> {
    if (!this.part) return;
    this.parts.push(await this.part.finish(this.sync));
    this.part = undefined;
  }
}
