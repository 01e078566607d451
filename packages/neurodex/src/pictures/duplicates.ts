import { createHash } from 'node:crypto';
import { defined, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { SkippedFile, SourcePicture } from '@neurodex/datasets';
import { decodeWhole } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';
import { bestFirst, roleRank } from './best-picture.ts';
import { DUPLICATE_KINDS, type DuplicateFacts, type DuplicateKind, NO_KINDS } from './duplicate-facts.ts';
import { type FileFacts, findSamePictures, type Relation } from './find-same.ts';
import type { PictureKeys } from './fingerprint.ts';
import type { LookUpStarter } from './look-ahead.ts';
import { describeSets, type KnownPicture, tellDuplicates } from './tell-duplicates.ts';
import { decodeThumbnail } from './thumbnail.ts';

export interface Duplicates {
  /** Places of the pictures that stay, in rising order. */
  readonly kept: readonly number[];
  /** For each picture that stays, the place among them of the first one that shows the same. */
  readonly sets: readonly number[];
  readonly leftOut: readonly SkippedFile[];
  /** For every picture, the best one of its group, by places in the list that was given; undefined for those. */
  readonly relations: readonly (Relation | undefined)[];
  readonly facts: DuplicateFacts;
}

export interface DuplicateOptions {
  /** As the model sees a picture, by its place. */
  pixels(at: number): Promise<Picture>;
  /** PNG */
  thumbnail(at: number): Promise<Uint8Array>;
  /** The file that a picture came from, which is read where only all its pixels can tell it from another; undefined where it is not at hand. */
  source(at: number): SourcePicture | undefined;
  readonly maxPixels: number;
  /** Whether only the best of each group stays. */
  readonly dedupe?: boolean;
  /** What counts as a duplicate; everything by default. */
  readonly kinds?: readonly DuplicateKind[];
  /** Whether near-duplicates are looked for between queries and other pictures alone. */
  readonly acrossRoles?: boolean;
  /** Of threads that look pictures up; none by default. */
  readonly lookUpStarter?: LookUpStarter | undefined;
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/**
 * The pictures that occur more than once, and what becomes of them: the split keeps them together. A data set that fixes
 * the roles keeps equal pixels in one of them, and the others are left out.
 * @throws NeurodexError `interrupted`
 */
export async function findDuplicates(
  pictures: readonly KnownPicture[],
  keys: readonly (PictureKeys & FileFacts)[],
  {
    pixels,
    thumbnail,
    source,
    maxPixels,
    dedupe = false,
    kinds = DUPLICATE_KINDS,
    acrossRoles = false,
    lookUpStarter,
    reporter = silentReporter,
    signal,
  }: DuplicateOptions,
): Promise<Duplicates> {
  const access = {
    pixels,
    thumbnail,
    decodeThumbnail: (png: Uint8Array) => unlessFaulty(() => decodeThumbnail(png, 'a thumbnail')),
    wholeDigest: (at: number) => {
      throwIfInterrupted(signal);
      return wholeDigest(source(at), maxPixels);
    },
    compared: (done: number) => {
      throwIfInterrupted(signal);
      reporter.progress({ phase: 'duplicates', done, total: keys.length, unit: 'pictures' });
    },
  };
  const { exact, alike, relations } = await findSamePictures(keys, bestFirst(pictures, keys), access, {
    kinds,
    isCatalogue: acrossRoles ? (at) => pictures[at]?.role === 'catalogue' : undefined,
    lookUpStarter,
  });
  const leftOut = new Map([...copiesAcrossRoles(pictures, exact), ...(dedupe ? allButBest(pictures, relations) : [])]);
  const kept = pictures.flatMap((_, at) => (leftOut.has(at) ? [] : [at]));
  const places = new Map<number, number>();
  const sets = kept.map((at, place) => {
    const set = defined(alike[at], 'the set of a picture');
    const first = places.get(set) ?? place;
    places.set(set, first);
    return first;
  });
  const skipped = [...leftOut]
    .sort(([a], [b]) => a - b)
    .map(([at, reason]) => ({ path: defined(pictures[at], 'the picture').path, reason }));
  for (const { path, reason } of skipped) reporter.warn(`skipped ${path}: ${reason}`, { path });
  const facts = {
    ...describeSets(
      kept.map((at) => defined(pictures[at], 'the picture')),
      sets,
    ),
    kinds: countKinds(relations),
    leftOut: skipped.length,
  };
  tellDuplicates(facts, reporter);
  return { kept, sets, leftOut: skipped, relations, facts };
}

function countKinds(relations: readonly (Relation | undefined)[]): NonNullable<DuplicateFacts['kinds']> {
  const counts = { ...NO_KINDS };
  for (const relation of relations) {
    if (relation !== undefined) counts[relation.kind]++;
  }
  return counts;
}

/** Every picture that is not the best of its group, with the reason. */
function allButBest(
  pictures: readonly KnownPicture[],
  relations: readonly (Relation | undefined)[],
): readonly (readonly [number, string])[] {
  return relations.flatMap((relation, at) => {
    if (relation === undefined) return [];
    const { path } = defined(pictures[relation.leader], 'the best of a group');
    return [[at, `it is a duplicate (${relation.kind}) of ${path}, which is kept`] as const];
  });
}

/** Of fixed roles: the copies that are in another role than the one that keeps their picture, with the reason. */
function copiesAcrossRoles(pictures: readonly KnownPicture[], sets: readonly number[]): Map<number, string> {
  const keepers = new Map<number, number>();
  const rank = (at: number): number => {
    const { role } = defined(pictures[at], 'the picture');
    return roleRank(role);
  };
  for (const [at, set] of sets.entries()) {
    const keeper = keepers.get(set);
    if (keeper === undefined || rank(at) < rank(keeper)) keepers.set(set, at);
  }
  const leftOut = new Map<number, string>();
  for (const [at, set] of sets.entries()) {
    const keeper = defined(keepers.get(set), 'the picture that is kept');
    const { path, role } = defined(pictures[keeper], 'the picture that is kept');
    if (rank(at) !== rank(keeper)) leftOut.set(at, `it is the same picture as ${path}, which is in ${role}`);
  }
  return leftOut;
}

/**
 * Of the whole decoded picture: the same for two files with the same pixels. Undefined for what cannot be decoded again,
 * and for what was decoded before, whose file is not here.
 */
async function wholeDigest(source: SourcePicture | undefined, maxPixels: number): Promise<string | undefined> {
  if (source === undefined || source.decoded !== undefined) return undefined;
  return await unlessFaulty(async () => {
    const { width, height, pixels } = await decodeWhole(await source.read(), { name: source.path, maxPixels });
    return createHash('sha256').update(`${width} ${height}\n`).update(pixels).digest('base64');
  });
}

/** Undefined where a picture cannot be decoded. */
async function unlessFaulty<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NeurodexError && error.code.startsWith('picture-')) return undefined;
    throw error;
  }
}
