import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defined, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { listInFolder, refuseForeignFile, writeMarkedFile } from '@neurodex/core/storage';
import { applyRules, reportDataset, type SkippedFile, type SkippedKind, skippedKinds } from '@neurodex/datasets';
import { readOneVersion } from '../artifact/index-files.ts';
import { INDEX_FILE } from '../artifact/manifest.ts';
import { lookUpThreads } from '../build/look-up-threads.ts';
import {
  DUPLICATE_KINDS,
  type DuplicateKind,
  type DuplicateMember,
  type KindCounts,
  NO_KINDS,
} from '../pictures/duplicate-facts.ts';
import { findDuplicates as findAmong } from '../pictures/duplicates.ts';
import type { Relation } from '../pictures/find-same.ts';
import { byPath } from '../pictures/split.ts';
import { duplicatesPage } from '../report/duplicates-page.ts';
import { smallJpeg } from '../report/small-jpeg.ts';
import { type ComparedPictures, decodedPictures, storedPictures } from './duplicate-pictures.ts';
import type { OpenedSource } from './open-source.ts';

export interface FindDuplicatesOptions {
  /** What the user named, as a path: a folder with an index, or else what `open` opens. */
  readonly path: string;
  /** Opens the source that is not an index. */
  open(): Promise<OpenedSource>;
  /** Flags that were given for it: they do not go with an index. */
  readonly sourceFlags: readonly string[];
  /** Duplicates of these kinds; all by default. */
  readonly kinds?: readonly DuplicateKind[];
  /** HTML file to write. */
  readonly out?: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Pictures that show the same, the best one first, then by name. */
export interface DuplicateGroup {
  /** The name of the best one. */
  readonly best: string;
  /** The best one first. */
  readonly members: readonly DuplicateMember[];
}

/** Duplicates of an index or a source. */
export interface FoundDuplicates {
  /** Where the pictures are. */
  readonly source: string;
  /** Pictures that were compared. */
  readonly pictures: number;
  /** By the names of their best pictures. */
  readonly groups: readonly DuplicateGroup[];
  /** Pictures that are not the best of their group. */
  readonly duplicates: number;
  /** How many there are of each kind. */
  readonly kinds: KindCounts;
  /** Groups whose members have several roles, or different labels. */
  readonly acrossSplits: number;
  /** Groups whose members have different labels. */
  readonly differentLabels: number;
  /** Files that were passed over. */
  readonly skipped: readonly SkippedFile[];
  /** The same, counted by reason. */
  readonly skippedKinds: readonly SkippedKind[];
  /** The page, where one was asked for. */
  readonly page: string | null;
}

/**
 * Groups the pictures of a source or an index that are duplicates of each other. Nothing of them is changed or deleted.
 * @throws NeurodexError `usage`, `source-*`, `index-*`, `interrupted`, `output-exists` for a file that is no page, `output-unwritable`
 */
export async function findDuplicates(options: FindDuplicatesOptions): Promise<FoundDuplicates> {
  const { path, out, sourceFlags } = options;
  if (out !== undefined) await refuseForeignFile(out);
  if (!existsSync(join(path, INDEX_FILE))) {
    const { dataset, config } = await options.open();
    const { reporter, signal } = options;
    const chosen = await applyRules(
      dataset,
      config.dataset,
      signal === undefined ? { reporter } : { reporter, signal },
    );
    reportDataset(chosen, reporter);
    const { maxPixels } = config.pictures;
    return await among(await decodedPictures(chosen, { ...options, maxPixels }), dataset.source, maxPixels, options);
  }
  const [flag] = sourceFlags;
  if (flag !== undefined) {
    throw new NeurodexError('usage', `${flag} goes with a source of pictures, and ${path} is an index`, {
      hint: `leave out ${flag}`,
      details: { flag },
    });
  }
  return await readOneVersion(path, async (manifest) =>
    among(await storedPictures(path, manifest, options), path, 0, options),
  );
}

async function among(
  compared: ComparedPictures,
  source: string,
  maxPixels: number,
  { kinds = DUPLICATE_KINDS, out, reporter, signal }: FindDuplicatesOptions,
): Promise<FoundDuplicates> {
  try {
    const { pictures, keys } = compared;
    const { relations } = await findAmong(pictures, keys, {
      ...compared,
      maxPixels,
      kinds,
      lookUpStarter: lookUpThreads,
      // What they mean for splits is a matter of builds.
      reporter: { ...silentReporter, progress: (event) => reporter.progress(event) },
      ...(signal === undefined ? {} : { signal }),
    });
    const places = groupsOf(relations, pictures);
    const groups = places.map((members) => groupOf(members, relations, compared));
    const differing = (of: (member: DuplicateMember) => string): number =>
      groups.filter(({ members }) => new Set(members.map(of)).size > 1).length;
    const counts = { ...NO_KINDS };
    for (const relation of relations) if (relation) counts[relation.kind]++;
    const facts = {
      source,
      pictures: pictures.length,
      groups,
      duplicates: relations.filter((relation) => relation !== undefined).length,
      kinds: counts,
      acrossSplits: differing(({ role }) => role ?? ''),
      differentLabels: differing(({ labels }) => JSON.stringify([...labels].sort())),
      skipped: [...compared.skipped].sort(byPath),
      skippedKinds: skippedKinds(compared.skipped),
    };
    const page = out === undefined ? null : resolve(out);
    if (out !== undefined) {
      await writeMarkedFile(
        out,
        await duplicatesPage(facts, async (group, i) => smallJpeg(await compared.thumbnail(places[group]?.[i] ?? NaN))),
      );
      await listInFolder(resolve(out));
    }
    return { ...facts, page };
  } finally {
    await compared.close();
  }
}

/** Places of the members of each group: the best first, then by name; groups by the name of the best. */
function groupsOf(
  relations: readonly (Relation | undefined)[],
  pictures: readonly { readonly path: string }[],
): number[][] {
  const groups = new Map<number, number[]>();
  for (const [at, relation] of relations.entries()) {
    if (relation === undefined) continue;
    const members = groups.get(relation.leader) ?? [];
    groups.set(relation.leader, members);
    members.push(at);
  }
  const named = (a: number, b: number): number =>
    byPath(defined(pictures[a], 'a picture'), defined(pictures[b], 'a picture'));
  return [...groups].sort(([a], [b]) => named(a, b)).map(([best, members]) => [best, ...members.sort(named)]);
}

function groupOf(
  members: readonly number[],
  relations: readonly (Relation | undefined)[],
  { pictures, keys }: ComparedPictures,
): DuplicateGroup {
  const described = members.map((at): DuplicateMember => {
    const { path, labels, role } = defined(pictures[at], 'a picture');
    const { width, height, bytes } = defined(keys[at], 'the keys of a picture');
    const { kind = null, similarity = 1 } = relations[at] ?? {};
    return { path, kind, similarity, width, height, bytes, labels, role: role ?? null };
  });
  return { best: described[0]?.path ?? '', members: described };
}
