import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, NeurodexError } from '@neurodex/core';
import { hasSeal, LOCK_FILE, lockFile, makeFolder, sealed, writeFileAtomically } from '@neurodex/core/storage';
import type { Dataset, SkippedFile } from '@neurodex/datasets';
import { z } from 'zod';
import type { CataloguePart } from '../artifact/catalogue-manifest.ts';
import type { Config } from '../config.ts';
import { byPath } from '../pictures/split.ts';
import type { SystemName } from '../query/system.ts';
import { VERSION } from '../version.ts';

/** All that decides what a plan is. */
export interface PlanRequest {
  readonly dataset: Dataset;
  readonly config: Config;
  readonly systems: readonly SystemName[] | undefined;
  readonly seed: number;
  readonly shards: number;
  readonly sample: number;
}

/** SHA-256 of what is asked for: of the pictures, their names and what is said of them. */
export function requestDigest({ dataset, config, systems, seed, shards, sample }: PlanRequest): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([VERSION, dataset.name, config, systems ?? null, seed, shards, sample]));
  for (const { path, labels, captions = null, role = null } of [...dataset.pictures].sort(byPath))
    hash.update(JSON.stringify([path, labels, captions, role]));
  return hash.digest('hex');
}

/** What became of some pictures that follow each other in the source. */
export interface SegmentRecord {
  /** Place behind its last picture, in the order of their paths. */
  readonly end: number;
  readonly parts: readonly (readonly [shard: number, part: CataloguePart])[];
  readonly skipped: readonly SkippedFile[];
  /** Pictures that are copies of queries. */
  readonly copies: number;
}

const recordSchema = z.object({
  end: z.int().min(0),
  parts: z.array(z.tuple([z.int().min(0), z.custom<CataloguePart>((value) => typeof value === 'object')])),
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  copies: z.int().min(0),
});

const REQUEST_FILE = 'request.json';
const BASE_FOLDER = 'base';
const SEGMENTS_FOLDER = 'segments';
/** Files of a segment that is being written. */
const PARTS_FOLDER = 'parts';

/** The folder in which a place is planned. It holds what a plan that was stopped goes on with, and goes when the plan is there. */
export class PlanWork {
  readonly folder: string;
  private readonly release: () => Promise<void>;

  private constructor(folder: string, release: () => Promise<void>) {
    this.folder = folder;
    this.release = release;
  }

  /** @throws NeurodexError `run-locked`, `run-changed` where another plan was begun in it, `output-exists` for a folder of something else */
  static async open(folder: string, request: string): Promise<PlanWork> {
    const file = join(folder, REQUEST_FILE);
    const names = await readdir(folder).catch((error) => {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    });
    const before = await readFile(file, 'utf8').catch(() => undefined);
    const foreign = names.find((name) => !OWN_NAMES.has(name));
    if (foreign !== undefined || (before === undefined && names.length > 0)) throw occupied(folder);
    await makeFolder(folder);
    const lock = await lockFile(join(folder, LOCK_FILE));
    try {
      if (before === undefined) await writeFileAtomically(file, sealed({ request }));
      else if (!isRequest(before, request)) throw changed(folder);
      return new PlanWork(folder, () => lock.release());
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get base(): string {
    return join(this.folder, BASE_FOLDER);
  }

  get parts(): string {
    return join(this.folder, PARTS_FOLDER);
  }

  /** The segments that are complete, up to the first that is missing or damaged. */
  async segments(): Promise<SegmentRecord[]> {
    const records: SegmentRecord[] = [];
    for (;;) {
      const text = await readFile(this.segmentFile(records.length), 'utf8').catch(() => undefined);
      if (text === undefined) return records;
      const value = parsed(text);
      const record = recordSchema.safeParse(value);
      if (!hasSeal(value) || !record.success) return records;
      records.push(record.data);
    }
  }

  async writeSegment(number: number, record: SegmentRecord): Promise<void> {
    await makeFolder(join(this.folder, SEGMENTS_FOLDER));
    await writeFileAtomically(this.segmentFile(number), sealed(record));
  }

  /** Lets others go on with it. */
  close(): Promise<void> {
    return this.release();
  }

  /** Removes the folder, which nothing needs any more. */
  async remove(): Promise<void> {
    for (const name of OWN_NAMES) {
      if (name !== LOCK_FILE) await rm(join(this.folder, name), { recursive: true, force: true });
    }
    await this.release();
    await rm(this.folder, { recursive: true, force: true });
  }

  private segmentFile(number: number): string {
    return join(this.folder, SEGMENTS_FOLDER, `${number}.json`);
  }
}

const OWN_NAMES: ReadonlySet<string> = new Set([
  LOCK_FILE,
  REQUEST_FILE,
  BASE_FOLDER,
  `${BASE_FOLDER}.partial`,
  SEGMENTS_FOLDER,
  PARTS_FOLDER,
]);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isRequest = (text: string, request: string): boolean => {
  const value = parsed(text);
  return hasSeal(value) && (value as { readonly request?: unknown }).request === request;
};

const changed = (folder: string): NeurodexError =>
  new NeurodexError(
    'run-changed',
    `${folder} holds an unfinished plan of other pictures, settings or program version`,
    {
      hint: 'plan as before to go on with it, or delete the folder to begin again',
      details: { folder },
    },
  );

const occupied = (folder: string): NeurodexError =>
  new NeurodexError('output-exists', `${folder} is to be worked in, and holds something else`, {
    hint: 'name another folder with --work',
    details: { folder },
  });
