import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, type Runtime } from '@neurodex/autograd';
import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import { digestFile, parseJson, throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import { type ContentDigest, getContent, type ObjectStore, putContent } from '@neurodex/objects';
import { openFiles, readDigests } from '../artifact/catalogue-files.ts';
import {
  type CatalogueManifest,
  filesOf,
  filesOfPart,
  MANIFEST_FILE,
  readManifest,
} from '../artifact/catalogue-manifest.ts';
import { catalogueIn } from '../artifact/disk-target.ts';
import {
  CATALOGUE_FILE,
  CATALOGUE_FOLDER,
  INDEX_FILE,
  type IndexManifest,
  readIndexManifest,
  sealIndex,
} from '../artifact/manifest.ts';
import { readPart } from '../artifact/part-rows.ts';
import { readUnnamedRows } from '../artifact/stored-rows.ts';
import { clusterName, clusterPath, clustersOf } from '../identifiers/semantic.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { VERSION } from '../version.ts';
import { cellsOf } from './cells.ts';
import { fingerprintsOf, writeFingerprints } from './fingerprints.ts';
import {
  findCheckpoint,
  findShard,
  readPlan,
  type ShardFile,
  type ShardPlan,
  type ShardRecord,
  writeCheckpoint,
  writeShard,
} from './records.ts';
import { writeCells } from './router-file.ts';
import { putParts } from './segment.ts';
import { downloadFiles } from './work-folder.ts';

export interface TrainShardOptions {
  readonly store: ObjectStore;
  /** From 0. */
  readonly shard: number;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainedShard {
  readonly record: ShardRecord;
  /** False where the shard was there already, or another worker was first. */
  readonly isNew: boolean;
}

/** Files that differ from shard to shard; all others are those of the index of the sample. */
const OWN_FILES: ReadonlySet<string> = new Set([INDEX_FILE, CATALOGUE_FILE]);

/**
 * Makes the index of one shard of a plan, and commits it with one small record: whoever does it, and however often, it is the same
 * bytes. What another worker was killed over is gone on with.
 * @throws NeurodexError `shards-unplanned`, `shard-unknown`, `shards-version`, `shard-differs`, `interrupted`, `object-*`, `store-*`
 */
export async function trainShard(options: TrainShardOptions): Promise<TrainedShard> {
  const { store, shard } = options;
  const plan = await readPlan(store);
  checkPlan(plan, shard, store);
  const before = await findShard(store, plan, shard);
  if (before !== undefined) return { record: before, isNew: false };
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-shard-'));
  try {
    const made = await makeShard(options, plan, folder);
    const { record, isWritten } = await writeShard(store, plan, made);
    return { record, isNew: isWritten };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws NeurodexError `shard-unknown`, `shards-version` */
export function checkPlan(plan: ShardPlan, shard: number, store: ObjectStore): void {
  checkVersion(plan, store);
  const { shards } = plan;
  if (Number.isInteger(shard) && shard >= 0 && shard < shards.length) return;
  const { place } = store;
  throw new NeurodexError('shard-unknown', `${place} has shards 0 to ${shards.length - 1}, and none ${shard}`, {
    hint: 'name one of those',
    details: { place, shard, shards: shards.length },
  });
}

/** @throws NeurodexError `shards-version` where another version of the program has planned a place */
export function checkVersion({ neurodex }: ShardPlan, { place }: ObjectStore): void {
  if (neurodex === VERSION) return;
  throw new NeurodexError('shards-version', `${place} was planned by Neurodex ${neurodex}, and this is ${VERSION}`, {
    hint: `go on with Neurodex ${neurodex}, or plan again in another place with this one`,
    details: { place, planned: neurodex, version: VERSION },
  });
}

async function makeShard(
  { store, shard, runtime, reporter, signal }: TrainShardOptions,
  plan: ShardPlan,
  folder: string,
) {
  const { content, pictures: count } = defined(plan.shards[shard], 'a shard of a plan');
  const catalogue = await downloadCatalogue(store, content, folder);
  throwIfInterrupted(signal);
  const files = openFiles(join(folder, CATALOGUE_FOLDER), catalogue, {});
  try {
    const pictures = await readUnnamedRows(files);
    const states = new Float32Array(pictures.length * plan.width);
    files.columns.states?.readSync(new Uint8Array(states.buffer), 0);
    const clusters = await clustersFor({ store, shard, runtime, reporter, signal }, { plan, catalogue, states });
    throwIfInterrupted(signal);
    const target = join(folder, 'index', CATALOGUE_FOLDER);
    const divided = await rewrite(
      { source: join(folder, CATALOGUE_FOLDER), target },
      { catalogue, pictures, clusters, reporter, signal },
    );
    await putParts(target, divided.parts, store);
    const paths = clusters.map((name) => clusterPath(name, divided.clusters?.branching ?? 0) ?? []);
    const cells = await putContent(store, writeCells(cellsOf(paths, states, plan.width)));
    const prints = fingerprintsOf(
      pictures.map(({ path }) => path),
      await readDigests(files),
    );
    const fingerprints = await putContent(store, writeFingerprints(prints));
    return {
      ...{ shard, pictures: count, cells: digestOf(cells), fingerprints: digestOf(fingerprints) },
      files: await filesOfShard({ store, plan, folder, catalogue: divided }),
    };
  } finally {
    await files.close();
  }
}

const digestOf = ({ bytes, sha256 }: ContentDigest): ContentDigest => ({ bytes, sha256 });

/** The pictures of a shard as they were planned. */
async function downloadCatalogue(
  store: ObjectStore,
  content: { readonly bytes: number; readonly sha256: string },
  folder: string,
) {
  const file = `${CATALOGUE_FOLDER}/${MANIFEST_FILE}`;
  await downloadFiles(store, [{ file, ...content }], folder);
  const manifest = await readManifest(join(folder, CATALOGUE_FOLDER), content);
  const parts = filesOf(manifest).map(({ file: name, bytes, sha256 }) => ({
    file: `${CATALOGUE_FOLDER}/${name}`,
    bytes,
    sha256,
  }));
  await downloadFiles(store, parts, folder);
  return manifest;
}

interface Dividing {
  readonly plan: ShardPlan;
  readonly catalogue: CatalogueManifest;
  /** float32 [N, D] */
  readonly states: Float32Array;
}

/** The cluster of each picture: those that a worker has found before, or as a build divides a catalogue. */
async function clustersFor(
  { store, shard, runtime, reporter, signal }: TrainShardOptions,
  { plan, catalogue, states }: Dividing,
): Promise<readonly string[]> {
  const { branching, leafSize, zeroPadding } = defined(catalogue.clusters, 'how a catalogue is divided');
  const N = states.length / plan.width;
  const before = await findCheckpoint(store, plan, shard);
  if (before !== undefined) {
    const known = parseJson(await getContent(store, before.clusters), `the checkpoint of shard ${shard}`);
    if (Array.isArray(known) && known.length === N) return known as string[];
  }
  const paths = await clustersOf(
    N,
    branching,
    {
      ...{ order: 'clustered', zeroPadding, leafSize, runtime, points: { values: states, length: plan.width } },
      onProgress(done) {
        throwIfInterrupted(signal);
        reporter.progress({ phase: 'identifiers', done, total: N, unit: 'pictures' });
      },
    },
    Random.stream(plan.seed, `identifiers ${shard}`),
  );
  const names = paths.map(clusterName);
  const { bytes, sha256 } = await putContent(store, new TextEncoder().encode(JSON.stringify(names)));
  await writeCheckpoint(store, plan, shard, { bytes, sha256 });
  return names;
}

interface Rewriting {
  readonly catalogue: CatalogueManifest;
  readonly pictures: readonly StoredPicture[];
  readonly clusters: readonly string[];
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
}

/** The catalogue with its clusters, cut as one that is built. */
async function rewrite(
  { source, target }: { readonly source: string; readonly target: string },
  { catalogue, pictures, clusters, reporter, signal }: Rewriting,
): Promise<CatalogueManifest> {
  const writer = await catalogueIn(target, catalogue);
  try {
    let first = 0;
    for (const part of catalogue.parts) {
      throwIfInterrupted(signal);
      const rows = await readPart(source, part, catalogue, pictures.slice(first, first + part.rows));
      for (const [i, row] of rows.entries()) {
        await writer.append({ ...row, cluster: defined(clusters[first + i], 'the cluster of a picture') });
      }
      first += part.rows;
      reporter.progress({ phase: 'shard', done: first, total: pictures.length, unit: 'pictures' });
    }
    return await writer.finish({ ...catalogue, learnedIds: catalogue.learnedIds });
  } finally {
    await writer.close();
  }
}

interface Finished {
  readonly store: ObjectStore;
  readonly plan: ShardPlan;
  readonly folder: string;
  readonly catalogue: CatalogueManifest;
}

/** Puts what is left of an index into the store. @returns all of its files */
async function filesOfShard({ store, plan, folder, catalogue }: Finished): Promise<ShardFile[]> {
  const index = join(folder, 'index');
  const base = defined(
    plan.base.find(({ file }) => file === INDEX_FILE),
    'the manifest of the sample',
  );
  await downloadFiles(store, [base], folder);
  const {
    relevance: _,
    log: __,
    stages: ___,
    catalogue: ____,
    digest: _____,
    changes: ______,
    ...facts
  } = await readIndexManifest(folder);
  const listed = join(index, CATALOGUE_FILE);
  const { bytes: size, sha256: digest } = await digestFile(listed);
  const { text } = sealIndex(withoutGraph(facts), { bytes: size, sha256: digest });
  await writeFileAtomically(join(index, INDEX_FILE), text);
  const own: ShardFile[] = [];
  for (const file of OWN_FILES) {
    const { bytes, sha256 } = await putContent(store, { file: join(index, file) });
    own.push({ file, bytes, sha256 });
  }
  const shared = new Set(sharedFiles(facts));
  return [
    ...own,
    ...plan.base.filter(({ file }) => shared.has(file)),
    ...catalogue.parts
      .flatMap(filesOfPart)
      .map(({ file, bytes, sha256 }) => ({ file: `${CATALOGUE_FOLDER}/${file}`, bytes, sha256 })),
  ];
}

type Facts = Omit<IndexManifest, 'catalogue' | 'digest'>;

/** The graph of approximate search is of the sample's words. */
function withoutGraph({ bovw, ...facts }: Facts): Facts {
  if (bovw === undefined) return facts;
  const { neighbours: _, ...words } = bovw;
  return { ...facts, bovw: words };
}

/** What an index has of the network, its encoders and its vocabulary. */
const sharedFiles = ({ model, bovw, encoder, text }: Facts): string[] =>
  [model, bovw?.vocabulary, encoder, text?.tokenizer, text?.encoder, text?.model].flatMap((each) => each?.file ?? []);
