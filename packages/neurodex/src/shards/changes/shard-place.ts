import type { Runtime } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import { contentKey, getContent, type ObjectStore } from '@neurodex/objects';
import { type IndexArtifact, openArtifact } from '../../artifact/index-artifact.ts';
import { replaceCells } from '../cells.ts';
import {
  findRouter,
  type RouterFacts,
  type RouterRecord,
  readPlan,
  readShardRecord,
  replaceRouter,
  replaceShard,
  type ShardFile,
  type ShardPlan,
  type ShardRecord,
  type StoredRouter,
  shardRecord,
  shardRecordBytes,
} from '../records.ts';
import { checkTrained } from '../route-shards.ts';
import { Router, type RouterCells } from '../router.ts';
import { readRouterCells, writeRouterCells } from '../router-file.ts';
import { ShardFolders } from '../shard-folders.ts';
import { checkVersion } from '../train-shard.ts';
import { ChangeLease } from './change-lease.ts';
import { type ChangedUnit, changeUnit, type UnitChange } from './change-unit.ts';
import { digestOf, type MadeObject, madeOf, putMade } from './made-objects.ts';
import type { Unit } from './picture-numbers.ts';
import { deleteUnused, plannedObjects } from './unused-objects.ts';

export interface ShardPlaceOptions {
  readonly store: ObjectStore;
  /** Folder for what is copied from the store, and bytes of it at most. */
  readonly cache: string;
  readonly cacheBytes: number;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
}

/**
 * An index in shards that is changed: by one process at a time, each change in one step. Who opens it afterwards finds the new version.
 * The files of the version before are deleted.
 */
export class ShardPlace {
  readonly store: ObjectStore;
  readonly plan: ShardPlan;
  private readonly folders: ShardFolders;
  private readonly options: ShardPlaceOptions;
  private readonly lease: ChangeLease;
  private stored: StoredRouter;

  private constructor(
    options: ShardPlaceOptions,
    opened: { plan: ShardPlan; folders: ShardFolders; lease: ChangeLease; stored: StoredRouter },
  ) {
    this.options = options;
    this.store = options.store;
    this.plan = opened.plan;
    this.folders = opened.folders;
    this.lease = opened.lease;
    this.stored = opened.stored;
  }

  /** @throws NeurodexError `shards-unplanned`, `shards-unfinished`, `shards-version`, `run-locked`, `store-*` */
  static async open(options: ShardPlaceOptions): Promise<ShardPlace> {
    const { store, cache, cacheBytes } = options;
    const plan = await readPlan(store);
    checkVersion(plan, store);
    await checkTrained(store, plan);
    const lease = await ChangeLease.acquire(store);
    try {
      const stored = await checkTrained(store, plan);
      const folders = await ShardFolders.open(store, cache, cacheBytes);
      const place = new ShardPlace(options, { plan, folders, lease, stored });
      if (lease.leftBehind.length > 0) await place.clearAway();
      return place;
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  /** What the place is now. */
  get router(): RouterRecord {
    return this.stored.record;
  }

  /** S */
  get shards(): number {
    return this.plan.shards.length;
  }

  /** The record of a shard as it is now. */
  record(shard: number): Promise<ShardRecord> {
    return readShardRecord(this.store, defined(this.router.shards[shard], 'a shard of a router'));
  }

  async files(unit: Unit): Promise<readonly ShardFile[]> {
    return unit === 'sample' ? this.router.base : (await this.record(unit)).files;
  }

  /** Reads a shard, or the index of the sample, as it is. @throws NeurodexError `object-*`, `store-*`, `index-*`, `cache-full` */
  async reading<T>(unit: Unit, work: (artifact: IndexArtifact) => T | Promise<T>): Promise<T> {
    const { folder, release } = await this.folders.folder(await this.files(unit));
    try {
      const artifact = await openArtifact(folder);
      try {
        return await work(artifact);
      } finally {
        await artifact.close();
      }
    } finally {
      await release();
    }
  }

  /** Says to which shards a state belongs. */
  async openRouter(): Promise<Router> {
    return new Router(await this.cells(), this.plan.temperature, this.plan.width);
  }

  /**
   * Changes shards, and the index of the sample, in one step: all of it, or nothing.
   * @returns what became of each @throws NeurodexError `index-fixed`, `picture-unknown`, `run-locked`, `object-*`, `store-*`
   */
  async change(changes: ReadonlyMap<Unit, UnitChange>): Promise<ReadonlyMap<Unit, Pick<ChangedUnit, 'added'>>> {
    const { folders, plan } = this;
    const { runtime, reporter } = this.options;
    const changed = new Map<Unit, ChangedUnit>();
    try {
      for (const [unit, change] of changes) {
        const files = await this.files(unit);
        const name = unit === 'sample' ? `the sample of ${this.store.place}` : `shard ${unit} of ${this.store.place}`;
        changed.set(unit, await changeUnit({ folders, name, files, change, width: plan.width, runtime, reporter }));
      }
      await this.commit(changed);
      return changed;
    } catch (error) {
      const isMissing = error instanceof NeurodexError && error.code === 'object-missing';
      // Whoever has taken the place over deletes what this process has read of it.
      if (isMissing && (await this.isReplaced())) throw changedMeanwhile(this.store);
      throw error;
    } finally {
      for (const { release } of changed.values()) await release();
    }
  }

  async close(): Promise<void> {
    await this.folders.close();
    await this.lease.release();
  }

  private async cells(): Promise<RouterCells> {
    const { cells } = this.router;
    const name = `${this.store.place}/${contentKey(cells.sha256)}`;
    return readRouterCells(await getContent(this.store, cells), this.shards, this.plan.width, name);
  }

  private async commit(changed: ReadonlyMap<Unit, ChangedUnit>): Promise<void> {
    const { store, plan } = this;
    const shards = [...this.router.shards];
    let cells = await this.cells();
    const changes = { ...this.router.changes, revision: this.router.changes.revision + 1 };
    const records: ShardRecord[] = [];
    const objects: MadeObject[] = [];
    const former = new Set([this.router.cells.sha256]);
    for (const [unit, made] of changed) {
      for (const { sha256 } of await this.files(unit)) former.add(sha256);
      objects.push(...made.objects);
      // What was in the sample, is in a shard as well, where it is counted.
      if (unit === 'sample') {
        changes.learned += made.counts.learned;
        continue;
      }
      for (const sha256 of await this.formerObjects(unit)) former.add(sha256);
      changes.added += made.counts.added;
      changes.removed += made.counts.removed;
      changes.renamed += made.counts.renamed;
      const { record, own } = this.recordOf(unit, made);
      records.push(record);
      objects.push(...own);
      const { revision } = defined(shards[unit], 'a shard of a router');
      const entry = digestOf(defined(own.at(-1), 'the record of a shard'));
      shards[unit] = { pictures: made.pictures, record: entry, revision: revision + 1 };
      cells = replaceCells(cells, unit, made.cells, plan.width);
    }
    const cellsObject = madeOf(writeRouterCells(cells));
    objects.push(cellsObject);
    const base = changed.get('sample')?.files ?? this.router.base;
    await this.lease.announce([...objects.map(({ sha256 }) => sha256), ...former]);
    await putMade(store, objects);
    await this.replace({ shards, cells: digestOf(cellsObject), base: [...base], changes });
    for (const record of records) await replaceShard(store, record);
    await this.deleteUnused(former);
  }

  private recordOf(shard: number, { files, pictures, cellsObject, fingerprints }: ChangedUnit) {
    const { plan } = this;
    const record = shardRecord(plan, {
      ...{ shard, pictures, files: [...files] },
      ...{ cells: digestOf(cellsObject), fingerprints: digestOf(fingerprints) },
    });
    return { record, own: [cellsObject, fingerprints, madeOf(shardRecordBytes(record))] };
  }

  /** What a shard has beside its files, as it is now, and what it was made of. */
  private async formerObjects(shard: number): Promise<string[]> {
    const { cells, fingerprints } = await this.record(shard);
    const [entry, planned] = [this.router.shards[shard], this.plan.shards[shard]];
    if (entry === undefined || planned === undefined) return [];
    return [
      cells.sha256,
      fingerprints.sha256,
      entry.record.sha256,
      ...(entry.revision === 0 ? await plannedObjects(this.store, planned.content) : []),
    ];
  }

  /** @throws NeurodexError `run-locked` where the router is not the one any more that was read */
  private async replace(facts: RouterFacts): Promise<void> {
    const { store, plan, stored } = this;
    const replaced = await replaceRouter(store, plan, { facts, etag: stored.etag });
    if (replaced === undefined) throw changedMeanwhile(store);
    this.stored = replaced;
  }

  /** From the store, and from the cache of this machine. */
  private async deleteUnused(candidates: Iterable<string>): Promise<void> {
    const { store, plan, router } = this;
    await this.folders.forget(await deleteUnused({ store, plan, router }, candidates));
    await this.lease.settled();
  }

  private async isReplaced(): Promise<boolean> {
    const now = await findRouter(this.store, this.plan);
    return now?.etag !== this.stored.etag;
  }

  /** What a process put, or was about to delete, that was taken for dead. Whatever it would still commit is refused from now on. */
  private async clearAway(): Promise<void> {
    const { store, lease } = this;
    const { shards, cells, base, changes } = this.router;
    await this.replace({ shards, cells, base, changes: { ...changes, revision: changes.revision + 1 } });
    for (const shard of shards.keys()) {
      if ((shards[shard]?.revision ?? 0) > 0) await replaceShard(store, await this.record(shard));
    }
    await this.deleteUnused(lease.leftBehind);
  }
}

const changedMeanwhile = ({ place }: ObjectStore): NeurodexError =>
  new NeurodexError('run-locked', `another process has changed ${place} meanwhile`, {
    hint: 'nothing of this was done: do it again',
    details: { place },
  });
