import { NeurodexError } from '@neurodex/core';
import pLimit from 'p-limit';
import { isOfQuery } from '../jobs/answering.ts';
import type { Query } from '../query/query.ts';
import { Gatherer } from './gatherer.ts';
import type { Version, VersionAnswers, Versions } from './version.ts';

/** Does one computation at a time: versions share sessions, whose runs may not overlap. */
type Computing = <T>(work: () => Promise<T>) => Promise<T>;

/** A version, for as long as somebody uses it. */
export class HeldVersion {
  readonly version: Version;
  readonly gatherer: Gatherer<Query, VersionAnswers>;
  private users = 1;

  /** @param computing of all versions of an index */
  constructor(version: Version, computing: Computing) {
    this.version = version;
    this.gatherer = new Gatherer(isOfQuery, computing);
  }

  take(): void {
    this.users++;
  }

  /** The last one who gives it back closes it. */
  async giveBack(): Promise<void> {
    if (--this.users === 0) await this.version.close();
  }
}

/**
 * The version of an index that is searched. A later version takes its place, and it is closed when the last search of it has ended: what
 * is released while it runs ends the process.
 */
export class LiveVersions {
  readonly computing: Computing = pLimit(1);
  private readonly versions: Versions;
  private current: HeldVersion;
  private readonly alone = pLimit(1);
  private readonly working = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  private constructor(versions: Versions, first: Version) {
    this.versions = versions;
    this.current = new HeldVersion(first, this.computing);
  }

  static async of(versions: Versions): Promise<LiveVersions> {
    try {
      return new LiveVersions(versions, await versions.open());
    } catch (error) {
      await versions.close();
      throw error;
    }
  }

  /** The version that is searched now. */
  get version(): Version {
    return this.current.version;
  }

  /** The version of now, for as long as a reader takes: to be given back. @throws NeurodexError `usage` once the index is closed */
  hold(): HeldVersion {
    if (this.closing !== undefined) throw closed();
    this.current.take();
    return this.current;
  }

  /**
   * Does something with the version of now. Where another program has replaced it meanwhile, it is done once more, with what is there.
   * @throws NeurodexError `usage` once the index is closed
   */
  async use<T>(work: (held: HeldVersion) => Promise<T>): Promise<T> {
    const held = this.current;
    try {
      return await this.with(held, work);
    } catch (error) {
      if (!(error instanceof NeurodexError && error.code === 'index-replaced')) throw error;
      if (held === this.current) await this.refresh();
      return await this.with(this.current, work);
    }
  }

  /** Work that versions have to wait for to be closed, and that uses none. @throws NeurodexError `usage` once the index is closed */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    if (this.closing !== undefined) throw closed();
    const working = work();
    this.working.add(working);
    try {
      return await working;
    } finally {
      this.working.delete(working);
    }
  }

  /** Takes the version that is there now. @returns whether it is another one @throws NeurodexError of the index */
  refresh(): Promise<boolean> {
    return this.beside(() => this.alone(() => this.replace()));
  }

  /** Work that makes a new version, which is taken when it is done. One such work is done at a time. */
  change<T>(work: () => Promise<T>): Promise<T> {
    return this.beside(() =>
      this.alone(async () => {
        const result = await work();
        if (this.closing === undefined) await this.replace();
        return result;
      }),
    );
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async with<T>(held: HeldVersion, work: (held: HeldVersion) => Promise<T>): Promise<T> {
    return await this.beside(async () => {
      held.take();
      try {
        return await work(held);
      } finally {
        await held.giveBack();
      }
    });
  }

  private async replace(): Promise<boolean> {
    const next = await this.versions.open();
    const before = this.current;
    if (next.facts.digest === before.version.facts.digest) {
      await next.close();
      return false;
    }
    this.current = new HeldVersion(next, this.computing);
    await before.giveBack();
    return true;
  }

  private async end(): Promise<void> {
    while (this.working.size > 0) await Promise.allSettled(this.working);
    await this.current.giveBack();
    await this.versions.close();
  }
}

const closed = (): NeurodexError =>
  new NeurodexError('usage', 'the index is closed', { hint: 'open it again with openIndex' });
