import { basename, resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { placeOf } from '../changes/rewrite-parts.ts';
import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import { FINE_BATCHES } from '../dsi/search/batch-sizes.ts';
import { knownRelevantRows } from '../evaluation/relevance.ts';
import { countParts, pixelsOf } from '../pictures/picture-store.ts';
import type { QueryKind } from '../query/query.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import type { Index } from '../systems/open-index.ts';
import { hasSystem, refuseUnaccepted, systemsFor } from '../systems/systems.ts';
import { ApiError } from './api/problems.ts';
import type { IndexCard, IndexDetails, PictureFacts, PicturePage } from './api/schemas.ts';
import type { BasePath } from './base-path.ts';
import type { Batcher, Waiting } from './batcher.ts';
import { type BatchingOptions, batcherOf, nonesBatcher } from './batching.ts';
import type { FoundPicture, Hosted, HostedVersion, Page, Reading } from './hosted.ts';
import { detailsOf, nameOf, ofNetwork, readingOf } from './index-details.ts';
import { Judging, TELLERS } from './judging.ts';
import { ListedPictures } from './listed-pictures.ts';
import { countsOf, digestsOf, factsOf, VERSION_LENGTH } from './picture-facts.ts';
import type { PlainQuery, Ranker, Ranking, RankVersion } from './ranker.ts';

export interface HostingOptions extends BatchingOptions {
  readonly isDefault: boolean;
  /** What ranks. */
  readonly device: Device;
  /** Before the addresses of pictures: where the server is below the root of its host. */
  readonly basePath?: BasePath | undefined;
  /** The version that it is to replace. */
  readonly before?: HostedIndex | undefined;
  /** Whether the server takes changes. */
  readonly takesChanges: boolean;
}

/** One version of an index as it is served: everything that answers say of it. */
export class HostedIndex implements Hosted {
  readonly id: string;
  readonly index: Index;
  readonly version: HostedVersion;
  readonly reading: Reading;
  readonly shards = undefined;
  readonly card: IndexCard;
  readonly details: IndexDetails;
  /** The stored picture of a row, PNG. */
  private readonly image: (row: number) => Promise<Uint8Array>;
  private readonly facts: readonly PictureFacts[];
  /** Of the parts of the catalogue, with the row behind the last one of each. */
  private readonly digests: readonly { readonly end: number; readonly digest: string }[];
  private readonly listed: ListedPictures;
  /** Systems that look at more of a query than the network's pixels. */
  readonly lookAtThumbnails: ReadonlySet<SystemName>;
  /** Rows of pictures that are about to be removed. */
  private readonly hiddenRows = new Set<number>();
  private readonly ranker: Ranker;
  /** What is known of the relevance of answers. */
  readonly judging: Judging;
  private readonly batchers: ReadonlyMap<SystemName, Batcher<PlainQuery, Ranking>>;
  private readonly nones: Batcher<PlainQuery, number | undefined>;

  private constructor(
    id: string,
    index: Index,
    opened: {
      readonly patchesPerSide: number | null;
      readonly lookAtThumbnails: ReadonlySet<SystemName>;
      readonly image: (row: number) => Promise<Uint8Array>;
      readonly ranker: Ranker;
      readonly judging: Judging;
    } & HostingOptions,
  ) {
    this.id = id;
    this.index = index;
    this.version = index.manifest;
    this.reading = readingOf(index);
    this.image = opened.image;
    this.ranker = opened.ranker;
    this.judging = opened.judging;
    this.lookAtThumbnails = opened.lookAtThumbnails;
    const systems = SYSTEM_NAMES.filter((name) => hasSystem(name, index.manifest));
    const alone = opened.device === 'cpu' && index.manifest.encoder === undefined;
    this.batchers = new Map(systems.map((system) => [system, batcherOf(system, { ...opened, id, alone })]));
    this.nones = nonesBatcher(opened);
    this.digests = digestsOf(index.store);
    this.facts = index.store.rows.map((picture) => factsOf(id, this.digest(picture.row), picture, opened.basePath));
    this.listed = new ListedPictures(this.facts);
    this.card = this.cardOf(opened);
    this.details = {
      ...this.card,
      ...detailsOf(index, { patchesPerSide: opened.patchesPerSide, relevance: this.judging.facts }),
    };
  }

  /** @throws NeurodexError `index-damaged` */
  static async open(id: string, index: Index, ranker: Ranker, options: HostingOptions): Promise<HostedIndex> {
    const { before } = options;
    const known =
      before?.isOfBuild(index.manifest) === true
        ? { patchesPerSide: before.details.patchesPerSide, lookAtThumbnails: before.lookAtThumbnails }
        : await ofNetwork(index);
    const { patchesPerSide, lookAtThumbnails } = known;
    const judging = await Judging.of(index, before);
    const opened = { ranker, judging, image: index.store.png, patchesPerSide, lookAtThumbnails };
    return new HostedIndex(id, index, { ...options, ...opened });
  }

  get systems(): readonly SystemName[] {
    return this.index.manifest.systems;
  }

  has(system: SystemName): boolean {
    return hasSystem(system, this.index.manifest);
  }

  systemsFor(kind: QueryKind): readonly SystemName[] {
    return systemsFor(kind, this.index.manifest);
  }

  refuseUnaccepted(system: SystemName, kind: QueryKind): void {
    refuseUnaccepted(system, [{ kind }], this.index.manifest);
  }

  announce(system: SystemName): () => void {
    return this.batcher(system).announce();
  }

  queues(): { index: string; system: SystemName; waiting: number }[] {
    return [...this.batchers].map(([system, { waiting }]) => ({ index: this.id, system, waiting }));
  }

  async picture(row: number): Promise<PictureFacts | undefined> {
    return this.hiddenRows.has(row) ? undefined : this.facts[row];
  }

  async find(number: number): Promise<FoundPicture | undefined> {
    const row = this.rowOf(number);
    const facts = row === undefined ? undefined : await this.picture(row);
    if (row === undefined || facts === undefined) return undefined;
    const { store } = this.index;
    return {
      row,
      facts,
      digest: this.digest(row),
      image: () => this.image(row),
      asked: async () => ({
        query: { pixels: pixelsOf(store, row), thumbnail: undefined, row },
        relevant: knownRelevantRows(store, defined(store.rows[row], `picture ${row}`)),
      }),
    };
  }

  /** The row of a picture in this version; undefined where it has no picture with this number. */
  private rowOf(id: number): number | undefined {
    const { rows } = this.index.store;
    const row = placeOf(rows, id);
    return rows[row]?.id === id ? row : undefined;
  }

  hide(id: number): void {
    const row = this.rowOf(id);
    if (row !== undefined) this.hiddenRows.add(row);
  }

  show(id: number): void {
    const row = this.rowOf(id);
    if (row !== undefined) this.hiddenRows.delete(row);
  }

  hidden(): readonly number[] {
    return [...this.hiddenRows].flatMap((row) => this.index.store.rows[row]?.id ?? []);
  }

  hideAs(before: Pick<Hosted, 'version' | 'hidden'>): void {
    // Another build gives the same numbers to other pictures.
    if (before.version.created !== this.version.created) return;
    for (const number of before.hidden()) this.hide(number);
  }

  /** @throws ApiError `index-fixed` */
  checkWritable(): void {
    if (this.index.store.manifest.clusters !== undefined) return;
    throw new ApiError(
      'index-fixed',
      `the index ${this.id} cannot be changed: its network has learned its pictures by heart`,
      {
        hint: 'build it again with --preset default: pictures can then come and go',
      },
    );
  }

  checkMeasurable(): void {}

  async pictures({ offset, limit, ...filter }: Page): Promise<PicturePage> {
    const found = this.listed.with(filter);
    const wanted = this.hiddenRows.size === 0 ? found : found.filter((facts) => !this.hides(facts));
    const labels = [...this.listed.labels];
    return { total: wanted.length, offset, labels, pictures: wanted.slice(offset, offset + limit) };
  }

  /** Of the file that the picture of a row is stored in: changes when the picture does. */
  private digest(row: number): string {
    return this.digests.find(({ end }) => row < end)?.digest ?? '';
  }

  /** @throws RangeError for a system that the index does not have */
  private batcher(system: SystemName): Batcher<PlainQuery, Ranking> {
    const found = this.batchers.get(system);
    if (found === undefined) throw new RangeError(`${this.id} has no ${system}`);
    return found;
  }

  async rank(system: SystemName, query: PlainQuery, k: number, waiting: Waiting): Promise<Ranking> {
    for (;;) {
      const { size } = this.hiddenRows;
      const { answers, none } = await this.batcher(system).ask(query, k + size, waiting);
      const seen = answers.filter(({ row }) => !this.hiddenRows.has(row));
      // Pictures that were hidden meanwhile leave gaps, for others to fill.
      if (seen.length >= k || this.hiddenRows.size <= size) return { answers: seen.slice(0, k), none };
    }
  }

  none(query: PlainQuery, waiting: Waiting): Promise<number | undefined> {
    return this.nones.ask({ ...query, none: true }, 1, waiting);
  }

  explain(query: PlainQuery, identifiers: readonly string[]): Promise<TokenAttention[][]> {
    return this.ranker.explain(query, identifiers);
  }

  /** Whether an index is a version of this one, with the same network and encoder. */
  isOfBuild({ created, model, encoder }: Index['manifest']): boolean {
    const own = this.index.manifest;
    return created === own.created && model?.sha256 === own.model?.sha256 && encoder?.sha256 === own.encoder?.sha256;
  }

  /** What ranks another version of the same build, where it can be had more cheaply than anew. */
  nextRanker(version: RankVersion): Ranker | undefined {
    return this.ranker.next?.(version);
  }

  /**
   * Has every system load what it needs, so that no search waits for that.
   * @param isFirst no version of the build was served before: sessions are to be loaded, too
   */
  async warm(isFirst: boolean): Promise<void> {
    const { size } = this.index.store;
    const image = await this.image(0);
    const query = { pixels: new Uint8Array(size * size * 3), thumbnail: image, row: undefined };
    const systems = systemsFor('picture', this.index.manifest);
    const teller = TELLERS.find((system) => systems.includes(system));
    if (this.judging.knowsNone && teller === undefined) await this.ranker.nones([{ ...query, none: true }]);
    await Promise.all(
      systems.map(async (system) => {
        const asked: PlainQuery = { ...query, none: this.judging.knowsNone && system === teller };
        // Where a version takes the place of another, searches go on: they have the cores.
        const sizes = isFirst ? (system === 'dsi' ? FINE_BATCHES : [1]) : [system === 'dsi' ? 1 : 0];
        for (const size of sizes) await this.ranker.rank(system, Array<PlainQuery>(size).fill(asked), 1);
      }),
    );
  }

  async close(): Promise<void> {
    await this.ranker.close();
    await this.index.close();
  }

  private hides({ id }: PictureFacts): boolean {
    const row = this.rowOf(Number(id.slice(this.id.length + 1)));
    return row !== undefined && this.hiddenRows.has(row);
  }

  private cardOf({ isDefault, takesChanges }: HostingOptions): IndexCard {
    const { manifest, folder, systems, store } = this.index;
    const { catalogue, ...queries } = countParts(store);
    return {
      id: this.id,
      name: basename(resolve(folder)),
      default: isDefault,
      systems: [...systems],
      textSystems: [...systemsFor('text', manifest)],
      version: manifest.digest.slice(0, VERSION_LENGTH),
      changes: countsOf(manifest),
      writable: takesChanges && store.manifest.clusters !== undefined,
      catalogue,
      queries,
      created: manifest.created,
      // A folder of the machine is named without where it is.
      dataset: { name: manifest.dataset.name, source: nameOf(manifest.dataset.source) },
    };
  }
}

/** Ids for addresses, of the folders' names: lower case, digits and hyphens, each once. */
export function idsOf(folders: readonly string[]): string[] {
  const ids: string[] = [];
  for (const folder of folders) {
    const base =
      basename(resolve(folder))
        .normalize('NFKD')
        .toLowerCase()
        .replace(/\p{M}/gu, '')
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '') || 'index';
    let id = base;
    for (let i = 2; ids.includes(id); i++) id = `${base}-${i}`;
    ids.push(id);
  }
  return ids;
}
