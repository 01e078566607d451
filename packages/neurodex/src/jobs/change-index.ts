import { basename, isAbsolute } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { type FailedInput, NeurodexError, type Reporter, tooFewLeft } from '@neurodex/core';
import { applyRules, type Dataset, type SourcePicture, sidecarsBeside } from '@neurodex/datasets';
import { readPictureFile } from '@neurodex/datasets/image';
import { type ChangeCounts, type IndexManifest, readIndexManifest } from '../artifact/manifest.ts';
import { calibrationFacts } from '../artifact/relevance-file.ts';
import { type Addition, addPictures } from '../changes/add-pictures.ts';
import { calibrateIndex } from '../changes/calibrate-index.ts';
import { IndexWriter } from '../changes/index-writer.ts';
import { settleIndex } from '../changes/settle-index.ts';
import { applyDifferences, type Differences, differencesOf } from '../changes/update-index.ts';
import { configSchema } from '../config.ts';
import type { SystemName } from '../query/system.ts';
import type { CalibratedKind } from '../relevance/answer-judge.ts';
import { addToPlace, removeFromPlace } from './change-shards.ts';
import { isPlaceOfShards } from './place-of-shards.ts';

export interface ChangeOptions {
  /** A folder; of `addToIndex` and `removeFromIndex` also the place of an index in shards. */
  readonly index: string;
  readonly device: Device;
  /** Where the cache is, and the credentials of a store. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** The index after a change. */
export interface ChangedIndex {
  /** The folder or place. */
  readonly index: string;
  /** SHA-256 over everything that the index holds now. */
  readonly digest: string;
  /** Catalogue pictures. */
  readonly catalogue: number;
  /** Of an index in shards no next id: each shard has its own. */
  readonly changes: Omit<ChangeCounts, 'nextId'> & Partial<Pick<ChangeCounts, 'nextId'>>;
}

/** A picture of an index, as it is named to people. */
export interface NamedPicture {
  /** Its number for as long as it is in the index. */
  readonly id: number;
  /** Its name. */
  readonly picture: string;
}

/** A picture that was added. */
export interface AddedPicture extends NamedPicture {
  /** The tokens that name it now. */
  readonly identifier: string;
}

/** A file whose picture is in the index already. */
export interface KnownPicture {
  /** The name by which it was given. */
  readonly picture: string;
  /** The name that it has in the index. */
  readonly as: string;
}

/** A picture that has another name now. */
export interface MovedPicture {
  /** The name before. */
  readonly from: string;
  /** The name now. */
  readonly to: string;
}

/** What was added to an index. */
export interface AddedPictures extends ChangedIndex {
  /** With the identifiers that they have now. */
  readonly added: readonly AddedPicture[];
  /** Files that are in the index already, and the picture that each is. */
  readonly known: readonly KnownPicture[];
  /** Those that cannot be read, and why. */
  readonly failed: readonly FailedInput[];
}

/** Does something with the writer of an index. */
async function changing<T>(
  { index, device, reporter }: ChangeOptions,
  work: (writer: IndexWriter) => Promise<T>,
): Promise<T & ChangedIndex> {
  // Threads that wait for the network would take the cores from decoding.
  const writer = await IndexWriter.open(index, nodeRuntime({ device, spinning: false }), { reporter });
  try {
    const result = await work(writer);
    const catalogue = writer.pictures.rows.filter(({ role }) => role === 'catalogue').length;
    return { ...result, index, digest: writer.manifest.digest, catalogue, changes: writer.changes };
  } finally {
    await writer.close();
  }
}

/** What was added, with the identifiers that the pictures have now. */
function described(writer: IndexWriter, { added, known, failed }: Addition) {
  return {
    added: added.map(({ id, path }) => ({
      id,
      picture: path,
      identifier: writer.pictures.picture(id)?.identifier ?? '',
    })),
    known: known.map(({ path, as }) => ({ picture: path, as })),
    failed,
  };
}

/** Picture files, by the names that they are given. */
export interface PictureFiles {
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly labels: readonly string[];
}

/**
 * Adds picture files to an index, or the pictures of a data set. Those that cannot be read are in `failed`.
 * @throws NeurodexError `index-*`, `run-locked`, `interrupted`; of the first file where none can be used
 */
export async function addToIndex(
  options: ChangeOptions & {
    readonly pictures: PictureFiles | Dataset | readonly SourcePicture[];
  },
): Promise<AddedPictures> {
  const { pictures, reporter, signal } = options;
  const sourcesFor = async (manifest: IndexManifest): Promise<readonly SourcePicture[]> => {
    if (isList(pictures)) return pictures;
    return 'files' in pictures ? filesOf(pictures) : await ruled(pictures, manifest, reporter);
  };
  if (await isPlaceOfShards(options.index)) {
    const changed = await addToPlace(options, sourcesFor);
    return { ...changed, ...usable(changed) };
  }
  return await changing(options, async (writer) => {
    const addition = await addPictures(writer, await sourcesFor(writer.manifest), { reporter, signal });
    return described(writer, usable(addition));
  });
}

/** Array.isArray does not tell a readonly array from others. */
const isList = (pictures: PictureFiles | Dataset | readonly SourcePicture[]): pictures is readonly SourcePicture[] =>
  Array.isArray(pictures);

/** @throws NeurodexError of the first file where none can be used */
function usable<
  T extends Pick<AddedPictures, 'failed'> & { readonly added: readonly object[]; readonly known: readonly object[] },
>(addition: T): T {
  const { added, known, failed } = addition;
  if (failed.length > 0 && added.length + known.length === 0) throw tooFewLeft(failed);
  return addition;
}

const filesOf = ({ files, labels }: PictureFiles): SourcePicture[] =>
  // No folder of this machine is told to whoever is given the index.
  files.map(({ name, path }) => ({
    path: isAbsolute(name) ? basename(name) : name,
    labels,
    sidecars: () => sidecarsBeside(path),
    read: () => readPictureFile(path, name),
  }));

/** The pictures of a data set by the rules that the index was built with. */
async function ruled(dataset: Dataset, manifest: IndexManifest, reporter: Reporter): Promise<readonly SourcePicture[]> {
  const { config } = manifest as { readonly config: { readonly dataset?: unknown } };
  const rules = configSchema.shape.dataset.safeParse(config.dataset);
  return rules.success ? (await applyRules(dataset, rules.data, { reporter })).pictures : dataset.pictures;
}

/** What was removed from an index. */
export interface RemovedPictures extends ChangedIndex {
  /** In the order in which they were named. */
  readonly removed: readonly NamedPicture[];
}

/**
 * Removes pictures, and all that an index says of them.
 * @param pictures paths as the index has them, or ids
 * @throws NeurodexError `picture-unknown` naming the first one that is not there: nothing is removed then; `index-*`
 */
export async function removeFromIndex(
  options: ChangeOptions & { readonly pictures: readonly string[] },
): Promise<RemovedPictures> {
  if (await isPlaceOfShards(options.index)) return await removeFromPlace(options);
  return await changing(options, async (writer) => {
    const removed = new Map<number, NamedPicture>();
    for (const name of options.pictures) {
      const picture =
        writer.pictures.named(name) ?? (/^\d+$/.test(name) ? writer.pictures.picture(Number(name)) : undefined);
      if (picture === undefined) throw unknown(name, options.index);
      removed.set(picture.id, { id: picture.id, picture: picture.path });
    }
    await writer.change({ remove: [...removed.keys()] });
    return { removed: [...removed.values()] };
  });
}

/** An index that was settled. */
export interface SettledIndex extends Pick<ChangedIndex, 'index' | 'digest' | 'changes'> {
  /** Parts of the catalogue before and after. */
  readonly parts: readonly [before: number, after: number];
}

/** Gives an index the clusters that fit the pictures that it has now (`settleIndex`). @throws NeurodexError `index-*`, `run-locked` */
export async function settle({ index, device, reporter, signal }: ChangeOptions): Promise<SettledIndex> {
  const runtime = nodeRuntime({ device });
  const { version, changes, parts } = await settleIndex(index, runtime, { reporter, signal });
  const { relevance } = await readIndexManifest(index);
  if (relevance === undefined) return { index, digest: version, changes, parts };
  // Other identifiers are searched in another order, and pictures have come and gone.
  const calibrated = await calibrateIndex(index, runtime, { reporter, signal });
  return { index, digest: calibrated.version, changes, parts };
}

/** Answers that have a relevance. */
export interface CalibratedSystem {
  /** Which system gives them. */
  readonly system: SystemName;
  /** To which queries. */
  readonly kind: CalibratedKind;
  /** That it was fitted to. */
  readonly queries: number;
}

/** How well the outcome that nothing is relevant is told. */
export interface CalibratedNone {
  /** How often a query with something relevant is told from one without, 0 … 1. */
  readonly auroc: number;
  /** Queries without anything relevant that it was fitted to. */
  readonly unknown: number;
}

/** How far the answers of an index can be believed now. */
export interface CalibratedAnswers extends Pick<ChangedIndex, 'index' | 'digest'> {
  /** Systems whose answers have a relevance, and the queries that it was fitted to. */
  readonly systems: readonly CalibratedSystem[];
  /** The outcome that nothing is relevant; null where it cannot be learned, as without classes. */
  readonly none: CalibratedNone | null;
}

/** Fits probabilities to the answers of an index as it is now (`calibrateIndex`). @throws NeurodexError `index-*`, `run-locked`, `relevance-unknown` */
export async function calibrate({ index, device, reporter, signal }: ChangeOptions): Promise<CalibratedAnswers> {
  const { version, relevance } = await calibrateIndex(index, nodeRuntime({ device }), { reporter, signal });
  return { index, digest: version, ...calibrationFacts(relevance) };
}

const unknown = (name: string, index: string): NeurodexError =>
  new NeurodexError('picture-unknown', `${index} has no picture ${name}`, {
    hint: 'name it as a search shows it, or by its id; nothing was removed',
    details: { picture: name },
  });

/** An index that is now what its source is. */
export interface UpdatedIndex extends ChangedIndex {
  /** Whether nothing was changed. */
  readonly dryRun: boolean;
  /** How many are as they were. */
  readonly unchanged: number;
  /** Pictures that were not in the index. */
  readonly added: readonly string[];
  /** Pictures of other contents than before. */
  readonly changed: readonly string[];
  /** Pictures that have another name now. */
  readonly moved: readonly MovedPicture[];
  /** Pictures that the source does not have any more. */
  readonly removed: readonly string[];
  /** Files that are in the index under another name. */
  readonly known: readonly KnownPicture[];
  /** Those that cannot be read, and why. */
  readonly failed: readonly FailedInput[];
}

/** Makes an index what its source is now. @throws NeurodexError `index-*`, `run-locked`, `interrupted` */
export async function updateIndex(
  options: ChangeOptions & { readonly dataset: Dataset; readonly dryRun: boolean },
): Promise<UpdatedIndex> {
  const { dataset, dryRun, reporter, signal } = options;
  return await changing(options, async (writer) => {
    const sources = await ruled(dataset, writer.manifest, reporter);
    const found = await differencesOf(writer, sources, { reporter, signal });
    const told = { dryRun, ...namesIn(found) };
    const { added, changed, moved, removed, failed } = found;
    if (dryRun || added.length + changed.length + moved.length + removed.length === 0) return told;
    const addition = await applyDifferences(writer, found, { reporter, signal });
    const refused = new Set(addition.failed.map(({ input }) => input));
    const used = (path: string): boolean => !refused.has(path);
    return {
      ...told,
      added: told.added.filter(used),
      changed: told.changed.filter(used),
      failed: [...failed, ...addition.failed],
    };
  });
}

const namesIn = ({ unchanged, added, changed, moved, removed, known, failed }: Differences) => ({
  unchanged,
  added: added.map(({ path }) => path),
  changed: changed.map(({ source }) => source.path),
  moved: moved.map(({ from, source }) => ({ from, to: source.path })),
  removed: removed.map(({ path }) => path),
  known: known.map(({ path, as }) => ({ picture: path, as })),
  failed,
});
