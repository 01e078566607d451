import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { checkFileList, FILE_LIST } from '@neurodex/core/storage';
import type { LicenceNotice, SkippedFile } from '@neurodex/datasets';
import { filesOf, readManifest } from '../artifact/catalogue-manifest.ts';
import { openPictureRows, type PictureRows, verifyPictures } from '../artifact/catalogue-store.ts';
import { openArtifact } from '../artifact/index-artifact.ts';
import { readOneVersion } from '../artifact/index-files.ts';
import {
  CATALOGUE_FOLDER,
  type ChangeCounts,
  INDEX_FILE,
  type IndexManifest,
  listedIn,
  type RecordedConfig,
  readListed,
} from '../artifact/manifest.ts';
import { calibrationFacts, isStale, parseRelevance } from '../artifact/relevance-file.ts';
import { checkOrigin, ORIGIN_FILE } from '../build/origin.ts';
import { type Drift, driftOf } from '../changes/drift.ts';
import { type DuplicateFacts, NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { countParts } from '../pictures/picture-store.ts';
import type { SystemName } from '../query/system.ts';

export interface InspectOptions {
  readonly index: string;
  /** Compare every file with its digest. */
  readonly verify: boolean;
  readonly reporter: Reporter;
}

export interface IndexFacts {
  readonly index: string;
  readonly version: number;
  /** SHA-256 over everything that the index holds: whoever is given it can tell that the index is the one that was meant. */
  readonly digest: string;
  /** Files in the folder that are no part of the index, and that nothing reads. */
  readonly unlisted: readonly string[];
  readonly neurodex: string;
  readonly created: string;
  readonly seed: number;
  readonly dataset: { readonly name: string; readonly source: string };
  readonly catalogue: number;
  readonly queries: { readonly train: number; readonly validation: number; readonly test: number };
  readonly classes: number;
  readonly systems: readonly SystemName[];
  /** Of the network; 0 without one. */
  readonly parameters: number;
  /** Of the model file; 0 without one. */
  readonly bytes: number;
  /** Absent without a network. */
  readonly training?: NonNullable<IndexManifest['training']>;
  /** What has happened to it since it was built; absent where nothing has. */
  readonly changes?: ChangeCounts;
  /** Of an index that was changed, how far it has moved from what was built. */
  readonly drift?: Drift;
  /** Pictures of the build that the network and the vocabulary may have learned from: the catalogue and training queries. */
  readonly learnedFrom: number;
  /** Absent without a bag of visual words. */
  readonly bovw?: NonNullable<IndexManifest['bovw']>;
  /** Absent without an encoder. */
  readonly encoder?: NonNullable<IndexManifest['encoder']>;
  readonly text?: NonNullable<IndexManifest['text']>;
  /** Absent where answers have no relevance. */
  readonly relevance?: ReturnType<typeof calibrationFacts> & {
    /** So many pictures have come and gone since that it may be wrong. */
    readonly stale: boolean;
  };
  /** As it was when the index was made. */
  readonly config: RecordedConfig;
  readonly skipped: readonly SkippedFile[];
  /** Pictures that occur more than once. */
  readonly duplicates: DuplicateFacts;
  readonly notices: readonly LicenceNotice[];
}

/** What an index holds. @throws NeurodexError `index-missing`, `index-damaged`, `index-newer` */
export const inspectIndex = (options: InspectOptions): Promise<IndexFacts> =>
  readOneVersion(options.index, (manifest) => inspectVersion(manifest, options));

/** What one version of it holds. @throws NeurodexError as `inspectIndex` */
export async function inspectVersion(
  manifest: IndexManifest,
  { index, verify, reporter }: InspectOptions,
): Promise<IndexFacts> {
  const folder = join(index, CATALOGUE_FOLDER);
  const { catalogue: listed } = manifest;
  const store = await openPictureRows(folder, { listed });
  if (verify) {
    reporter.info('comparing every file with its digest');
    await verifyPictures(folder, listed);
    for (const file of listedIn(manifest)) await readListed(index, file);
    await checkFileList(index);
    await checkOrigin(index);
  }
  const unlisted = await unlistedIn(index, manifest);
  const { learnedIds } = await readManifest(folder, listed);
  const drift = manifest.changes === undefined ? undefined : await driftIn(index, manifest);
  const roles = countParts(store);
  const { relevance: calibration } = manifest;
  const relevance = calibration && parseRelevance(await readListed(index, calibration), join(index, calibration.file));
  return {
    index,
    version: manifest.version,
    digest: manifest.digest,
    unlisted,
    neurodex: manifest.neurodex,
    created: manifest.created,
    seed: manifest.seed,
    dataset: manifest.dataset,
    catalogue: roles.catalogue ?? 0,
    queries: { train: roles.train ?? 0, validation: roles.validation ?? 0, test: roles.test ?? 0 },
    classes: new Set(store.rows.flatMap((p) => p.labels)).size,
    systems: manifest.systems,
    parameters: manifest.model?.parameters ?? 0,
    bytes: manifest.model?.bytes ?? 0,
    ...(manifest.training === undefined ? {} : { training: manifest.training }),
    ...(manifest.changes === undefined ? {} : { changes: manifest.changes }),
    ...(drift === undefined ? {} : { drift }),
    learnedFrom: learnedFrom(store, learnedIds),
    ...(manifest.bovw === undefined ? {} : { bovw: manifest.bovw }),
    ...(manifest.encoder === undefined ? {} : { encoder: manifest.encoder }),
    ...(manifest.text === undefined ? {} : { text: manifest.text }),
    ...(relevance === undefined
      ? {}
      : { relevance: { ...calibrationFacts(relevance), stale: isStale(relevance, manifest.changes) } }),
    config: manifest.config,
    skipped: store.skipped,
    duplicates: store.duplicates ?? NO_DUPLICATES,
    notices: store.notices,
  };
}

/** Test queries are looked at for nothing but measuring. */
const learnedFrom = ({ rows }: Pick<PictureRows, 'rows'>, learnedIds: number): number =>
  rows.filter(({ id, role }) => id < learnedIds && role !== 'test').length;

async function driftIn(index: string, { digest }: IndexManifest): Promise<Drift | undefined> {
  const artifact = await openArtifact(index, { digest });
  try {
    return await driftOf(artifact);
  } finally {
    await artifact.close();
  }
}

async function unlistedIn(index: string, manifest: IndexManifest): Promise<string[]> {
  const catalogue = await readManifest(join(index, CATALOGUE_FOLDER), manifest.catalogue);
  // The lists of what it wrote and of what it was made of are the program's own, and change no answer.
  const listed = new Set([
    INDEX_FILE,
    FILE_LIST,
    ORIGIN_FILE,
    ...listedIn(manifest).map(({ file }) => file),
    ...filesOf(catalogue).map(({ file }) => `${CATALOGUE_FOLDER}/${file}`),
  ]);
  const entries = await readdir(index, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(index, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => !listed.has(name))
    .sort();
}
