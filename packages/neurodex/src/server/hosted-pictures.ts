import { ROLES, type Role } from '@neurodex/datasets/names';
import { placeOf } from '../changes/rewrite-parts.ts';
import { countParts, pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { pictureNumber, placeOfNumber } from '../shards/changes/picture-numbers.ts';
import type { OpenShards } from '../shards/open-shards.ts';
import type { RouterRecord } from '../shards/records.ts';
import type { ShardCatalogue } from '../shards/shard-catalogue.ts';
import type { ShardPicture } from '../shards/shard-source.ts';
import { routedShard } from '../shards/sharded-index.ts';
import type { Index } from '../systems/open-index.ts';
import { ApiError } from './api/problems.ts';
import type { IndexCard, PictureFacts, PicturePage } from './api/schemas.ts';
import type { BasePath } from './base-path.ts';
import type { FoundPicture, Page } from './hosted.ts';
import { factsOf, VERSION_LENGTH } from './picture-facts.ts';
import { isOfStore } from './shard-answers.ts';

export interface HostedPicturesOptions {
  /** The id of the index. */
  readonly index: string;
  readonly basePath: BasePath | undefined;
  /** The index of the sample, whose queries are those of all shards. */
  readonly base: Index;
  readonly record: RouterRecord;
  readonly shards: OpenShards<ShardCatalogue>;
  /** Told why pictures of a shard cannot be read. */
  readonly onFault: (reason: unknown) => void;
}

/** Milliseconds that opening the pictures of a shard may take. */
const OPENING = 10_000;
const QUERY_ROLES = ROLES.filter((role): role is Exclude<Role, 'catalogue'> => role !== 'catalogue');

/** Where the pictures of a part of the list begin, and how many there are. */
interface Section {
  readonly first: number;
  readonly count: number;
  readonly facts: (from: number, to: number) => Promise<PictureFacts[]>;
}

/** The pictures of an index in shards: those of the shards, one shard behind the other, and the queries of the sample. */
export class HostedPictures {
  /** N */
  readonly catalogue: number;
  readonly queries: IndexCard['queries'];
  private readonly options: HostedPicturesOptions;
  /** S */
  private readonly count: number;

  constructor(options: HostedPicturesOptions) {
    const { record, base } = options;
    this.options = options;
    this.count = record.shards.length;
    this.catalogue = record.shards.reduce((sum, { pictures }) => sum + pictures, 0);
    const { catalogue: _, ...queries } = countParts(base.store);
    this.queries = queries;
  }

  /** @param number of a picture of a shard */
  factsOf(number: number, { path, labels, identifier, stored }: ShardPicture): PictureFacts {
    const { index, basePath } = this.options;
    const { unit } = placeOfNumber(this.count, number);
    // The first token is the shard.
    const picture = { id: number, path, labels, role: 'catalogue', identifier: `${unit}/${identifier}` } as const;
    return factsOf(index, stored.slice(0, VERSION_LENGTH), picture, basePath);
  }

  /** Undefined where there is none of this number. @throws ApiError `shards-unavailable` */
  async find(number: number): Promise<FoundPicture | undefined> {
    const { unit: shard, id } = placeOfNumber(this.count, number);
    if (shard === 'sample') return this.findQuery(number, id);
    return await this.use(shard, ({ store, pictureOf }) => {
      const row = rowOf(store.rows, id);
      if (row === undefined) return undefined;
      const picture = pictureOf(row);
      return {
        row: number,
        facts: this.factsOf(number, picture),
        digest: picture.stored.slice(0, VERSION_LENGTH),
        image: () => this.use(shard, (opened) => opened.store.png(row)),
        asked: () =>
          this.use(shard, async (opened) => ({
            query: {
              pixels: pixelsOf(opened.store, row),
              thumbnail: await opened.store.png(row),
              row: undefined,
            },
            relevant: null,
          })),
      };
    });
  }

  /** @throws ApiError `parameter-invalid` for a label; `shards-unavailable` */
  async page({ role, label, offset, limit }: Page): Promise<PicturePage> {
    if (label !== undefined) throw unlabelled(this.options.index);
    const sections = this.sections(role);
    const pictures: PictureFacts[] = [];
    for (const { first, count, facts } of sections) {
      const [from, to] = [Math.max(0, offset - first), Math.min(count, offset + limit - first)];
      if (from < to) pictures.push(...(await facts(from, to)));
    }
    const total = sections.reduce((sum, { count }) => sum + count, 0);
    return { total, offset, labels: [], pictures };
  }

  private sections(role: Role | undefined): Section[] {
    const { record, base } = this.options;
    const sections: Section[] = [];
    let first = 0;
    const add = (count: number, facts: Section['facts']): void => {
      sections.push({ first, count, facts });
      first += count;
    };
    if (role === undefined || role === 'catalogue') {
      for (const [shard, { pictures }] of record.shards.entries()) {
        add(pictures, (from, to) => this.inShard(shard, from, to));
      }
    }
    for (const split of QUERY_ROLES) {
      if (role !== undefined && role !== split) continue;
      const queries = base.store.queries(split);
      add(queries.length, async (from, to) => queries.slice(from, to).map((picture) => this.queryFacts(picture)));
    }
    return sections;
  }

  private inShard(shard: number, from: number, to: number): Promise<PictureFacts[]> {
    return this.use(shard, ({ pictureOf }) =>
      Array.from({ length: to - from }, (_, i) => {
        const picture = pictureOf(from + i);
        return this.factsOf(pictureNumber(this.count, shard, picture.id), picture);
      }),
    );
  }

  /** Catalogue pictures of the sample are in shards, under other numbers. */
  private findQuery(number: number, id: number): FoundPicture | undefined {
    const { store } = this.options.base;
    const row = rowOf(store.rows, id);
    const picture = row === undefined ? undefined : store.rows[row];
    if (row === undefined || picture === undefined || picture.role === 'catalogue') return undefined;
    return {
      row: number,
      facts: this.queryFacts(picture),
      digest: this.baseDigest(row),
      image: () => store.png(row),
      asked: async () => ({ query: { pixels: pixelsOf(store, row), thumbnail: undefined, row }, relevant: null }),
    };
  }

  private queryFacts(picture: StoredPicture): PictureFacts {
    const { index, basePath } = this.options;
    const id = pictureNumber(this.count, 'sample', picture.id);
    return factsOf(index, this.baseDigest(picture.row), { ...picture, id }, basePath);
  }

  private baseDigest(row: number): string {
    let end = 0;
    for (const { rows, pictures } of this.options.base.store.manifest.parts) {
      end += rows;
      if (row < end) return pictures.sha256.slice(0, VERSION_LENGTH);
    }
    return '';
  }

  /** @throws ApiError `shards-unavailable` */
  private async use<R>(shard: number, work: (opened: ShardCatalogue) => R | Promise<R>): Promise<R> {
    const { shards, record, onFault } = this.options;
    try {
      return await shards.use(routedShard(record, shard), work, OPENING);
    } catch (error) {
      if (!isOfStore(error)) throw error;
      onFault(error);
      throw new ApiError('shards-unavailable', `the pictures of shard ${shard} cannot be read now`, {
        hint: 'try again',
        retryAfter: 5,
        cause: error,
      });
    }
  }
}

function rowOf(rows: readonly StoredPicture[], id: number): number | undefined {
  const row = placeOf(rows, id);
  return rows[row]?.id === id ? row : undefined;
}

const unlabelled = (index: string): ApiError =>
  new ApiError('parameter-invalid', `the pictures of ${index}, an index in shards, are not listed by label`, {
    hint: 'leave label out, or search for its words',
  });
