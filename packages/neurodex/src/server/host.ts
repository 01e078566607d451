import { closest } from 'fastest-levenshtein';
import { ApiError } from './api/problems.ts';
import type { FoundPicture, Hosted } from './hosted.ts';

/** A picture of an index that is served. */
export interface HostedPicture extends FoundPicture {
  readonly from: Hosted;
  /** Its number in every version of the index. */
  readonly number: number;
}

/** The indexes that are served, each in one version. A request keeps what it began with: versions that were replaced are closed behind it. */
export class Host {
  private served: readonly Hosted[];
  private byId: ReadonlyMap<string, Hosted>;
  /** Grows with every replacement. */
  private generation = 0;
  /** Requests under way, by the generation that they began in. */
  private readonly underWay = new Map<number, number>();
  private replaced: { readonly index: Hosted; readonly generation: number }[] = [];
  private readonly closing = new Set<Promise<void>>();

  /** @param indexes one or more, the default one first */
  constructor(indexes: readonly Hosted[]) {
    this.served = indexes;
    this.byId = byId(indexes);
  }

  get indexes(): readonly Hosted[] {
    return this.served;
  }

  /** From the next request on, another version of the index at this place answers. */
  replace(place: number, next: Hosted): void {
    const before = this.served[place];
    if (before === undefined || before.id !== next.id) throw new RangeError(`there is no index ${next.id} at ${place}`);
    next.hideAs(before);
    this.served = this.served.with(place, next);
    this.byId = byId(this.served);
    this.replaced.push({ index: before, generation: this.generation });
    this.generation++;
    this.closeReplaced();
  }

  /** A request begins. @returns to be called when it has ended, once */
  enter(): () => void {
    const { generation, underWay } = this;
    underWay.set(generation, (underWay.get(generation) ?? 0) + 1);
    return () => {
      const left = (underWay.get(generation) ?? 0) - 1;
      if (left > 0) underWay.set(generation, left);
      else underWay.delete(generation);
      this.closeReplaced();
    };
  }

  /** Closes the versions that no request can still be reading. */
  private closeReplaced(): void {
    const oldest = Math.min(...this.underWay.keys());
    const [free, kept] = [
      this.replaced.filter(({ generation }) => generation < oldest),
      this.replaced.filter(({ generation }) => generation >= oldest),
    ];
    this.replaced = kept;
    for (const { index } of free) {
      const closed = index.close().finally(() => this.closing.delete(closed));
      this.closing.add(closed);
    }
  }

  /** @param id without it, the default index @throws ApiError `index-unknown` */
  index(id: string | undefined): Hosted {
    const found = id === undefined ? this.indexes[0] : this.byId.get(id);
    if (found !== undefined) return found;
    const wanted = (id ?? '').slice(0, 100);
    throw new ApiError('index-unknown', `there is no index ${JSON.stringify(wanted)} here`, {
      hint: `did you mean ${closest(wanted, [...this.byId.keys()])}? GET /v1/indexes lists them`,
    });
  }

  /** @param within the version of its index that is looked at; the one that is served by default @throws ApiError `picture-unknown` */
  async picture(id: string, within?: Hosted): Promise<HostedPicture> {
    const [, index = '', digits = ''] = /^([a-z0-9-]+)\.(0|[1-9]\d{0,14})$/.exec(id) ?? [];
    const from = within?.id === index ? within : this.byId.get(index);
    const number = Number(digits);
    const found = digits === '' ? undefined : await from?.find(number);
    if (from === undefined || found === undefined) throw unknownPicture(id);
    return { from, number, ...found };
  }

  /** A picture is to be removed: from now on no version of its index shows it. @param picture its number */
  hide(index: string, picture: number): void {
    for (const version of this.versions(index)) version.hide(picture);
  }

  /** It could not be removed. */
  show(index: string, picture: number): void {
    for (const version of this.versions(index)) version.show(picture);
  }

  /** The one that is served, and those of the same build that requests are still reading. */
  private versions(index: string): Hosted[] {
    const served = this.byId.get(index);
    if (served === undefined) return [];
    const { created } = served.version;
    const before = this.replaced.map(({ index: version }) => version);
    return [served, ...before.filter((each) => each.id === index && each.version.created === created)];
  }

  /** @param picture its id, or the number in it alone @throws ApiError `index-unknown`, `picture-unknown` */
  async pictureIn(index: string, picture: string): Promise<HostedPicture> {
    const { id } = this.index(index);
    const found = await this.picture(/^\d+$/.test(picture) ? `${id}.${picture}` : picture);
    if (found.from.id !== id) throw unknownPicture(picture);
    return found;
  }

  async close(): Promise<void> {
    for (const index of [...this.served, ...this.replaced.map(({ index }) => index)]) await index.close();
    await Promise.all(this.closing);
  }
}

const byId = (indexes: readonly Hosted[]): ReadonlyMap<string, Hosted> =>
  new Map(indexes.map((index) => [index.id, index]));

export const unknownPicture = (id: string): ApiError =>
  new ApiError('picture-unknown', `there is no picture ${JSON.stringify(id.slice(0, 100))} here`, {
    hint: 'ids of pictures are <index>.<number>; GET /v1/indexes/<index>/pictures lists them',
  });
