import { NeurodexError } from '@neurodex/core';
import { checkSeal, checkVersion, damaged, digestOf, malformed, parseJson, sealed } from '@neurodex/core/storage';
import { contentKey, getContent, type ObjectStore, putContent } from '@neurodex/objects';
import { z } from 'zod';
import { PLAN_FILE } from '../artifact/manifest.ts';

/*
 * What lies in a place beside its objects: a few small records, each written on the condition that there is none yet. A shard is there
 * when its record is, and a place can be searched when its router is. When pictures come and go, the router is replaced, on the
 * condition that it is still the one that was read: it alone says what the shards are.
 */

/** What a place is for, from the moment that somebody begins to plan it. */
const CLAIM_KEY = 'claim.json';
export const PLAN_KEY = PLAN_FILE;
export const ROUTER_KEY = 'router.json';
const SHARD_DIGITS = 5;
/** Prefix of the records of shards. */
export const SHARDS_FOLDER = 'shards/';
export const shardKey = (shard: number): string => `${SHARDS_FOLDER}${String(shard).padStart(SHARD_DIGITS, '0')}.json`;
export const checkpointKey = (shard: number): string => `checkpoints/${String(shard).padStart(SHARD_DIGITS, '0')}.json`;

/** 2: shards know the names of their pictures, and pictures come and go. */
const VERSION = 2;
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const object = z.object({ bytes: count, sha256 });
/** A file of an index folder; its name has / between folders, and never leads out of it. */
const file = object.extend({ file: z.string().regex(/^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/) });
export type ShardFile = Readonly<z.infer<typeof file>>;

const planSchema = z.object({
  format: z.literal('neurodex-shards'),
  version: z.literal(VERSION),
  /** Of the program that planned it: no other may add shards. */
  neurodex: z.string(),
  created: z.string(),
  /** Digest of all that was asked for: source, configuration, seed, number of shards. */
  request: sha256,
  seed: z.int(),
  dataset: z.object({ name: z.string(), source: z.string() }),
  /** Catalogue pictures of all shards. */
  catalogue: count,
  /** D */
  width: z.int().min(1),
  /** τ of every memory. */
  temperature: z.number().positive(),
  /** Files of the index of a sample: its network, its encoders and its queries are those of all shards. */
  base: z.array(file).min(1),
  /** What each shard holds: its pictures, and the manifest of their catalogue before it is divided into clusters. */
  shards: z.array(z.object({ pictures: z.int().min(1), content: object })).min(1),
  /** Pictures that could not be used, as JSON lines. */
  skipped: object.extend({ pictures: count }),
  digest: z.string(),
});
export type ShardPlan = Readonly<z.infer<typeof planSchema>>;

const shardSchema = z.object({
  format: z.literal('neurodex-shard'),
  version: z.literal(VERSION),
  /** Digest of the plan that it follows. */
  plan: sha256,
  shard: count,
  pictures: z.int().min(1),
  /** Files of its index. */
  files: z.array(file).min(1),
  /** The clusters that a router knows it by. */
  cells: object,
  /** Which paths and files it may have (`fingerprints.ts`). */
  fingerprints: object,
  digest: z.string(),
});
export type ShardRecord = Readonly<z.infer<typeof shardSchema>>;
export type ShardFacts = Pick<ShardRecord, 'shard' | 'pictures' | 'files' | 'cells' | 'fingerprints'>;

const checkpointSchema = z.object({
  format: z.literal('neurodex-shard-checkpoint'),
  version: z.literal(VERSION),
  plan: sha256,
  shard: count,
  /** The cluster of each picture, one line for each. */
  clusters: object,
  digest: z.string(),
});
export type ShardCheckpoint = Readonly<z.infer<typeof checkpointSchema>>;

const routerSchema = z.object({
  format: z.literal('neurodex-router'),
  version: z.literal(VERSION),
  plan: sha256,
  /** What each shard is now: its pictures, its record as an object, which is never written over, and how often it was changed. */
  shards: z.array(z.object({ pictures: z.int().min(1), record: object, revision: count })).min(1),
  /** The cells of all shards. */
  cells: object,
  /** Files of the index of the sample: a picture that is removed leaves it, too. */
  base: z.array(file).min(1),
  /** What has happened to the pictures since the plan. */
  changes: z.object({
    revision: count,
    added: count,
    removed: count,
    /** Of those removed, the ones that the network may have learned from. */
    learned: count,
    /** Identifiers that pictures got in place of others. */
    renamed: count,
  }),
  digest: z.string(),
});
export type RouterRecord = Readonly<z.infer<typeof routerSchema>>;

const claimSchema = z.object({
  format: z.literal('neurodex-shards-claim'),
  version: z.literal(VERSION),
  /** As of a plan. */
  request: sha256,
  digest: z.string(),
});

interface Kind<T extends { readonly format: string }> {
  readonly format: T['format'];
  readonly what: string;
  readonly schema: z.ZodType<T>;
}

const PLAN: Kind<ShardPlan> = { format: 'neurodex-shards', what: 'a plan of shards', schema: planSchema };
const SHARD: Kind<ShardRecord> = { format: 'neurodex-shard', what: 'the record of a shard', schema: shardSchema };
const CHECKPOINT: Kind<ShardCheckpoint> = {
  format: 'neurodex-shard-checkpoint',
  what: 'a checkpoint of a shard',
  schema: checkpointSchema,
};
const ROUTER: Kind<RouterRecord> = { format: 'neurodex-router', what: 'a router of shards', schema: routerSchema };

const CLAIM: Kind<Readonly<z.infer<typeof claimSchema>>> = {
  format: 'neurodex-shards-claim',
  what: 'a claim of a place',
  schema: claimSchema,
};

async function read<T extends { readonly format: string }>(
  store: ObjectStore,
  key: string,
  kind: Kind<T>,
): Promise<T | undefined> {
  const found = await store.get(key);
  return found === undefined ? undefined : parsed(found.content, `${store.place}/${key}`, kind);
}

function parsed<T extends { readonly format: string }>(
  content: Uint8Array,
  name: string,
  { format, what, schema }: Kind<T>,
): T {
  const value = parseJson(content, name);
  checkVersion(value, { file: name, format, version: VERSION, what: 'plan of shards' });
  checkSeal(value, name);
  const result = schema.safeParse(value);
  if (!result.success) throw malformed(name, what, result.error);
  return result.data;
}

/** Writes a record where there is none. @returns whether this call wrote it */
async function write(store: ObjectStore, key: string, record: object): Promise<boolean> {
  const { written } = await store.put(key, new TextEncoder().encode(sealed(record)), { condition: 'absent' });
  return written;
}

/** As it will be read. */
const withDigest = <T extends object>(record: T): T & { readonly digest: string } => ({
  ...record,
  digest: digestOf(record),
});

/** Takes a place for what is asked for. @throws NeurodexError `shards-taken` where it is taken for something else */
export async function claimPlace(store: ObjectStore, request: string): Promise<void> {
  if (await write(store, CLAIM_KEY, { format: CLAIM.format, version: VERSION, request })) return;
  const found = await read(store, CLAIM_KEY, CLAIM);
  if (found?.request === request) return;
  throw new NeurodexError('shards-taken', `${store.place} is planned for other pictures, settings or program version`, {
    hint: 'plan in another place',
    details: { place: store.place },
  });
}

/** @throws NeurodexError `index-damaged`, `index-newer`, `index-older`, `store-*` */
export const findPlan = (store: ObjectStore): Promise<ShardPlan | undefined> => read(store, PLAN_KEY, PLAN);

/** @throws NeurodexError `shards-unplanned`, and as `findPlan` */
export async function readPlan(store: ObjectStore): Promise<ShardPlan> {
  const plan = await findPlan(store);
  if (plan !== undefined) return plan;
  throw new NeurodexError('shards-unplanned', `${store.place} holds no shards: there is no ${PLAN_KEY}`, {
    hint: 'name the place of a plan; `neurodex shards plan SOURCE --shards S --out PLACE` makes one',
    details: { place: store.place },
  });
}

/** @returns the plan as it is now, and whether this call wrote it: another process may have been first */
export async function writePlan(
  store: ObjectStore,
  facts: Omit<ShardPlan, 'format' | 'version' | 'digest'>,
): Promise<{ readonly plan: ShardPlan; readonly isWritten: boolean }> {
  const plan: ShardPlan = withDigest({ format: PLAN.format, version: VERSION, ...facts });
  const isWritten = await write(store, PLAN_KEY, plan);
  return { plan: isWritten ? plan : await readPlan(store), isWritten };
}

/** The record of a finished shard; undefined for one that is not. @throws NeurodexError `shards-mixed`, `index-damaged` */
export async function findShard(store: ObjectStore, plan: ShardPlan, shard: number): Promise<ShardRecord | undefined> {
  const key = shardKey(shard);
  const record = await read(store, key, SHARD);
  if (record === undefined) return undefined;
  checkPlan(store, key, record, plan);
  if (record.shard !== shard) throw damaged(`${store.place}/${key}`, `is of shard ${record.shard}`);
  return record;
}

export const shardRecord = (plan: ShardPlan, facts: ShardFacts): ShardRecord =>
  withDigest({ format: SHARD.format, version: VERSION, plan: plan.digest, ...facts });

/** What a shard is now, where pictures have come to it or left it. The router has said so before. */
export async function replaceShard(store: ObjectStore, record: ShardRecord): Promise<void> {
  await store.put(shardKey(record.shard), shardRecordBytes(record));
}

/** The bytes of the record of a shard, as they are among the objects, where a router finds it. */
export const shardRecordBytes = (record: ShardRecord): Uint8Array =>
  // In the order of the schema, as one that was read has it.
  new TextEncoder().encode(sealed(shardSchema.parse(record)));

/** Puts the record of a shard that was trained among the objects. */
export async function putShardRecord(store: ObjectStore, record: ShardRecord): Promise<RouterRecord['shards'][number]> {
  const { bytes, sha256: digest } = await putContent(store, shardRecordBytes(record));
  return { pictures: record.pictures, record: { bytes, sha256: digest }, revision: 0 };
}

/** The record of a shard, as a router has it. @throws NeurodexError `object-missing`, `object-damaged`, `index-damaged` */
export async function readShardRecord(
  store: ObjectStore,
  { record }: Pick<RouterRecord['shards'][number], 'record'>,
): Promise<ShardRecord> {
  const key = contentKey(record.sha256);
  return parsed(await getContent(store, record), `${store.place}/${key}`, SHARD);
}

/**
 * Commits a shard. Another worker may have been first: then its files are the same.
 * @throws NeurodexError `shard-differs` where they are not
 */
export async function writeShard(
  store: ObjectStore,
  plan: ShardPlan,
  facts: ShardFacts,
): Promise<{ readonly record: ShardRecord; readonly isWritten: boolean }> {
  const record = shardRecord(plan, facts);
  if (await write(store, shardKey(facts.shard), record)) return { record, isWritten: true };
  const found = await findShard(store, plan, facts.shard);
  if (found?.digest === record.digest) return { record: found, isWritten: false };
  throw new NeurodexError(
    'shard-differs',
    `${store.place} has another shard ${facts.shard} than this worker made of the same plan`,
    {
      hint: 'the workers do not compute alike: use one build of the program and one kind of machine, and plan again in another place',
      details: { place: store.place, shard: facts.shard },
    },
  );
}

/** Undefined where there is none that can be gone on from: one that is damaged is written anew. */
export async function findCheckpoint(
  store: ObjectStore,
  plan: ShardPlan,
  shard: number,
): Promise<ShardCheckpoint | undefined> {
  const found = await read(store, checkpointKey(shard), CHECKPOINT).catch((error: unknown) => {
    if (error instanceof NeurodexError && error.code.startsWith('index-')) return undefined;
    throw error;
  });
  return found?.plan === plan.digest && found.shard === shard ? found : undefined;
}

export async function writeCheckpoint(
  store: ObjectStore,
  plan: ShardPlan,
  shard: number,
  clusters: ShardCheckpoint['clusters'],
): Promise<void> {
  const record = { format: 'neurodex-shard-checkpoint', version: VERSION, plan: plan.digest, shard, clusters };
  await store.put(checkpointKey(shard), new TextEncoder().encode(sealed(record)));
}

/** A router, and the etag of its record. */
export interface StoredRouter {
  readonly record: RouterRecord;
  readonly etag: string;
}

/** Undefined while shards are missing. @throws NeurodexError `shards-mixed`, `index-damaged` */
export async function findRouter(store: ObjectStore, plan: ShardPlan): Promise<StoredRouter | undefined> {
  const found = await store.get(ROUTER_KEY);
  if (found === undefined) return undefined;
  const record = parsed(found.content, `${store.place}/${ROUTER_KEY}`, ROUTER);
  checkPlan(store, ROUTER_KEY, record, plan);
  return { record, etag: found.etag };
}

export type RouterFacts = Pick<RouterRecord, 'shards' | 'cells' | 'base' | 'changes'>;

const routerRecord = (plan: ShardPlan, facts: RouterFacts): RouterRecord =>
  withDigest({ format: ROUTER.format, version: VERSION, plan: plan.digest, ...facts });

export async function writeRouter(store: ObjectStore, plan: ShardPlan, facts: RouterFacts): Promise<RouterRecord> {
  const record = routerRecord(plan, facts);
  if (await write(store, ROUTER_KEY, record)) return record;
  return (await findRouter(store, plan))?.record ?? record;
}

/** Another router in the place of the one that was read; undefined where that is not there any more. */
export async function replaceRouter(
  store: ObjectStore,
  plan: ShardPlan,
  { facts, etag }: { readonly facts: RouterFacts; readonly etag: string },
): Promise<StoredRouter | undefined> {
  const record = routerRecord(plan, facts);
  const put = await store.put(ROUTER_KEY, new TextEncoder().encode(sealed(record)), { condition: { etag } });
  return put.written ? { record, etag: put.etag } : undefined;
}

function checkPlan(store: ObjectStore, key: string, { plan: of }: { readonly plan: string }, plan: ShardPlan): void {
  if (of === plan.digest) return;
  throw new NeurodexError('shards-mixed', `${store.place}/${key} belongs to another plan than ${PLAN_KEY}`, {
    hint: 'two plans were put into one place: plan again in an empty one',
    details: { place: store.place, key },
  });
}
