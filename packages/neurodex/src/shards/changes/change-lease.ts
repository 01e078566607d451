import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { NeurodexError } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import { findLease, type LeaseFacts, writeLease } from './lease-record.ts';

/** Milliseconds after which a process that was not heard of is taken for dead, and between two signs of life. */
const [PATIENCE, BEAT] = [120_000, 20_000];

/**
 * The right to change a place. One process at a time has it, on whatever machine; it says what it is about to put, so that whoever
 * comes after one that was killed can clear it away. What a process commits after it was taken for dead is refused by the router's etag.
 */
export class ChangeLease {
  private readonly store: ObjectStore;
  private facts: LeaseFacts;
  private etag: string;
  private readonly beat: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();
  private lost: NeurodexError | undefined;
  /** Objects that a process put that was taken for dead: some may belong to nothing. */
  readonly leftBehind: readonly string[];

  private constructor(store: ObjectStore, facts: LeaseFacts, etag: string, leftBehind: readonly string[]) {
    this.store = store;
    this.facts = facts;
    this.etag = etag;
    this.leftBehind = leftBehind;
    this.beat = setInterval(() => void this.write({}).catch(() => {}), BEAT);
    this.beat.unref();
  }

  /** @throws NeurodexError `run-locked` naming who changes it now; `index-damaged`, `store-*` */
  static async acquire(store: ObjectStore): Promise<ChangeLease> {
    const found = await findLease(store);
    const held = found?.record.by != null;
    if (held && Date.now() - Date.parse(found.record.renewed) < PATIENCE) throw taken(store, found.record);
    const leftBehind = held ? found.record.objects : [];
    const facts = {
      owner: randomUUID(),
      by: `process ${process.pid} on ${hostname()}`,
      renewed: new Date().toISOString(),
      objects: leftBehind,
    };
    const etag = await writeLease(store, facts, found?.etag);
    if (etag !== undefined) return new ChangeLease(store, facts, etag, leftBehind);
    const other = await findLease(store);
    throw taken(store, other?.record ?? facts);
  }

  /** Says what is about to be put. @param objects SHA-256 of each */
  async announce(objects: readonly string[]): Promise<void> {
    await this.write({ objects: [...new Set([...this.leftBehind, ...objects])] });
  }

  /** Nothing of what was announced lies in the store unused any more. */
  async settled(): Promise<void> {
    await this.write({ objects: [] });
  }

  /** Where it cannot be given back, it ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.beat);
    // What was announced and is not settled is left to whoever comes next.
    const isSettled = this.facts.objects.length === 0;
    await this.write(isSettled ? { by: null } : { renewed: new Date(0).toISOString() }).catch(() => {});
  }

  /** @throws NeurodexError `run-locked` where another process has taken the place over */
  private write(changes: Partial<LeaseFacts>): Promise<void> {
    const writing = this.writing
      .catch(() => {})
      .then(async () => {
        if (this.lost !== undefined) throw this.lost;
        const facts = { ...this.facts, renewed: new Date().toISOString(), ...changes };
        const etag = await writeLease(this.store, facts, this.etag);
        if (etag === undefined) {
          this.lost = takenOver(this.store);
          throw this.lost;
        }
        this.facts = facts;
        this.etag = etag;
      });
    this.writing = writing;
    return writing;
  }
}

function taken({ place }: ObjectStore, { by, renewed }: Pick<LeaseFacts, 'by' | 'renewed'>): NeurodexError {
  const silent = Math.max(0, Math.round((Date.now() - Date.parse(renewed)) / 1000));
  return new NeurodexError('run-locked', `${place} is being changed by ${by ?? 'another process'}`, {
    hint: `wait until it is done; it gave a sign of life ${silent} s ago, and after ${PATIENCE / 1000} s without one it is taken for dead`,
    details: { place },
  });
}

const takenOver = ({ place }: ObjectStore): NeurodexError =>
  new NeurodexError('run-locked', `another process took this one for dead, and changes ${place} now`, {
    hint: 'wait until it is done, then do what is missing again',
    details: { place },
  });
