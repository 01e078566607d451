import { closest } from 'fastest-levenshtein';
import { ApiError } from './api/problems.ts';
import type { PictureFacts } from './api/schemas.ts';
import type { HostedIndex } from './hosted-index.ts';

/** The indexes that are served. */
export class Host {
  readonly indexes: readonly HostedIndex[];
  private readonly byId: ReadonlyMap<string, HostedIndex>;

  /** @param indexes one or more, the default one first */
  constructor(indexes: readonly HostedIndex[]) {
    this.indexes = indexes;
    this.byId = new Map(indexes.map((index) => [index.id, index]));
  }

  /** @param id without it, the default index @throws ApiError `index-unknown` */
  index(id: string | undefined): HostedIndex {
    const found = id === undefined ? this.indexes[0] : this.byId.get(id);
    if (found !== undefined) return found;
    const wanted = (id ?? '').slice(0, 100);
    throw new ApiError('index-unknown', `there is no index ${JSON.stringify(wanted)} here`, {
      hint: `did you mean ${closest(wanted, [...this.byId.keys()])}? GET /v1/indexes lists them`,
    });
  }

  /** @throws ApiError `picture-unknown` */
  picture(id: string): { readonly from: HostedIndex; readonly row: number; readonly facts: PictureFacts } {
    const [, index = '', digits = ''] = /^([a-z0-9-]+)\.(0|[1-9]\d{0,14})$/.exec(id) ?? [];
    const from = this.byId.get(index);
    const row = Number(digits);
    const facts = digits === '' ? undefined : from?.picture(row);
    if (from === undefined || facts === undefined) throw unknownPicture(id);
    return { from, row, facts };
  }

  async close(): Promise<void> {
    for (const index of this.indexes) await index.close();
  }
}

export const unknownPicture = (id: string): ApiError =>
  new ApiError('picture-unknown', `there is no picture ${JSON.stringify(id.slice(0, 100))} here`, {
    hint: 'ids of pictures are <index>.<row>; GET /v1/indexes/<index>/pictures lists them',
  });
